"""
The old application's uploaded pictures, found in a folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from tantrum_catalog.domain.pictures import (
    SIZE_BYTES_MAX,
    ImageRefusedError,
    checked,
    image_id_of,
)
from tantrum_catalog.domain.show import Image
from tantrum_catalog.importing import source
from tantrum_catalog.importing.report import Finding, TableReport
from tantrum_catalog.importing.source import Source

_PROGRESS_EVERY: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """A picture in the folder. Its bytes are read again when they are written."""

    image: Image
    path: Path

    def content(self) -> bytes:
        """Return the bytes. Raises `ImageRefusedError` when they are others by now."""
        content = self.path.read_bytes()
        if image_id_of(content) != self.image.id:
            raise ImageRefusedError(f"{self.path.name} changed while it was imported")
        return content


@dataclass(slots=True, kw_only=True)
class FoundImages:
    """The pictures of shows."""

    by_show_id: dict[int, FoundImage] = field(default_factory=dict)

    def id_by_show_id(self) -> dict[int, str]:
        return {show_id: found.image.id for show_id, found in self.by_show_id.items()}


async def find_images(
    old: Source, folder: Path, report: TableReport, *, progress: Callable[[str], None]
) -> FoundImages:
    """Look in *folder* for the file that each show's `image_url` names, and check it."""
    found = FoundImages()
    for row in old.table(source.SHOWS):
        url = str(row.get("image_url") or "").strip()
        if not url:
            continue
        report.rows_in += 1
        label = f"show {row['id']} {str(row.get('name') or '').strip()}"
        try:
            found.by_show_id[int(str(row["id"]))] = await asyncio.to_thread(_find, url, folder)
        except ImageRefusedError as error:
            report.refused.append(Finding(row=label, reason=f"{error}; the show has no picture"))
        if report.rows_in % _PROGRESS_EVERY == 0:
            progress(f"looked at {report.rows_in} pictures")
    return found


def _find(url: str, folder: Path) -> FoundImage:
    path = _path_of(url, folder)
    try:
        if path.stat().st_size > SIZE_BYTES_MAX:
            raise ImageRefusedError(f"{path.name}: the file has more than {SIZE_BYTES_MAX:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise ImageRefusedError(f"{path.name}: {error.strerror or error}") from error
    try:
        return FoundImage(image=checked(content), path=path)
    except ImageRefusedError as error:
        raise ImageRefusedError(f"{path.name}: {error}") from error


def _path_of(url: str, folder: Path) -> Path:
    """The file below *folder* that *url* names: by its whole path, else by its last part."""
    try:
        parts = PurePosixPath(unquote(urlsplit(url).path)).parts
    except ValueError as error:
        raise ImageRefusedError(f"{url!r} is no address") from error
    inside = folder.resolve()
    for names in (parts, parts[-1:]):
        path = inside.joinpath(*(name for name in names if name != "/")).resolve()
        # An address such as `/../../etc/passwd` must not lead out of the folder.
        if path != inside and path.is_relative_to(inside) and path.is_file():
            return path
    raise ImageRefusedError(f"the folder has no file for {url!r}")
