"""Builds what changed, in order, and says how that goes."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import assert_never

from images import debian, machine
from images.engine import FILE_TIME, Engine
from images.parts import CHECKOUT, PREFIX, Part, git
from images.plan import Action, Planner
from images.store import Built, Store

BROKEN = "broken"
"""The variant that does not serve."""

_Work = tuple[str, Callable[[], Built | None]]


class Builder:
    """Builds *parts*, which are all there are by name, with *engine* into *store*."""

    def __init__(self, parts: Mapping[str, Part], engine: Engine, store: Store) -> None:
        self._parts = parts
        self._engine = engine
        self._store = store

    def build(self, wanted: Sequence[Part], *, anew: bool = False) -> None:
        """Bring the images *wanted* up to date, or all make *anew* without what is cached."""
        planner = Planner(
            parts=self._parts,
            finished=lambda part: self._store.find(part.name, part.tag) is not None,
            loaded=lambda part: self._engine.has(part.reference),
            has_debian=lambda: self._engine.has(debian.REFERENCE),
        )
        work: list[_Work] = []
        for step in planner.plan(wanted, anew=anew):
            part = step.part
            match step.action:
                case Action.FIND_DEBIAN:
                    work.append(("debian", self._find_debian))
                case Action.LOAD:
                    work.append((part.name, lambda part=part: self._load(part)))  # type: ignore[misc]  # mypy knows no defaults of lambdas
                case Action.BUILD:
                    work.append((part.name, lambda part=part: self._build(part, anew=anew)))  # type: ignore[misc]  # as above
                case _:
                    assert_never(step.action)
        _do(work)

    def build_variants(self, services: Sequence[Part], variant: str) -> dict[str, Built]:
        """Return by part an image made from that of each of *services*, under another tag."""
        missing = [part for part in services if not self._find_variant(part, variant)]
        self.build(missing)
        _do(
            [
                (f"{part.name}, {variant}", lambda part=part: self._build_variant(part, variant))  # type: ignore[misc]  # as above
                for part in missing
            ]
        )
        found = {part.name: self._find_variant(part, variant) for part in services}
        return {name: built for name, built in found.items() if built}

    def _find_debian(self) -> None:
        if not self._engine.pull(debian.REFERENCE):
            debian.make(self._engine, log=self._store.log("debian"))

    def _load(self, part: Part) -> Built | None:
        built = self._store.find(part.name, part.tag)
        if built and not self._engine.has(part.reference):
            self._engine.load(Path(built.archive))
        return built

    def _build(self, part: Part, *, anew: bool) -> Built | None:
        with _scratch() as scratch:
            context, settings = scratch / "context", scratch / "settings"
            settings.mkdir(mode=0o700)
            part.lay_out(context, mtime=FILE_TIME)
            self._engine.build(
                context,
                reference=part.reference,
                log=self._store.log(part.name),
                arguments={
                    argument: self._parts[parent].reference
                    for argument, parent in part.parents.items()
                },
                labels=_labels(part),
                secrets=machine.secrets(settings),
                use_cache=not anew,
            )
        return self._add(part.name, part.reference) if part.shipped else None

    def _find_variant(self, part: Part, variant: str) -> Built | None:
        return self._store.find(part.name, _variant_tag(part, variant))

    def _build_variant(self, part: Part, variant: str) -> Built:
        self._load(part)
        reference = f"{PREFIX}/{part.name}:{_variant_tag(part, variant)}"
        with _scratch() as context:
            (context / "Containerfile").write_text(_variant_containerfile(variant))
            self._engine.build(
                context,
                reference=reference,
                log=self._store.log(f"{part.name}-{variant}"),
                arguments={"IMAGE": part.reference, "VARIANT": variant},
            )
        return self._add(part.name, reference)

    def _add(self, part: str, reference: str) -> Built:
        built = self._store.add(self._engine, part, reference)
        self._store.prune(self._engine, part)
        return built


def _do(work: Sequence[_Work]) -> None:
    for number, (name, step) in enumerate(work, start=1):
        print(f"[{number}/{len(work)}] {name:<18}", end="", flush=True)
        start_monotonic = time.monotonic()
        try:
            built = step()
        except BaseException:
            print(flush=True)
            raise
        size = f"  {built.size_bytes / 1e6:4.0f} MB  {built.tag}" if built else ""
        print(f"{time.monotonic() - start_monotonic:6.1f} s{size}", flush=True)


def _labels(part: Part) -> dict[str, str]:
    """Return the labels that hang on the commit: the last one that changed a file of the image."""
    paths = [path for path in part.files if (CHECKOUT / path).exists()]
    paths.append(f"images/{part.name}/Containerfile")
    revision, _, created = git("log", "-1", "--format=%H %cI", "--", *paths).strip().partition(" ")
    dirty = git("status", "--porcelain", "--", *paths)
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    labels = {
        "version": project["version"],
        "revision": f"{revision or 'none'}{'-dirty' if dirty else ''}",
    }
    if created:
        labels["created"] = created
    return {f"org.opencontainers.image.{key}": value for key, value in labels.items()}


def _variant_tag(part: Part, variant: str) -> str:
    text = f"{part.tag}\n{_variant_containerfile(variant)}"
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-{variant}"


def _variant_containerfile(variant: str) -> str:
    folder = CHECKOUT / "images/variants"
    own = folder / variant / "Containerfile"
    return (own if own.exists() else folder / "relabelled/Containerfile").read_text()


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tantrum-image-") as name:
        yield Path(name)
