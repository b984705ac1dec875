"""
This machine's own way to packages: mirrors, indexes, proxies, certificates.

Builds get them as secrets, which are mounted while a step runs and stay in no image.
Where a machine has none of its own, the build uses what the base image came with.
"""

from __future__ import annotations

import configparser
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

RELEASE: Final = "trixie"

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_MAVEN_SETTINGS = Path("/etc/maven/settings.xml")
_MOUNTED = "/run/secrets"
_APT_SETTINGS = re.compile(r"^Acquire::(https?|Check-|Retries|ForceIPv).*;$", re.MULTILINE)
_PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")


def secrets(folder: Path) -> dict[str, Path]:
    """Write the settings into *folder*; return the files by the name that builds know."""
    found: dict[str, Path] = {}
    apt = ""
    if certificates := _certificates():
        found["ca"] = certificates
        apt += f'Acquire::https::CAInfo "{_MOUNTED}/ca";\n'
    if sources := debian_sources():
        found["sources"] = _written(folder / "sources", sources)
        apt += f'Dir::Etc::SourceList "{_MOUNTED}/sources";\nDir::Etc::SourceParts "-";\n'
        apt += "".join(
            f"{line.group()}\n" for line in _APT_SETTINGS.finditer(_said("apt-config", "dump"))
        )
    found["apt"] = _written(folder / "apt", apt)
    pip = pip_settings()
    if certificates:
        pip["cert"] = f"{_MOUNTED}/ca"
    lines = "".join(f"{key} = {value}\n" for key, value in pip.items())
    found["pip"] = _written(folder / "pip", f"[global]\n{lines}")
    if settings := _maven_settings():
        found["maven"] = settings
    return found


def debian_sources() -> str:
    """Return the lines for `sources.list` that take Debian from where this machine takes it."""
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian" or not shutil.which("apt-get"):
        return ""
    own = release["VERSION_CODENAME"]
    targets = _said(
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
    )
    lines = set()
    for uri, name, component in (line.split() for line in targets.splitlines()):
        base, _, suite = name.partition("-")
        if base == own and suite in {"", "updates", "security"} and component == "main":
            target = f"{RELEASE}-{suite}" if suite else RELEASE
            lines.add(f"deb {uri} {target} main\n")
    return "".join(sorted(lines))


def pip_settings() -> dict[str, str]:
    """Return what pip is told here by files and by the environment, which wins."""
    home = Path.home()
    files = configparser.RawConfigParser()
    files.read(
        (
            "/etc/pip.conf",
            home / ".pip/pip.conf",
            Path(os.environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip/pip.conf",
            os.environ.get("PIP_CONFIG_FILE", os.devnull),
        )
    )
    found = {}
    for key in _PIP_SETTINGS:
        value = os.environ.get(f"PIP_{key.upper().replace('-', '_')}") or files.get(
            "global", key, fallback=""
        )
        if value:
            # Continuation lines, as of several extra indexes, have to be indented.
            found[key] = value.strip().replace("\n", "\n  ")
    return found


def _maven_settings() -> Path | None:
    candidates = (Path.home() / ".m2/settings.xml", _MAVEN_SETTINGS)
    return next((path for path in candidates if path.is_file()), None)


def _certificates() -> Path | None:
    path = Path(os.environ.get("SSL_CERT_FILE") or _CERTIFICATES)
    return path if path.is_file() else None


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
