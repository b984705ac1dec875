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

Hot, so it works on plain numbers: 3 to 7 µs a candidate, where a named tuple for each
place took twice as long.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from tantrum_search.domain.document import FIELD_SHIFT, TitleLines
from tantrum_search.domain.postings import Candidate
from tantrum_search.domain.query import JOINED, PARTIAL, Query, QueryWord

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
    unfeatured: int
    name_key: str
    id: int


Sighting = int
"""A place where a word was found, and how: `place << 2 | Reading.marks`."""

_MARKS_SHIFT: Final = 2


def rank(query: Query, candidate: Candidate) -> RankKey:
    """Return the key of *candidate*, which matches *query*."""
    typos = field = partial = 0
    sightings_by_word: list[list[Sighting]] = []
    for word in query.words:
        word_typos, sightings = _sightings_of(word, candidate)
        sightings_by_word.append(sightings)
        if sightings:
            typos += word_typos
            field += min(sightings) >> (FIELD_SHIFT + _MARKS_SHIFT)
            partial = all([sighting & PARTIAL for sighting in sightings])  # noqa: C419 - faster
    title = _title_of(sightings_by_word[query.title_start :], candidate.title_lines)
    return RankKey(
        _NO_TITLE if typos else title,
        typos,
        title,
        _distance_of(sightings_by_word),
        field,
        partial,
        *candidate.popularity,
        candidate.id,
    )


def _sightings_of(word: QueryWord, candidate: Candidate) -> tuple[int, list[Sighting]]:
    """Return the fewest errors that *word* has in *candidate*, and where it has so many."""
    fewest = 1_000
    sightings: list[Sighting] = []
    reading_by_term = word.reading_by_term
    for term, places in candidate.places_by_term.items():
        if term not in reading_by_term:
            continue
        typos, marks = reading_by_term[term]
        if typos < fewest:
            fewest = typos
            sightings = []
        if typos == fewest:
            sightings += [place << _MARKS_SHIFT | marks for place in places]
    return fewest, sightings


def _title_of(sightings_by_word: Sequence[Sequence[Sighting]], lines: TitleLines) -> int:
    best = _NO_TITLE
    starts = lines.starts
    for first in sightings_by_word[0] if sightings_by_word else ():
        place = first >> _MARKS_SHIFT
        if place not in starts:
            continue
        last = _follow(first, sightings_by_word[1:])
        if last is not None:
            whole = last >> _MARKS_SHIFT in lines.ends and not last & PARTIAL
            field = place >> FIELD_SHIFT
            best = min(best, field if whole else field + 2)
    return best


def _follow(first: Sighting, rest: Sequence[Sequence[Sighting]]) -> Sighting | None:
    """Return where the words end that follow *first* one by one; None if they do not."""
    last = first
    for sightings in rest:
        following = [each for each in sightings if _gap(last, each) == 0]
        if not following:
            return None
        last = min(following)
    return last


def _distance_of(sightings_by_word: Sequence[Sequence[Sighting]]) -> int:
    if len(sightings_by_word) == 1:
        return 0
    seen = [sightings for sightings in sightings_by_word if sightings]
    return sum(_least_gap(left, right) for left, right in itertools.pairwise(seen))


def _least_gap(left: Sequence[Sighting], right: Sequence[Sighting]) -> int:
    # Only the nearest on either side can be the nearest; for `a a a ...`, all pairs are many.
    right = sorted(right)
    least = _FAR
    for one in left:
        at = bisect.bisect_left(right, one >> _MARKS_SHIFT << _MARKS_SHIFT)
        for other in right[max(0, at - 1) : at + 2]:
            least = min(least, _gap(one, other))
    return least


def _gap(left: Sighting, right: Sighting) -> int:
    """Return how many words are between, one more if out of order, at most `_FAR`."""
    gap = (right >> _MARKS_SHIFT) - (left >> _MARKS_SHIFT)
    if gap == 0:
        # At one place there are two words only where they are read as one.
        return 0 if left & right & JOINED else _FAR
    return min(gap - 1 if gap > 0 else -gap, _FAR)
