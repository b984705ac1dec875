"""
Reads a catalogue from the files that people review: `data/catalogue/*.toml`.

Everything is checked here, and all that is wrong is told by file and entry, so
that what a store is then given loads as a whole.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict
from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.catalogue import Catalogue, NewCategory, NewResearch, NewShow
from tantrum_catalog.domain.category import CategoryFacts
from tantrum_catalog.domain.category_rules import raw_rules_of, resolved
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.research import ResearchFacts
from tantrum_catalog.domain.show import Level, Senses, ShowFacts, ShowId
from tantrum_catalog.domain.vocabulary import Platform, Theme, Vocabulary

T = TypeVar("T")

_PROBLEMS_TOLD_MAX: Final = 20

_LEVEL_BY_TOKEN: Final = {level.token: level for level in Level}


class SeedError(Exception):
    """The files are not a catalogue. The text has what is wrong, one line each."""


class _Entry(BaseModel):
    """One entry of a file; a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Show(_Entry):
    id: int
    slug: str
    name: str
    aliases: list[str] = []
    description: str
    min_age: int
    max_age: int | None = None
    stimulation: int
    senses: dict[str, str] = {}
    animation_style: str = ""
    themes: list[str] = []
    platforms: list[str] = []
    episode_minutes: int | None = None
    creator: str = ""
    release_year: int | None = None
    end_year: int | None = None
    ongoing: bool = False
    seasons: int | None = None
    youtube: bool = False
    featured: bool = False
    legacy: dict[str, Any] = {}


class _Theme(_Entry):
    slug: str
    name: str
    aliases: list[str] = []


class _Platform(_Entry):
    slug: str
    name: str
    url: str = ""
    icon_url: str = ""


class _Category(_Entry):
    slug: str
    name: str
    description: str = ""
    display_order: int
    active: bool = True
    rules: dict[str, Any]


class _Research(_Entry):
    slug: str
    title: str
    headline: str = ""
    sub_headline: str = ""
    summary: str
    key_findings: list[str] = []
    detail: str = ""
    category: str
    authors: list[str] = []
    published_year: int | None = None
    published_in: str = ""
    doi: str = ""
    original_url: str = ""


def catalogue_in(folder: Path) -> Catalogue:
    """
    Return the catalogue that the files of *folder* hold.

    Raises:
        SeedError: a file is missing, or anything in it is wrong.
    """
    problems: list[str] = []
    themes = _read(folder, "themes", "theme", _theme, problems)
    platforms = _read(folder, "platforms", "platform", _platform, problems)
    vocabulary = Vocabulary.of(themes, platforms)
    catalogue = Catalogue(
        themes=tuple(themes),
        platforms=tuple(platforms),
        shows=tuple(_read(folder, "shows", "show", _show, problems)),
        categories=tuple(
            _read(folder, "categories", "category", lambda e: _category(e, vocabulary), problems)
        ),
        research=tuple(_read(folder, "research", "research", _research, problems)),
    )
    problems += _inconsistencies(catalogue)
    if problems:
        raise SeedError("\n".join(_told(problems)))
    return catalogue


def _read(
    folder: Path,
    file: str,
    kind: str,
    make: Callable[[Mapping[str, Any]], T],
    problems: list[str],
) -> list[T]:
    """Return what *make* makes of a file's entries, and note what cannot be made."""
    path = folder / f"{file}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"cannot read {path}: {error}")
        return []
    made = []
    for number, entry in enumerate(document.get(kind, []), start=1):
        place = f"{path.name}: {entry.get('slug') or f'entry {number}'}"
        try:
            made.append(make(entry))
        except pydantic.ValidationError as error:
            problems += [
                f"{place}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            ]
        except InvalidInputError as error:
            problems.append(f"{place}: {error.message}")
    return made


def _show(raw: Mapping[str, Any]) -> NewShow:
    entry = _Show.model_validate(raw)
    _check_name(entry.slug, number=entry.id)
    facts = ShowFacts(
        name=entry.name,
        aliases=tuple(entry.aliases),
        description=entry.description,
        min_age=entry.min_age,
        max_age=entry.max_age,
        stimulation=entry.stimulation,
        senses=_senses(entry.senses),
        animation_style=entry.animation_style,
        themes=tuple(Slug(slug) for slug in entry.themes),
        platforms=tuple(Slug(slug) for slug in entry.platforms),
        episode_minutes=entry.episode_minutes,
        creator=entry.creator,
        release_year=entry.release_year,
        end_year=entry.end_year,
        ongoing=entry.ongoing,
        seasons=entry.seasons,
        youtube=entry.youtube,
    )
    return NewShow(
        id=ShowId(entry.id),
        slug=Slug(entry.slug),
        facts=facts,
        featured=entry.featured,
        legacy=entry.legacy,
    )


def _senses(tokens: Mapping[str, str]) -> Senses:
    unknown = sorted(set(tokens.values()) - _LEVEL_BY_TOKEN.keys())
    if unknown:
        raise InvalidInputError.of("senses", f"there is no level {', '.join(unknown)}")
    try:
        return Senses(**{sense: _LEVEL_BY_TOKEN[token] for sense, token in tokens.items()})
    except TypeError as error:
        raise InvalidInputError.of("senses", "names a sense that does not exist") from error


def _theme(raw: Mapping[str, Any]) -> Theme:
    entry = _Theme.model_validate(raw)
    return Theme(slug=Slug(entry.slug), name=entry.name, aliases=tuple(entry.aliases))


def _platform(raw: Mapping[str, Any]) -> Platform:
    entry = _Platform.model_validate(raw)
    return Platform(slug=Slug(entry.slug), name=entry.name, url=entry.url, icon_url=entry.icon_url)


def _category(raw: Mapping[str, Any], vocabulary: Vocabulary) -> NewCategory:
    entry = _Category.model_validate(raw)
    _check_name(entry.slug, number=1)
    facts = CategoryFacts(
        name=entry.name,
        description=entry.description,
        active=entry.active,
        rules=resolved(raw_rules_of(entry.rules), vocabulary),
    )
    return NewCategory(slug=Slug(entry.slug), facts=facts, display_order=entry.display_order)


def _research(raw: Mapping[str, Any]) -> NewResearch:
    entry = _Research.model_validate(raw)
    _check_name(entry.slug, number=1)
    facts = ResearchFacts(
        title=entry.title,
        headline=entry.headline,
        sub_headline=entry.sub_headline,
        summary=entry.summary,
        key_findings=tuple(entry.key_findings),
        detail=entry.detail,
        category=entry.category,
        authors=tuple(entry.authors),
        source=entry.published_in,
        publish_date="" if entry.published_year is None else str(entry.published_year),
        doi=entry.doi,
        original_url=entry.original_url,
    )
    return NewResearch(slug=Slug(entry.slug), facts=facts)


def _check_name(slug: str, *, number: int) -> None:
    checks = Checks("")
    checks.slug("slug", slug)
    checks.number("id", number, at_least=1, at_most=2**31 - 1)
    checks.finish()


def _inconsistencies(catalogue: Catalogue) -> Iterable[str]:
    """Yield what is wrong between entries."""
    yield from _doubled("shows.toml: id", (show.id for show in catalogue.shows))
    for file, entries in (
        ("shows", catalogue.shows),
        ("themes", catalogue.themes),
        ("platforms", catalogue.platforms),
        ("categories", catalogue.categories),
        ("research", catalogue.research),
    ):
        yield from _doubled(f"{file}.toml: slug", (entry.slug for entry in entries))
    featured = [show.slug for show in catalogue.shows if show.featured]
    if len(featured) > 1:
        yield f"shows.toml: more than one is featured: {', '.join(featured)}"
    themes = {theme.slug for theme in catalogue.themes}
    platforms = {platform.slug for platform in catalogue.platforms}
    for show in catalogue.shows:
        unknown = [*(set(show.facts.themes) - themes), *(set(show.facts.platforms) - platforms)]
        if unknown:
            yield f"shows.toml: {show.slug}: there is no {', '.join(sorted(unknown))}"


def _doubled(what: str, values: Iterable[object]) -> Iterable[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{what} {value} is there {count} times"


def _told(problems: list[str]) -> Iterable[str]:
    yield from problems[:_PROBLEMS_TOLD_MAX]
    if len(problems) > _PROBLEMS_TOLD_MAX:
        yield f"and {len(problems) - _PROBLEMS_TOLD_MAX} more"
