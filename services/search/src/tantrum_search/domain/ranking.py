"""
What makes one hit better than another.

Hits are ordered by these, the first difference deciding; smaller is better:

1. *title*, for hits without typing errors: the query is a whole name (0), a whole
   alias (1), the beginning of a name (2) or of an alias (3), or none of these (4)
2. *typos*: errors that were forgiven, over all words
3. *title* again, which now tells hits with typing errors apart
4. *distance*: words between neighbours of the query, over all pairs; out of order
   costs one more; 8 at most for a pair, as in two different texts
5. *field*: of each word's heaviest (name 0, alias 1, creator 2, theme 3,
   description 4), over all words
6. *partial*: whether the last word is only the beginning of what it found
7. *popularity*: the featured show, then by name
8. id

A word that is at several places counts where it has the fewest typing errors. The
key of a hit depends on the hit and on the terms of the query alone, so that other
shows may come and go while somebody turns pages.

Hot, so it works on the tuples and numbers of `postings`: 3 to 6 µs a candidate.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from tantrum_search.domain.document import FIELD_SHIFT, TITLES, is_line_start
from tantrum_search.domain.postings import Candidate
from tantrum_search.domain.query import Query, QueryWord

_NO_TITLE: Final = 4
_FAR: Final = 8


class RankKey(NamedTuple):
    """Orders hits, the best first; see the module."""

    plain_title: int
    typos: int
    title: int
    distance: int
    field: int
    partial: int
    featured: int
    name_key: str
    id: int


class Sighting(NamedTuple):
    """A place where a word of the query was found with the fewest errors it has there."""

    place: int
    partial: bool
    joined: bool


def rank(query: Query, candidate: Candidate) -> RankKey:
    """Return the key of *candidate*, which matches *query*."""
    featured, name_key = candidate.popularity.key()
    typos = field = partial = 0
    sightings_by_word: list[list[Sighting]] = []
    title_sightings: list[list[Sighting]] = []
    for at, word in enumerate(query.words):
        word_typos, sightings = sightings_of(word, candidate)
        if at >= query.title_start:
            title_sightings.append(sightings)
        if not sightings:
            continue
        typos += word_typos
        field += min(sighting.place for sighting in sightings) >> FIELD_SHIFT
        partial += all(sighting.partial for sighting in sightings)
        sightings_by_word.append(sightings)
    title = _title_of(title_sightings, candidate)
    return RankKey(
        plain_title=_NO_TITLE if typos else title,
        typos=typos,
        title=title,
        distance=_distance_of(sightings_by_word),
        field=field,
        partial=partial,
        featured=featured,
        name_key=name_key,
        id=candidate.id,
    )


def sightings_of(word: QueryWord, candidate: Candidate) -> tuple[int, list[Sighting]]:
    """Return the fewest errors that *word* has in *candidate*, and where it has so many."""
    fewest = 1_000
    sightings: list[Sighting] = []
    reading_by_term = word.reading_by_term
    for term, places in candidate.places_by_term.items():
        reading = reading_by_term.get(term)
        if reading is None or reading.typos > fewest:
            continue
        if reading.typos < fewest:
            fewest = reading.typos
            sightings = []
        sightings += [Sighting(place, reading.partial, reading.joined) for place in places]
    return fewest, sightings


def _title_of(sightings_by_word: Sequence[Sequence[Sighting]], candidate: Candidate) -> int:
    best = _NO_TITLE
    if not sightings_by_word:
        return best
    for first in sightings_by_word[0]:
        field = first.place >> FIELD_SHIFT
        if field not in TITLES or not is_line_start(first.place):
            continue
        last = _follow(first, sightings_by_word[1:])
        if last is not None:
            whole = last.place in candidate.title_ends and not last.partial
            best = min(best, field if whole else field + 2)
    return best


def _follow(first: Sighting, rest: Sequence[Sequence[Sighting]]) -> Sighting | None:
    """Return where the words end that follow *first* one by one; None if they do not."""
    last = first
    for sightings in rest:
        following = [
            each
            for each in sightings
            if each.place == last.place + 1
            or (each.place == last.place and each.joined and last.joined)
        ]
        if not following:
            return None
        last = min(following, key=lambda each: (each.place, each.partial))
    return last


def _distance_of(sightings_by_word: Sequence[Sequence[Sighting]]) -> int:
    total = 0
    for left, right in itertools.pairwise(sightings_by_word):
        total += min(_gap(a, b) for a in left for b in right)
    return total


def _gap(left: Sighting, right: Sighting) -> int:
    gap = right.place - left.place
    if gap == 0:
        return 0 if left.joined else _FAR
    return min(gap - 1 if gap > 0 else -gap, _FAR)
