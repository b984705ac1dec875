"""What the catalogue's revisions changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, NewType, TypeVar

from tantrum_catalog.domain.naming import Slug

Revision = NewType("Revision", int)
"""
Number of a state of the catalogue. 0 is the empty one before any write; each
write takes the next number, without gaps and in the order of commits.
"""

NO_REVISION: Final = Revision(0)
"""Of what is not written, or not of the catalogue."""

T_co = TypeVar("T_co", covariant=True)


class ResourceKind(StrEnum):
    """A kind of resource."""

    SHOW = "show"
    CATEGORY = "category"
    RESEARCH = "research"
    THEME = "theme"
    PLATFORM = "platform"


class ChangeType(StrEnum):
    """What became of a resource."""

    PUT = "put"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource that a revision wrote."""

    kind: ResourceKind
    type: ChangeType
    id: int
    """0 for the kinds that have none: themes and platforms."""
    slug: Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one revision wrote, in the order of writing; at least one change."""

    revision: Revision
    changes: tuple[Change, ...]
    commit_time: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class At(Generic[T_co]):
    """A value, and the catalogue revision that it was read or written at."""

    value: T_co
    revision: Revision
