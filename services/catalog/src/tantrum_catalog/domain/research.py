"""A summary of one study on children and screens."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, NewType, TypeAlias

from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.naming import Slug

ResearchId = NewType("ResearchId", int)
"""Stable number of a summary, 1 or more."""

ResearchKey: TypeAlias = ResearchId | Slug
"""Either name of a summary. (At run time an `int` or a `str`.)"""

ResearchCursor: TypeAlias = tuple[str, int]
"""A summary's place in the list: its date and its id."""

_DOI: Final = re.compile(r"10\.[0-9]{4,9}/\S+")  # as Crossref describes them

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResearchFacts:
    """
    What editors write about a study. Texts are trimmed.

    Making one raises `InvalidInputError` with every rule that is broken.
    """

    title: str
    headline: str = ""
    sub_headline: str = ""
    summary: str
    key_findings: tuple[str, ...] = ()
    detail: str = ""
    category: str
    authors: tuple[str, ...] = ()
    source: str = ""
    publish_date: str = ""
    """`2011`, `2011-09` or `2011-09-12`; empty when unknown."""
    doi: str = ""
    original_url: str = ""
    image_url: str = ""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            trimmed = value.strip() if isinstance(value, str) else tuple(v.strip() for v in value)
            object.__setattr__(self, name, trimmed)
        checks = Checks("research")
        checks.line("title", self.title, at_least=1, at_most=300)
        checks.line("headline", self.headline, at_most=500)
        checks.line("sub_headline", self.sub_headline, at_most=1_000)
        checks.text("summary", self.summary, at_least=1, at_most=5_000)
        checks.lines("key_findings", self.key_findings, count=50, at_most=1_000)
        checks.text("detail", self.detail, at_most=50_000)
        checks.line("category", self.category, at_least=1, at_most=100)
        checks.lines("authors", self.authors, count=100, at_most=200)
        checks.line("source", self.source, at_most=500)
        checks.require(
            not self.publish_date or _date_valid(self.publish_date),
            "publish_date",
            "must be a date such as 2011, 2011-09 or 2011-09-12",
        )
        checks.line("doi", self.doi, at_most=300)
        checks.require(
            not self.doi or _DOI.fullmatch(self.doi) is not None,
            "doi",
            "must be a DOI such as 10.1542/peds.2010-1919, without an address",
        )
        checks.address("original_url", self.original_url)
        checks.address("image_url", self.image_url, or_path=True)
        checks.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Research:
    """A summary as it is stored. Listed newest first: see `sort_key`."""

    id: ResearchId
    slug: Slug
    facts: ResearchFacts
    revision: Revision
    create_time: dt.datetime
    update_time: dt.datetime

    @property
    def cursor(self) -> ResearchCursor:
        """Where the summary is in the list."""
        return self.facts.publish_date, int(self.id)


def sort_key(cursor: ResearchCursor) -> tuple[object, ...]:
    """
    Return a key for the order of the list: date descending, then id ascending.

    Dates compare as texts, by code point, so a year comes after its months, and
    an unknown date after all.
    """
    publish_date, research_id = cursor
    return (*(-ord(character) for character in publish_date), 1), research_id


def _date_valid(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
