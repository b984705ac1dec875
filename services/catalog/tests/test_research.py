from __future__ import annotations

import pytest
from tantrum_catalog.domain.research import sort_key
from tantrum_kit.errors import InvalidInputError

from .make import make_research


@pytest.mark.parametrize("date", ["", "2011", "2011-09", "2012-02-29"])
def test_a_date_may_be_partial(date):
    assert make_research(publish_date=date).publish_date == date


@pytest.mark.parametrize("date", ["11", "2011-13", "2011-02-29", "2011-9", "2011-09-1", "soon"])
def test_what_is_no_date_is_refused(date):
    with pytest.raises(InvalidInputError) as caught:
        make_research(publish_date=date)

    assert [violation.field for violation in caught.value.violations] == ["research.publish_date"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"original_url": "javascript:alert(1)"}, id="script"),
        pytest.param({"original_url": " JavaScript:alert(1)"}, id="script in other letters"),
        pytest.param({"original_url": "//example.com"}, id="no scheme"),
        pytest.param({"original_url": "/research/1"}, id="a path of ours is no study"),
        pytest.param({"original_url": "https://example.com/a b"}, id="a space"),
        pytest.param({"original_url": "https://"}, id="no host"),
        pytest.param({"image_url": "data:text/html,x"}, id="data"),
        pytest.param({"image_url": "//example.com/a.png"}, id="another site's path"),
        pytest.param({"doi": "zzz"}, id="no DOI"),
        pytest.param({"doi": "https://doi.org/10.1000/182"}, id="a DOI's address"),
    ],
)
def test_what_a_page_may_not_link_to_is_refused(change):
    with pytest.raises(InvalidInputError) as caught:
        make_research(**change)

    assert [one.field for one in caught.value.violations] == [f"research.{name}" for name in change]


def test_required_texts_are_required():
    with pytest.raises(InvalidInputError) as caught:
        make_research(title=" ", summary="", category="", authors=("",))

    assert [violation.field for violation in caught.value.violations] == [
        "research.title",
        "research.summary",
        "research.category",
        "research.authors[0]",
    ]


def test_the_newest_comes_first_and_the_undated_last():
    cursors = [("", 1), ("2011", 2), ("2011-09", 3), ("2020", 4), ("2011", 5)]

    assert [cursor[1] for cursor in sorted(cursors, key=sort_key)] == [4, 3, 2, 5, 1]
