"""Reads images as they are written to files, which no engine is needed for."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from images.errors import ImagesError

_OF_INTEREST: Final = re.compile(
    r"var/lib/dpkg/status(\.d/.+)?|.*\.dist-info/METADATA|.*/jars\.lock"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an image is: its id, its layers unpacked, and what lists its packages."""

    image_id: str
    """`sha256:…` of its settings and layers: equal when the image is."""
    size_bytes: int
    labels: dict[str, str]
    layers: tuple[str, ...]
    """Their names in the archive, which are hashes of what they hold."""
    dpkg_status: str
    """Of all Debian packages, those too of which only a part was copied into the image."""
    metadata: list[str]
    """Of each Python package its METADATA file."""
    jars: str
    """Lines of `sha256sum` for the Java archives, by their paths in Maven's repository."""


def read(path: Path) -> Contents:
    """Read the docker archive *path*, which holds one image."""
    files: dict[str, str] = {}
    size_bytes = 0
    with tarfile.open(path) as archive:
        [image] = json.load(_open(archive, "manifest.json"))
        settings = json.load(_open(archive, image["Config"]))
        for layer in image["Layers"]:
            with tarfile.open(fileobj=_open(archive, layer)) as members:
                for member in members:
                    size_bytes += member.size
                    if member.isfile() and _OF_INTEREST.fullmatch(member.name.removeprefix("./")):
                        files[member.name.removeprefix("./")] = _text(members, member)
    return Contents(
        image_id=f"sha256:{Path(image['Config']).stem}",
        size_bytes=size_bytes,
        labels=settings["config"].get("Labels") or {},
        layers=tuple(image["Layers"]),
        dpkg_status="\n".join(_of(files, "var/lib/dpkg/")),
        metadata=_of(files, "", "METADATA"),
        jars="".join(_of(files, "", "jars.lock")),
    )


def names(path: Path) -> Iterator[str]:
    """Yield the path of each file that the layers of the archive *path* hold."""
    with tarfile.open(path) as archive:
        [image] = json.load(_open(archive, "manifest.json"))
        for layer in image["Layers"]:
            with tarfile.open(fileobj=_open(archive, layer)) as members:
                yield from (f"/{member.name.removeprefix('./')}" for member in members)


def _of(files: Mapping[str, str], start: str, end: str = "") -> list[str]:
    names = sorted(name for name in files if name.startswith(start) and name.endswith(end))
    return [files[name] for name in names]


def _open(archive: tarfile.TarFile, name: str | tarfile.TarInfo) -> IO[bytes]:
    member = archive.extractfile(name)
    if member is None:
        raise ImagesError(f"{name} in {archive.name!r} is no file: remove that and build again.")
    return member


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    return _open(archive, member).read().decode(errors="replace")
