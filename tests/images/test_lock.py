"""What an image gets of `requirements.lock`."""

from __future__ import annotations

import importlib.metadata

import pytest

from images import lock
from images.errors import ImagesError

LOCK = """\
a==1 \\
    --hash=sha256:aa
b-c==2 ; sys_platform == 'linux' \\
    --hash=sha256:bb \\
    --hash=sha256:bc
d==3 \\
    --hash=sha256:dd
"""


@pytest.fixture
def installed(monkeypatch):
    """Package: what it requires. To be filled."""
    packages = {}

    def requires(name):
        try:
            return packages[name]
        except KeyError:
            raise importlib.metadata.PackageNotFoundError(name) from None

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    return packages


def test_it_is_what_the_roots_need_with_markers_and_hashes(installed):
    installed.update({"ours": ["B_C>=1"], "b-c": None})

    assert lock.subset(LOCK, ["ours"]) == (
        "b-c==2 ; sys_platform == 'linux' \\\n    --hash=sha256:bb \\\n    --hash=sha256:bc\n"
    )


def test_extras_count_where_they_are_asked_for(installed):
    installed.update({"ours": ["a[more]"], "a": ["d; extra == 'more'"], "d": []})

    assert "d==3" in lock.subset(LOCK, ["ours"])
    assert "d==3" not in lock.subset(LOCK, ["a"])


def test_markers_are_those_of_the_image_and_not_ours(installed):
    installed.update(
        {"ours": ["a; python_version < '3.13'", "d; python_version >= '3.13'"], "a": [], "d": []}
    )

    assert lock.subset(LOCK, ["ours"]).startswith("d==3")


def test_packages_that_need_each_other_are_fine(installed):
    installed.update({"a": ["d"], "d": ["a"]})

    assert lock.subset(LOCK, ["a"]).count("==") == 2


def test_a_package_that_is_not_installed_is_named(installed):
    installed.update({"ours": ["gone"]})

    with pytest.raises(ImagesError, match="needs gone, which is not installed"):
        lock.subset(LOCK, ["ours"])
