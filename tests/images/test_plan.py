"""What is built, by what there is already."""

from __future__ import annotations

import pytest

from images.plan import Action, Planner

from .make import make_part

PARTS = {
    part.name: part
    for part in (
        make_part("base"),
        make_part("python", "base"),
        make_part("redis", "base"),
        make_part("catalog", "python"),
    )
}


def plan(*wanted, finished=(), loaded=(), debian=True, anew=False):
    planner = Planner(
        parts=PARTS,
        finished=lambda part: part.name in finished,
        loaded=lambda part: part.name in loaded,
        has_debian=lambda: debian,
    )
    steps = planner.plan([PARTS[name] for name in wanted or PARTS], anew=anew)
    return [f"{step.action} {step.part.name}" for step in steps]


def test_with_nothing_there_all_is_built_in_order_and_once():
    assert plan(debian=False) == [
        "find debian base",
        "build base",
        "build redis",
        "build python",
        "build catalog",
    ]


@pytest.mark.parametrize("loaded", [(), ("base", "python", "redis", "catalog")])
def test_with_all_there_nothing_is_done(loaded):
    assert plan(finished={"base", "redis", "catalog"}, loaded=loaded) == []


def test_one_part_brings_its_parents_along_and_no_others():
    assert plan("catalog") == ["build base", "build python", "build catalog"]


def test_a_finished_parent_is_given_to_the_engine_again():
    assert plan("redis", finished={"base"}) == [f"{Action.LOAD} base", "build redis"]


def test_a_parent_that_the_engine_has_is_used_as_it_is():
    assert plan("catalog", loaded={"python"}) == ["build catalog"]


def test_what_nobody_runs_is_not_built_for_itself():
    assert plan("python") == []


def test_anew_builds_what_is_asked_for_and_leaves_its_parents():
    everything = {"base", "python", "redis", "catalog"}

    assert plan("catalog", finished=everything, loaded=everything, anew=True) == ["build catalog"]
