"""Makes the base image from Debian packages, where no container registry can be reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Final

from images import machine
from images.engine import Engine
from images.errors import ImagesError
from images.parts import CHECKOUT

REFERENCE: Final = "docker.io/library/debian:trixie-slim"
"""What the Containerfile of the part `base` starts from."""

_CONTAINERFILE = 'FROM scratch\nADD root.tar /\nCMD ["bash"]\n'
_SCRIPTS = Path("/usr/share/debootstrap/scripts")


def make(engine: Engine, *, log: Path) -> None:
    """Make `REFERENCE` with debootstrap, from where this machine takes Debian."""
    subprocess.run([CHECKOUT / "scripts/setup-test", "debootstrap"], check=True)
    if not shutil.which("debootstrap") or os.geteuid() != 0:
        raise ImagesError(
            f"No registry has {REFERENCE} for us, and making it from Debian packages needs root "
            "and debootstrap."
        )
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
        root, context = Path(scratch, "root"), Path(scratch, "context")
        context.mkdir()
        with log.open("wb") as output:
            _run(_debootstrap(root), output)
            # What it noted of this machine: its mirror, its name, its resolver.
            (root / "etc/apt/sources.list").unlink(missing_ok=True)
            for name in ("hostname", "resolv.conf"):
                (root / "etc" / name).write_text("")
            for name in ("var/cache/apt", "var/lib/apt/lists"):
                shutil.rmtree(root / name)
                (root / name).mkdir()
            tar = ("tar", "--numeric-owner", "--sort=name", "-cf", context / "root.tar", ".")
            _run(("env", "-C", root, *tar), output)
        (context / "Containerfile").write_text(_CONTAINERFILE)
        engine.build(context, reference=REFERENCE, log=log)


def _debootstrap(root: Path) -> tuple[str | Path, ...]:
    mirrors = [line.split()[1] for line in machine.debian_sources().splitlines()]
    known = (_SCRIPTS / machine.RELEASE).exists()
    return (
        "debootstrap",
        "--variant=minbase",
        machine.RELEASE,
        root,
        # The shortest is the main archive; without one, debootstrap has its own.
        *([min(mirrors, key=len)] if mirrors else []),
        # An older debootstrap than the release installs it as it does `sid`.
        *([] if known or not mirrors else [_SCRIPTS / "sid"]),
    )


def _run(command: tuple[str | Path, ...], output: IO[bytes]) -> None:
    done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise ImagesError(f"{command[0]} failed.")
