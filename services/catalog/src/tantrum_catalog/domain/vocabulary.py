"""The controlled vocabularies that shows are labelled from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tantrum_catalog.domain.change import NO_REVISION, Revision
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.naming import Slug, sort_name_of

ALIASES_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A subject that shows are tagged with. Ordered by `sort_name_of(name)`, then slug."""

    slug: Slug
    name: str
    aliases: tuple[str, ...] = ()
    """Other spellings that people look for, at most `ALIASES_MAX`."""
    show_count: int = 0
    """Number of shows that have it; computed on reading."""
    revision: Revision = NO_REVISION
    """Catalogue revision of the last write; 0 before it is stored."""

    def __post_init__(self) -> None:
        checks = Checks("theme")
        checks.slug("slug", self.slug)
        checks.line("name", self.name, at_least=1, at_most=100)
        checks.lines("aliases", self.aliases, count=ALIASES_MAX, at_most=100)
        checks.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A place where shows can be seen. Ordered as `Theme`."""

    slug: Slug
    name: str
    url: str = ""
    icon_url: str = ""
    show_count: int = 0
    """Number of shows on it; computed on reading."""
    revision: Revision = NO_REVISION
    """As of `Theme`."""

    def __post_init__(self) -> None:
        checks = Checks("platform")
        checks.slug("slug", self.slug)
        checks.line("name", self.name, at_least=1, at_most=100)
        checks.address("url", self.url)
        checks.address("icon_url", self.icon_url, or_path=True)
        checks.finish()


E = TypeVar("E", bound=Theme | Platform)
"""An entry of one vocabulary."""


def merged(gone: E, into: E) -> E:
    """
    Return *into* with what is to be kept of *gone*.

    A theme gets the other's name and aliases as aliases, as far as there is room for
    them: people go on looking for them.
    """
    if not (isinstance(gone, Theme) and isinstance(into, Theme)):
        return into
    known = {sort_name_of(name) for name in (into.name, *into.aliases)}
    new = {sort_name_of(name): name for name in (gone.name, *gone.aliases)}
    added = [name for key, name in new.items() if key not in known]
    return replace(into, aliases=(*into.aliases, *added)[:ALIASES_MAX])


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Finds the slugs of themes and platforms by whatever people call them."""

    themes: Mapping[str, Slug]
    """By slug, and by `sort_name_of` of name and aliases."""
    platforms: Mapping[str, Slug]
    """As `themes`."""

    @classmethod
    def of(cls, themes: Iterable[Theme], platforms: Iterable[Platform]) -> Vocabulary:
        """Return the vocabulary of these entries. A slug or name wins over an alias."""
        theme_list, platform_list = list(themes), list(platforms)
        by_alias = {sort_name_of(a): theme.slug for theme in theme_list for a in theme.aliases}
        return cls(
            themes=by_alias
            | {sort_name_of(theme.name): theme.slug for theme in theme_list}
            | {theme.slug: theme.slug for theme in theme_list},
            platforms={sort_name_of(platform.name): platform.slug for platform in platform_list}
            | {platform.slug: platform.slug for platform in platform_list},
        )

    def theme(self, text: str) -> Slug | None:
        """Return the slug of the theme called *text*, None if there is none."""
        return self.themes.get(text) or self.themes.get(sort_name_of(text))

    def platform(self, text: str) -> Slug | None:
        """Return the slug of the platform called *text*, None if there is none."""
        return self.platforms.get(text) or self.platforms.get(sort_name_of(text))
