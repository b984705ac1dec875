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
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from images import archive, sbom
from images.engine import Engine

_KEPT = 4
"""Images of one part that stay however old, variants counted: enough for going back."""
_USED_SECONDS = 6 * 3600
"""An image that was asked for within this time stays too: other checkouts work with it."""


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
        facts = self._facts(part, tag)
        try:
            built = Built(**json.loads(facts.read_text()))
            os.utime(facts)  # its time is when it was last asked for
        except FileNotFoundError:
            return None
        return built if Path(built.archive).exists() else None

    def add(self, engine: Engine, part: str, reference: str) -> Built:
        """Write the image *reference* of *part* here."""
        name, _, tag = reference.rpartition(":")
        tar, listing, unfinished = (
            self.folder / f"{part}-{tag}.{kind}" for kind in ("tar", "cdx.json", "part")
        )
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
        self._facts(part, tag).write_text(json.dumps(asdict(built), indent=1) + "\n")
        return built

    def prune(self, engine: Engine, part: str) -> None:
        """Remove the images of *part* that nobody asked for of late."""
        used: list[tuple[float, Built]] = []
        for path in self.folder.glob(f"{part}-*.json"):
            if path.name.endswith(".cdx.json"):
                continue
            built = Built(**json.loads(path.read_text()))
            if built.part == part:
                used.append((path.stat().st_mtime, built))
        used.sort(key=lambda one: one[0], reverse=True)
        for when, old in used[_KEPT:]:
            if when > time.time() - _USED_SECONDS:
                continue
            for file in (self._facts(part, old.tag), old.archive, old.sbom):
                Path(file).unlink(missing_ok=True)
            engine.remove(f"{old.name}:{old.tag}")

    def _facts(self, part: str, tag: str) -> Path:
        return self.folder / f"{part}-{tag}.json"


def default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tantrum/images"
