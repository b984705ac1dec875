"""
What makes one hit better than another.

Hits are ordered by these, the first difference deciding; smaller is better:

1. *title*, for hits without typing errors: the query is a whole name (0), a whole
   alias (1), the beginning of a name (2) or of an alias (3), or the same with asides
   (`query`) of the query left out (4 to 7), or none of these (8)
2. *typos*: errors that were forgiven, over all words
3. *title* again, which now tells hits with typing errors apart
4. *distance*: words between neighbours of the query, over all pairs of words that are
   no asides, beyond the asides typed between the two; out of order costs one more; 8 at
   most for a pair, as in two different texts
5. *field*: of each word's heaviest (name 0, alias 1, creator 2, theme 3,
   description 4), over all words that are no asides
6. *partial*: whether the last word is only the beginning of what it found
7. *asides*: the same as *field* over the asides; one that is missing counts 5
8. *popularity*: the featured show, then by name
9. id

A word that is at several places counts where it has the fewest typing errors. The
key of a hit depends on the hit and on the terms of the query alone, so that other
shows may come and go while somebody turns pages.

Hot, so it works on plain numbers: 3 to 7 µs a candidate, where a named tuple for each
place took twice as long.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Final, NamedTuple

from tantrum_search.domain.document import FIELD_SHIFT, TitleLines
from tantrum_search.domain.postings import Candidate
from tantrum_search.domain.query import JOINED, PARTIAL, Query, QueryWord

_BEGINNING: Final = 2
_LEFT_OUT: Final = 4
_NO_TITLE: Final = 8
_NO_FIELD: Final = 5
_FAR: Final = 8


class RankKey(NamedTuple):
    """Orders hits, the best first; see the module."""

    plain_title: int
    typos: int
    title: int
    distance: int
    field: int
    partial: int
    asides: int
    unfeatured: int
    name_key: str
    id: int


Sighting = int
"""A place where a word was found, and how: `place << 2 | Reading.marks`."""

_MARKS_SHIFT: Final = 2


def rank(query: Query, candidate: Candidate) -> RankKey:
    """Return the key of *candidate*, which matches *query*."""
    typos = field = partial = asides = 0
    sightings_by_word: list[list[Sighting]] = []
    for word in query.words:
        word_typos, sightings = _sightings_of(word, candidate)
        sightings_by_word.append(sightings)
        heaviest = min(sightings) >> (FIELD_SHIFT + _MARKS_SHIFT) if sightings else _NO_FIELD
        if not word.required:
            asides += heaviest
        elif sightings:
            typos += word_typos
            field += heaviest
            partial = all([sighting & PARTIAL for sighting in sightings])  # noqa: C419 - faster
    title = _title_of(query, sightings_by_word, candidate.title_lines)
    return RankKey(
        _NO_TITLE if typos else title,
        typos,
        title,
        _distance_of(query.words, sightings_by_word),
        field,
        partial,
        asides,
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


def _title_of(
    query: Query, sightings_by_word: Sequence[Sequence[Sighting]], lines: TitleLines
) -> int:
    best = _NO_TITLE
    starts = lines.starts
    for at in range(query.title_start, len(query.words)):
        for first in sightings_by_word[at]:
            place = first >> _MARKS_SHIFT
            if place not in starts:
                continue
            reached = _follow(first, query.words[at + 1 :], sightings_by_word[at + 1 :])
            if reached is not None:
                last, left_out = reached
                title = place >> FIELD_SHIFT
                if last >> _MARKS_SHIFT not in lines.ends or last & PARTIAL:
                    title += _BEGINNING
                if left_out or at > query.title_start:
                    title += _LEFT_OUT
                best = min(best, title)
        if query.words[at].required:
            break
    return best


def _follow(
    first: Sighting, words: Sequence[QueryWord], sightings_by_word: Sequence[Sequence[Sighting]]
) -> tuple[Sighting, bool] | None:
    """
    Return where the *words* end that follow *first* one by one, and whether asides
    were left out for that; None if they do not follow.
    """
    last = first
    left_out = False
    for word, sightings in zip(words, sightings_by_word, strict=True):
        following = [each for each in sightings if _gap(last, each) == 0]
        if following:
            last = min(following)
        elif word.required:
            return None
        else:
            left_out = True
    return last, left_out


def _distance_of(
    words: Sequence[QueryWord], sightings_by_word: Sequence[Sequence[Sighting]]
) -> int:
    distance = between = 0
    left: Sequence[Sighting] = ()
    for word, right in zip(words, sightings_by_word, strict=True):
        if not word.required:
            between += 1
        elif right:
            if left:
                distance += _least_gap(left, right, between)
            left = right
            between = 0
    return distance


def _least_gap(left: Sequence[Sighting], right: Sequence[Sighting], between: int) -> int:
    # Only the nearest on either side can be the nearest; for `a a a ...`, all pairs are many.
    right = sorted(right)
    least = _FAR
    for one in left:
        at = bisect.bisect_left(right, one >> _MARKS_SHIFT << _MARKS_SHIFT)
        for other in right[max(0, at - 1) : at + 2]:
            least = min(least, _gap(one, other, between))
    return least


def _gap(left: Sighting, right: Sighting, between: int = 0) -> int:
    """
    Return how many words more than *between* are between the two, at most `_FAR`.

    Out of order, all of them count, and one more.
    """
    gap = (right >> _MARKS_SHIFT) - (left >> _MARKS_SHIFT)
    if gap == 0:
        # At one place there are two words only where they are read as one.
        return 0 if left & right & JOINED else _FAR
    return min(max(gap - 1 - between, 0) if gap > 0 else -gap, _FAR)
