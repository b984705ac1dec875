"""`images/build` as it is typed, as far as that builds nothing."""

from __future__ import annotations

import subprocess

import pytest

from images import parts

from .test_parts import SHIPPED


@pytest.fixture
def build(tmp_path):
    """Run it with an empty store; return what it said and its exit status."""

    def run(*arguments):
        done = subprocess.run(
            ["images/build", *arguments],
            cwd=parts.CHECKOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CACHE_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout, done.returncode

    return run


def test_it_lists_what_would_be_built(build):
    said, status = build("--list")

    lines = [line.split(maxsplit=2) for line in said.splitlines()]
    assert sorted(line[0] for line in lines) == SHIPPED
    assert {line[2] for line in lines} == {"not built"}
    assert status == 0


def test_it_names_the_parts_that_there_are(build):
    said, status = build("catalogue", "--list")

    assert "no part catalogue; there are base, " in said
    assert status == 2


@pytest.mark.parametrize("name", ["Next", "1st", "a-b", ""])
def test_a_variant_has_a_name_that_fits_a_tag(build, name):
    said, status = build("--variant", name)

    assert "small letters and digits" in said
    assert status == 2
