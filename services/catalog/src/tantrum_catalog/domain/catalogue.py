"""A whole catalogue, as it is loaded into an empty store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from tantrum_catalog.domain.category import CategoryFacts
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.research import ResearchFacts
from tantrum_catalog.domain.show import Json, ShowFacts, ShowId
from tantrum_catalog.domain.vocabulary import Platform, Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShow:
    """A show of a bulk load; the store gives it its revision and time."""

    id: ShowId
    slug: Slug
    facts: ShowFacts
    featured: bool = False
    legacy: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCategory:
    """A category of a bulk load."""

    slug: Slug
    facts: CategoryFacts
    display_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResearch:
    """A research summary of a bulk load."""

    slug: Slug
    facts: ResearchFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """A whole catalogue, consistent in itself. Categories and research get ids 1, 2, …"""

    shows: tuple[NewShow, ...] = ()
    themes: tuple[Theme, ...] = ()
    platforms: tuple[Platform, ...] = ()
    categories: tuple[NewCategory, ...] = ()
    research: tuple[NewResearch, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return the number of resources of each kind that there is any of."""
        sizes = {one.name: len(getattr(self, one.name)) for one in fields(self)}
        return {name: size for name, size in sizes.items() if size}
