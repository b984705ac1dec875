"""What a list of shows is to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.condition import (
    AgesOverlap,
    Between,
    Condition,
    Flag,
    FlagField,
    HasAll,
    HasAny,
    LabelField,
    NumberField,
    SenseIn,
    TextContains,
    TextField,
    all_of,
    any_of,
)
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.show import AGE_MAX, STIMULATION_MAX, STIMULATION_MIN, Level, Sense

PLAIN_TEXT_FIELDS: Final = (TextField.NAME, TextField.DESCRIPTION, TextField.CREATOR)
"""What a plain text search looks at."""

_LABELS_MAX: Final = 50
_TEXTS_MAX: Final = 20
_TEXT_LENGTH_MAX: Final = 200


class Match(StrEnum):
    """How several values of one field combine."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseWanted:
    """The levels that a sense may have; *unknown* lets it be unknown too."""

    sense: Sense
    levels: frozenset[Level]
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFilter:
    """
    Selects shows; what is None or empty does not restrict, all else must hold.

    The fields are those of the proto `ShowFilter`, which says what they mean.
    Making one raises `InvalidInputError` with all that is wrong.
    """

    text: str = ""
    min_age: int | None = None
    max_age: int | None = None
    min_stimulation: int | None = None
    max_stimulation: int | None = None
    themes: tuple[str, ...] = ()
    theme_match: Match = Match.ALL
    platforms: tuple[str, ...] = ()
    senses: tuple[SenseWanted, ...] = ()
    animation_styles: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    min_release_year: int | None = None
    max_release_year: int | None = None
    min_episode_minutes: int | None = None
    max_episode_minutes: int | None = None
    ongoing: bool | None = None
    youtube: bool | None = None
    featured: bool | None = None

    def __post_init__(self) -> None:
        checks = Checks("filter")
        self._check_texts(checks)
        self._check_ranges(checks)
        self._check_senses(checks)
        checks.finish()

    def condition(self) -> Condition:
        """Return the condition that shows have to meet."""
        return all_of([*self._texts(), *self._ranges(), *self._labels(), *self._facts()])

    def _check_texts(self, checks: Checks) -> None:
        checks.line("text", self.text, at_most=_TEXT_LENGTH_MAX)
        for field in ("animation_styles", "creators"):
            checks.lines(field, getattr(self, field), count=_TEXTS_MAX, at_most=_TEXT_LENGTH_MAX)
        for field in ("themes", "platforms"):
            checks.lines(field, getattr(self, field), count=_LABELS_MAX, at_most=_TEXT_LENGTH_MAX)

    def _check_ranges(self, checks: Checks) -> None:
        for end in ("min", "max"):
            checks.number(f"{end}_age", getattr(self, f"{end}_age"), at_least=0, at_most=AGE_MAX)
            checks.number(
                f"{end}_stimulation",
                getattr(self, f"{end}_stimulation"),
                at_least=STIMULATION_MIN,
                at_most=STIMULATION_MAX,
            )
        for name in ("age", "stimulation", "release_year", "episode_minutes"):
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            checks.ordered(f"max_{name}", low, high, low_field=f"min_{name}")

    def _check_senses(self, checks: Checks) -> None:
        seen: set[Sense] = set()
        for index, wanted in enumerate(self.senses):
            path = f"senses[{index}]"
            checks.require(
                bool(wanted.levels) or wanted.unknown, f"{path}.levels", "must not be empty"
            )
            checks.require(wanted.sense not in seen, f"{path}.sense", "is named twice")
            seen.add(wanted.sense)

    def _texts(self) -> Iterator[Condition]:
        if self.text:
            yield TextContains(fields=PLAIN_TEXT_FIELDS, text=self.text)
        for field, texts in (
            (TextField.ANIMATION_STYLE, self.animation_styles),
            (TextField.CREATOR, self.creators),
        ):
            if texts:
                yield any_of(TextContains(fields=(field,), text=text) for text in texts)

    def _ranges(self) -> Iterator[Condition]:
        if self.min_age is not None or self.max_age is not None:
            yield AgesOverlap(min_age=self.min_age, max_age=self.max_age)
        for field in NumberField:
            low, high = getattr(self, f"min_{field}"), getattr(self, f"max_{field}")
            if low is not None or high is not None:
                yield Between(field=field, minimum=low, maximum=high)

    def _labels(self) -> Iterator[Condition]:
        themes = tuple(Slug(text) for text in self.themes)
        if themes and self.theme_match is Match.ALL:
            yield HasAll(field=LabelField.THEMES, slugs=themes)
        elif themes:
            yield HasAny(field=LabelField.THEMES, slugs=themes)
        if self.platforms:
            platforms = tuple(Slug(text) for text in self.platforms)
            yield HasAny(field=LabelField.PLATFORMS, slugs=platforms)

    def _facts(self) -> Iterator[Condition]:
        for wanted in self.senses:
            yield SenseIn(sense=wanted.sense, levels=wanted.levels, unknown=wanted.unknown)
        for field in FlagField:
            value = getattr(self, field.value)
            if value is not None:
                yield Flag(field=field, value=value)
