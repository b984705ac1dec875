"""The images, built once a session where that can be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from images import archive, parts

from .read_only import unpacked


@pytest.fixture(scope="session")
def built():
    """Part: the facts of its image, as `images/.built.json` has them."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("buildah"):
        reason = "building and running images takes Linux, root and buildah"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    build()
    return json.loads((parts.CHECKOUT / "images/.built.json").read_text())


@pytest.fixture(scope="session")
def contents(built):
    """Part: what is in its image."""
    return {part: archive.read(facts["archive"]) for part, facts in built.items()}


@pytest.fixture
def image(built):
    """`with image(part, variant) as it`: an image to run."""

    def unpack(part, variant=""):
        return unpacked(build(part, variant=variant)[part] if variant else built[part])

    return unpack


def build(*arguments, variant=""):
    """Run images/build; return what it wrote."""
    options = [f"--variant={variant}"] if variant and variant != "broken" else []
    options += ["--broken"] if variant == "broken" else []
    done = subprocess.run(
        ["images/build", *options, *arguments],
        cwd=parts.CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name = f"images/.built{'-' if variant else ''}{variant}.json"
    return json.loads((parts.CHECKOUT / name).read_text())
