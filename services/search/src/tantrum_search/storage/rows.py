"""Between documents and rows of `search.show`."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from tantrum_kit.postgres import Record

from tantrum_search.domain.document import (
    FIELD_SHIFT,
    Document,
    Field,
    Popularity,
    Text,
    TitleLines,
    field_of,
)
from tantrum_search.domain.filters import lowered
from tantrum_search.domain.ports import Found
from tantrum_search.domain.postings import Candidate

_POSITION_MASK: Final = (1 << FIELD_SHIFT) - 1
_WEIGHT_BY_FIELD: Final = {
    Field.NAME: "A",
    Field.ALIAS: "B",
    Field.CREATOR: "C",
    Field.THEME: "C",
    Field.DESCRIPTION: "D",
}
_FIELD_BY_WEIGHT: Final = {
    "A": Field.NAME,
    "B": Field.ALIAS,
    "C": Field.CREATOR,
    "D": Field.DESCRIPTION,
}


def rows_json(documents: Collection[Document]) -> str:
    """Return the rows of *documents* as `jsonb_populate_recordset` reads them."""
    return json.dumps([_row(document) for document in documents])


def tsquery(groups: Sequence[Collection[str]], *, weight: str = "") -> str:
    """Return the `tsquery` that wants a term of each of *groups*, with *weight* if any."""
    suffix = f":{weight}" if weight else ""
    # Terms are letters and digits only, so that quotes are all that they need.
    return " & ".join(
        "(" + " | ".join(f"'{term}'{suffix}" for term in sorted(group)) + ")" for group in groups
    )


def candidate_of(record: Record) -> Candidate:
    """Return the candidate of a row of `postgres.MATCH`."""
    return Candidate(
        record["id"],
        Popularity(int(not record["featured"]), record["name_key"]),
        TitleLines(frozenset(record["title_starts"]), frozenset(record["title_ends"])),
        {
            term: tuple(_places(positions, weights, record["themes_start"]))
            for term, positions, weights in json.loads(record["occurrences"] or "[]")
        },
    )


def found_of(record: Record) -> Found:
    """Return what is handed back for a row with `texts` and `payload`."""
    texts = (_text_of(Field(field), text) for field, text in json.loads(record["texts"]))
    return Found(record["payload"], tuple(texts))


@functools.lru_cache(maxsize=5_000)
def _text_of(field: Field, text: str) -> Text:
    # Analysing a page of descriptions takes 2 ms, and the same shows are found again.
    return Text.of(field, text)


def _row(document: Document) -> dict[str, Any]:
    show = document.show
    lines = document.placed.title_lines
    return {
        "id": show.id,
        "featured": show.featured,
        "name_key": document.popularity.name_key,
        "terms": _tsvector(document.placed.places_by_term),
        "themes_start": _themes_start(document),
        "title_starts": sorted(lines.starts),
        "title_ends": sorted(lines.ends),
        "min_age": show.min_age,
        "max_age": show.max_age,
        "stimulation": show.stimulation,
        "levels": show.levels,
        "themes": [theme.slug for theme in show.themes],
        "platforms": show.platforms,
        "animation_style": lowered(show.animation_style),
        "creator": lowered(show.creator),
        "episode_minutes": show.episode_minutes,
        "release_year": show.release_year,
        "ongoing": show.ongoing,
        "youtube": show.youtube,
        "texts": [[text.field, text.text] for text in document.texts],
        "payload": f"\\x{show.payload.hex()}",
    }


def _tsvector(places_by_term: Mapping[str, Sequence[int]]) -> str:
    return " ".join(
        f"'{term}':"
        + ",".join(
            f"{place & _POSITION_MASK}{_WEIGHT_BY_FIELD[field_of(place)]}" for place in places
        )
        for term, places in places_by_term.items()
    )


def _themes_start(document: Document) -> int:
    return min(
        (
            place & _POSITION_MASK
            for places in document.placed.places_by_term.values()
            for place in places
            if field_of(place) is Field.THEME
        ),
        default=_POSITION_MASK,
    )


def _places(positions: Sequence[int], weights: str, themes_start: int) -> list[int]:
    places = []
    for position, weight in zip(positions, weights, strict=True):
        field = _FIELD_BY_WEIGHT[weight]
        if field is Field.CREATOR and position >= themes_start:
            field = Field.THEME
        places.append(field << FIELD_SHIFT | position)
    return places
