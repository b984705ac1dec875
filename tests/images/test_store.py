"""Where finished images lie, and which of them stay."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from images.store import Built, Store

from .make import write_archive


class MemoryEngine:
    """Saves images that hold nothing, and notes what it shall forget."""

    def __init__(self):
        self.removed = []

    def save(self, reference, path):
        write_archive(path, {"reference": reference})

    def remove(self, reference):
        self.removed.append(reference)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "images")


def add(store, tag, part="redis"):
    return store.add(MemoryEngine(), part, f"localhost/tvtantrum/{part}:{tag}")


def age(store, built, hours):
    then = time.time() - hours * 3600
    os.utime(store.folder / f"{built.part}-{built.tag}.json", (then, then))


def test_what_was_added_is_found_with_its_list(store):
    built = add(store, "abc")

    assert store.find("redis", "abc") == built
    assert (built.name, built.tag) == ("localhost/tvtantrum/redis", "abc")
    assert json.loads(Path(built.sbom).read_text())["bomFormat"] == "CycloneDX"


def test_an_image_whose_archive_is_gone_is_not_found(store):
    Path(add(store, "abc").archive).unlink()

    assert store.find("redis", "abc") is None


def test_what_was_not_finished_is_not_found(store):
    (store.folder / "redis-abc.part").write_text("half")

    assert store.find("redis", "abc") is None


def test_old_images_go_and_the_newest_stay(store):
    images = [add(store, f"tag{number}") for number in range(6)]
    for hours, built in enumerate(reversed(images), start=10):
        age(store, built, hours)
    engine = MemoryEngine()

    store.prune(engine, "redis")

    assert [bool(store.find("redis", built.tag)) for built in images] == [False] * 2 + [True] * 4
    assert set(engine.removed) == {f"localhost/tvtantrum/redis:tag{number}" for number in (0, 1)}
    assert not Path(images[0].archive).exists()


def test_images_of_others_stay(store):
    other = add(store, "abc", part="redis-exporter")
    age(store, other, 100)
    for number in range(5):
        add(store, f"tag{number}")

    store.prune(MemoryEngine(), "redis")

    assert store.find("redis-exporter", "abc")


def test_an_image_that_was_asked_for_of_late_stays(store):
    images = [add(store, f"tag{number}") for number in range(6)]
    for built in images:
        age(store, built, 10)
    assert isinstance(store.find("redis", "tag0"), Built)

    store.prune(MemoryEngine(), "redis")

    assert store.find("redis", "tag0")
