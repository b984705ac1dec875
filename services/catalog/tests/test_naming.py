from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain.naming import (
    SLUG_LENGTH_MAX,
    lowered,
    slug_numbered,
    slug_of,
    slug_valid,
    sort_name_of,
)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Bluey", "bluey"),
        ("Blue\u2019s Clues & You!", "blues-clues-and-you"),
        ("Pok\u00e9mon", "pokemon"),
        ("3-2-1", "show-3-2-1"),
        ("\u3061\u3073\u307e\u308b\u5b50", "show"),
        ("  --  ", "show"),
    ],
)
def test_a_slug_is_made_of_a_name(name, slug):
    assert slug_of(name, fallback="show") == slug


@given(st.text(max_size=300), st.integers(1, 1_000))
def test_every_name_makes_a_valid_slug_however_often(name, number):
    slug = slug_numbered(slug_of(name, fallback="show"), number)

    assert slug_valid(slug)
    assert slug.endswith(f"-{number}") or number == 1


@pytest.mark.parametrize(
    "text", ["", "A", "a_b", "a--b", "-a", "a-", "12", "a\n", "\u00e9", "a" * 121]
)
def test_what_is_no_slug_is_not_valid(text):
    assert not slug_valid(text)
    assert slug_valid("a" * SLUG_LENGTH_MAX)


def test_names_sort_without_case_and_accents():
    names = ["\u00c9lan", "zebra", "Elbow", "apple  pie", "Apple", "ELAN 2"]

    assert sorted(names, key=sort_name_of) == [
        "Apple",
        "apple  pie",
        "\u00c9lan",
        "ELAN 2",
        "Elbow",
        "zebra",
    ]


@given(st.text())
def test_lowering_keeps_the_length_so_that_both_sides_can_do_it(text):
    assert len(lowered(text)) == len(text)
    assert lowered(lowered(text)) == lowered(text)
