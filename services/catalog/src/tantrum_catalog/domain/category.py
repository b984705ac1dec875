"""A row of the home page: shows that some rules select."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NewType, TypeAlias

from tantrum_catalog.domain.category_rules import NO_RULES, CategoryRules
from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.naming import Slug, sort_name_of
from tantrum_catalog.domain.show import Show

CategoryId = NewType("CategoryId", int)
"""Stable number of a category, 1 or more."""

CategoryKey: TypeAlias = CategoryId | Slug
"""Either name of a category. (At run time an `int` or a `str`.)"""

CategoryCursor: TypeAlias = tuple[int, str, int]
"""A category's place: display order, `sort_name_of` its name, id; all ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFacts:
    """
    What editors write about a category. Texts are trimmed.

    Making one raises `InvalidInputError` with every rule that is broken.
    """

    name: str
    description: str = ""
    active: bool = False
    rules: CategoryRules = NO_RULES

    def __post_init__(self) -> None:
        for name in ("name", "description"):
            object.__setattr__(self, name, getattr(self, name).strip())
        checks = Checks("category")
        checks.line("name", self.name, at_least=1, at_most=100)
        checks.text("description", self.description, at_most=500)
        checks.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category as it is stored."""

    id: CategoryId
    slug: Slug
    facts: CategoryFacts
    display_order: int
    show_count: int
    """Number of shows that the rules select; computed on reading."""
    revision: Revision
    create_time: dt.datetime
    update_time: dt.datetime

    @property
    def cursor(self) -> CategoryCursor:
        """Where the category is in the list of all."""
        return self.display_order, sort_name_of(self.facts.name), int(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRow:
    """One category of the home page with its first shows by popularity."""

    category: Category
    shows: tuple[Show, ...]
