"""
What an answer depends on, by what it was made of.

Tags: `show:17` and `show:bluey`, likewise `category:`, `research:`, `theme:` and `platform:`;
`categories`, `themes`, `platforms` and `research` for lists of all. What is asked for by
number or slug is tagged by what it was asked for as well, so that its absence is too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tvtantrum.catalog.v1 import category_pb2, filter_pb2, show_pb2
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from tantrum_gateway.dependencies import Dependencies, Selector
from tantrum_gateway.selectors import (
    LIKENESS,
    POPULARITY,
    RULED,
    FieldsSelector,
    FilterSelector,
    of_rules,
)
from tantrum_gateway.word_selectors import (
    SearchSelector,
    SuggestionSelector,
    words_from_proto,
)

_KINDS: Final = ("show", "category", "research")
_NUMBER: Final = re.compile(r"[0-9]{1,10}")

ALL_SHOWS: Final = ("shows", "themes", "platforms")
"""Tags of what shows all shows, or any of them that conditions of its own select."""


def on(*tags: str) -> Dependencies:
    """Depend on what the tags name."""
    return Dependencies(tags=frozenset(tags))


def on_absence(key: str, numbers: Iterable[int] = ()) -> Dependencies:
    """
    Depend on there being nothing that *key* names, nor any show that *numbers* do.

    A key is a number or slug, or the name of a file with one in it.
    """
    names = {key, key.partition(".")[0], *map(_plain, _NUMBER.findall(key))}
    return on(
        *(f"{kind}:{name}" for kind in _KINDS for name in names),
        *(f"show:{number}" for number in numbers),
    )


def on_shows(
    shows: Iterable[show_pb2.Show], *tags: str, selector: Selector | None = None
) -> Dependencies:
    """Depend on how *shows* read, on further tags, and on which shows a selector stands for."""
    found = set(tags)
    for show in shows:
        found.add(f"show:{show.id}")
        found.update(f"theme:{label.slug}" for label in show.themes)
        found.update(f"platform:{label.slug}" for label in show.platforms)
    selectors = frozenset(() if selector is None else (selector,))
    return Dependencies(tags=frozenset(found), selectors=selectors)


def on_list(
    shows: Iterable[show_pb2.Show], selected: filter_pb2.ShowFilter, order: int
) -> Dependencies:
    """Depend on a page of the shows that a filter selects, in an order."""
    selector = FilterSelector(selected.SerializeToString(deterministic=True), order)
    return on_shows(shows, selector=selector)


def on_similar(shows: Iterable[show_pb2.Show]) -> Dependencies:
    """Depend on a page of the shows that are like one; how that reads itself does not matter."""
    return on_shows(shows, selector=FieldsSelector(LIKENESS))


def on_category_shows(shows: Iterable[show_pb2.Show], key: str) -> Dependencies:
    """Depend on a page of the shows of the category called *key*, whose rules nobody told."""
    return on_shows(shows, f"category:{_plain(key)}", selector=FieldsSelector(RULED))


def on_home(
    categories: Iterable[category_pb2.Category], shows: Iterable[show_pb2.Show]
) -> Dependencies:
    """Depend on all categories and their first shows by popularity."""
    return on_shows(shows, "categories", selector=FieldsSelector(of_rules(categories) | POPULARITY))


def on_categories(categories: Iterable[category_pb2.Category], *tags: str) -> Dependencies:
    """Depend on how many shows *categories* have, and on further tags."""
    selector = FieldsSelector(of_rules(categories))
    return Dependencies(tags=frozenset(tags), selectors=frozenset({selector}))


def on_counts(field: str) -> Dependencies:
    """Depend on all themes or platforms, whichever *field* of a show names, with their counts."""
    selector = FieldsSelector(frozenset({field}))
    return Dependencies(tags=frozenset({field}), selectors=frozenset({selector}))


def on_search(
    request: search_pb.SearchShowsRequest, response: search_pb.SearchShowsResponse
) -> Dependencies:
    """Depend on a page of what a search finds."""
    shows = [hit.show for hit in response.hits]
    selected = request.filter.SerializeToString(deterministic=True)
    if not request.query:  # it matches every show
        selector: Selector = FilterSelector(selected, filter_pb2.SHOW_ORDER_POPULARITY)
    else:
        selector = SearchSelector(words_from_proto(response.words), selected)
    return on_shows(shows, "themes", selector=selector)


def on_suggestions(response: search_pb.SuggestShowsResponse) -> Dependencies:
    """Depend on what suggestions are made of."""
    selector = SuggestionSelector(words_from_proto(response.words))
    return Dependencies(tags=frozenset({"themes"}), selectors=frozenset({selector}))


def _plain(key: str) -> str:
    """Return a number without leading zeros, which it may be asked for with."""
    return key.lstrip("0") if key.isdecimal() else key
