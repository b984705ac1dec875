"""
Where finished images lie: outside the checkout, so that all checkouts share them.

An image is a docker archive `<part>-<tag>.tar`, its list of contents `<part>-<tag>.cdx.json`
and, written last, its facts `<part>-<tag>.json`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from images import archive, sbom
from images.engine import Engine

_KEPT = 4
"""Images of one part that stay, variants counted: enough for what is run, and for going back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One finished image."""

    part: str
    name: str
    tag: str
    archive: str
    sbom: str
    size_bytes: int
    """Of its layers unpacked, as they lie on a node."""
    image_id: str


class Store:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other builds of this user waiting."""
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Waiting for another build to end", flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def log(self, part: str) -> Path:
        return self.folder / f"{part}.log"

    def find(self, part: str, tag: str) -> Built | None:
        try:
            built = Built(**json.loads((self.folder / f"{part}-{tag}.json").read_text()))
        except FileNotFoundError:
            return None
        return built if Path(built.archive).exists() else None

    def add(self, engine: Engine, part: str, reference: str) -> Built:
        """Write the image *reference* of *part* here."""
        name, _, tag = reference.rpartition(":")
        stem = self.folder / f"{part}-{tag}"
        tar, listing = stem.with_name(f"{stem.name}.tar"), stem.with_name(f"{stem.name}.cdx.json")
        unfinished = stem.with_name(f"{stem.name}.part")
        engine.save(reference, unfinished)
        contents = archive.read(unfinished)
        unfinished.rename(tar)
        listing.write_text(json.dumps(sbom.document(reference, contents), indent=1) + "\n")
        built = Built(
            part=part,
            name=name,
            tag=tag,
            archive=str(tar),
            sbom=str(listing),
            size_bytes=contents.size_bytes,
            image_id=contents.image_id,
        )
        stem.with_name(f"{stem.name}.json").write_text(json.dumps(asdict(built), indent=1) + "\n")
        return built

    def prune(self, engine: Engine, part: str, *, keep: Sequence[Built]) -> None:
        """Remove all but the newest images of *part*, and never those of *keep*."""
        facts = sorted(
            (path for path in self.folder.glob(f"{part}-*.json") if ".cdx." not in path.name),
            key=lambda path: path.stat().st_mtime,
            reverse=True,
        )
        for path in facts[_KEPT:]:
            built = Built(**json.loads(path.read_text()))
            if built in keep:
                continue
            for file in (path, built.archive, built.sbom):
                Path(file).unlink(missing_ok=True)
            engine.remove(f"{built.name}:{built.tag}")


def default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tantrum/images"
