"""Names in the forms that addresses, orders and comparisons need."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

Slug = NewType("Slug", str)
"""
A stable name for addresses: lower-case ASCII letters, digits and single hyphens
between them, with at least one letter, 1 to 120 characters.
"""

SLUG_LENGTH_MAX: Final = 120

_SLUG = re.compile(r"(?=[a-z0-9-]*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")


def slug_valid(text: str) -> bool:
    """Say whether *text* keeps the rules of `Slug`."""
    return len(text) <= SLUG_LENGTH_MAX and _SLUG.fullmatch(text) is not None


def slug_of(name: str, *, fallback: str) -> Slug:
    """
    Return the slug that *name* makes, without regard to whether it is taken.

    Accents are dropped, `&` reads as "and", and apostrophes vanish, as in
    `blues-clues`. A name without ASCII letters gets the *fallback*, itself a
    slug, in front.
    """
    text = name.replace("&", " and ").replace("'", "").replace("\u2019", "")
    ascii_text = _without_marks(text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_text)
    if not any(character.isalpha() for word in words for character in word):
        words.insert(0, fallback)
    return Slug("-".join(words)[:SLUG_LENGTH_MAX].rstrip("-"))


def slug_numbered(slug: Slug, number: int) -> Slug:
    """Return the *number*-th slug like *slug*, for when the ones before are taken."""
    if number == 1:
        return slug
    suffix = f"-{number}"
    return Slug(slug[: SLUG_LENGTH_MAX - len(suffix)].rstrip("-") + suffix)


def sort_name_of(name: str) -> str:
    """
    Return what *name* is ordered by: without case, accents and doubled spaces.

    The order is by code point. So Python's `<` and PostgreSQL's `COLLATE "C"`
    agree on it, and a store keeps it as a column.
    """
    return " ".join(_without_marks(name).casefold().split())


def lowered(text: str) -> str:
    """
    Return *text* in the lower case that both sides of a comparison are brought to.

    Each character by itself, and only where that gives one character: the simple
    mapping that PostgreSQL's `lower` does under its built-in collations, such as
    `pg_c_utf8`. So a store may compute it on either side.
    """
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
