"""
Typing errors: how many a word may have, and whether two words are that close.

An error is one letter left out, put in, changed, or swapped with its neighbour
(optimal string alignment: what was swapped is not edited again).
"""

from __future__ import annotations

from typing import Final

ONE_EDIT_FROM: Final = 4
TWO_EDITS_FROM: Final = 8
PREFIX_EDIT_FROM: Final = 5
"""Letters that a word needs for a beginning with errors: four are like too many."""


def allowed(word: str) -> int:
    """Return how many errors *word* may have: none in short words and in numbers."""
    if len(word) < ONE_EDIT_FROM or word.isdigit():
        return 0
    return 1 if len(word) < TWO_EDITS_FROM else 2


def within(word: str, term: str, edits: int, *, prefix: bool) -> bool:
    """
    Say whether *edits* errors or fewer make *term* out of *word*.

    With *prefix*, a beginning of *term* will do.
    """
    return _reaches(word, term, edits, prefix=prefix)


def _reaches(word: str, term: str, edits: int, *, prefix: bool, at: int = 0, to: int = 0) -> bool:
    """Say whether what follows *at* in *word* becomes what follows *to* in *term*."""
    # Matching what is equal never costs more than editing it.
    while at < len(word) and to < len(term) and word[at] == term[to]:
        at += 1
        to += 1
    if at == len(word):
        return prefix or len(term) - to <= edits
    if edits == 0:
        return False
    if to == len(term):
        return len(word) - at <= edits
    swapped = len(word) > at + 1 and word[at : at + 2] == term[to : to + 2][::-1]
    steps = ((1, 1), (1, 0), (0, 1), (2, 2)) if swapped else ((1, 1), (1, 0), (0, 1))
    return any(
        _reaches(word, term, edits - 1, prefix=prefix, at=at + in_word, to=to + in_term)
        for in_word, in_term in steps
    )
