"""The mix of questions."""

from __future__ import annotations

import itertools
from urllib.parse import parse_qs, urlsplit

from .traffic import Catalogue, Traffic

CATALOGUE = Catalogue(
    shows=[(f"show-{n}", f"Show {n}") for n in range(100)],
    fields=["id", "slug", "name", "description", "ages", "stimulation", "senses", "cover"] * 3,
    categories=["calm"],
    research=["screens"],
    themes=["music", "animals"],
    platforms=["youtube"],
)


def questions(count=3_000, serial=0):
    return list(itertools.islice(Traffic(CATALOGUE, serial=serial), count))


def test_a_third_is_new_and_nothing_new_is_asked_twice():
    new = [one.path for one in questions() if one.new]

    assert len(new) == 1_000
    assert len(set(new)) == len(new)


def test_what_is_new_in_one_run_was_not_asked_in_another():
    first = {one.path for one in questions() if one.new}
    second = {one.path for one in questions(serial=1_000) if one.new}

    assert not first & second


def test_most_of_the_rest_is_asked_again_and_again():
    known = [one.path for one in questions() if not one.new]

    assert len(set(known)) < len(known) / 4


def test_every_kind_of_page_is_asked_for():
    paths = {urlsplit(one.path).path for one in questions()}

    for path in ("/v1/home", "/v1/shows", "/v1/search", "/v1/suggest", "/v1/research/screens"):
        assert path in paths
    assert any(path.endswith("/similar") for path in paths)


def test_limits_that_are_new_leave_no_show_out():
    limits = [parse_qs(urlsplit(one.path).query) for one in questions() if one.new]

    with_limits = [one for one in limits if "maxYear" in one]
    assert with_limits
    assert all(2_030 <= int(one["maxYear"][0]) <= 9_999 for one in with_limits)
    assert all(601 <= int(one["maxMinutes"][0]) <= 9_999 for one in with_limits)
