"""The fields that category rules know: their names, operators, values and meanings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.condition import (
    AgesEqual,
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
    any_of,
)
from tantrum_catalog.domain.filter import PLAIN_TEXT_FIELDS, Match
from tantrum_catalog.domain.naming import Slug, slug_valid
from tantrum_catalog.domain.show import AGE_MAX, STIMULATION_MAX, STIMULATION_MIN, Level, Sense
from tantrum_catalog.domain.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRange:
    """A closed range of whole numbers; None is an open end."""

    minimum: int | None = None
    maximum: int | None = None


RuleValue: TypeAlias = str | tuple[str, ...] | ValueRange | bool


class Operator(StrEnum):
    """What a field does with a value."""

    EQUALS = "equals"
    IN = "in"
    CONTAINS = "contains"
    RANGE = "range"


class RuleField(StrEnum):
    """A field that rules know, by its own name."""

    TEXT = "text"
    AGES = "ages"
    STIMULATION = "stimulation"
    THEMES = "themes"
    PLATFORMS = "platforms"
    DIALOGUE = "dialogue"
    SCENE_FREQUENCY = "scene_frequency"
    SOUND_EFFECTS = "sound_effects"
    SOUND_EFFECT_TIME = "sound_effect_time"
    MUSIC_TEMPO = "music_tempo"
    MUSIC = "music"
    INTERACTIVITY = "interactivity"
    ANIMATION_STYLE = "animation_style"
    CREATOR = "creator"
    RELEASE_YEAR = "release_year"
    EPISODE_MINUTES = "episode_minutes"
    ONGOING = "ongoing"
    YOUTUBE = "youtube"
    FEATURED = "featured"


Canonical: TypeAlias = tuple[Operator, RuleValue] | None
"""The one form of a rule's operator and value; None when it wants anything at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRules:
    """How one field reads rules."""

    operators: tuple[Operator, ...]
    canonical: Callable[[Operator, RuleValue, Vocabulary | None], Canonical]
    """Raises `InvalidInputError` about `value` or a part of it."""
    condition: Callable[[Operator, RuleValue, Match], Condition]
    """Takes canonical operators and values only."""


def field_called(name: str) -> RuleField | None:
    """Return the field of that name, the old application's names included."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).lower()
    try:
        return RuleField(_OLD_NAMES.get(words, words))
    except ValueError:
        return None


_OLD_NAMES: Final[Mapping[str, str]] = {
    "stimulation_score": "stimulation",
    "age_group": "ages",
    "age_range": "ages",
    "available_on": "platforms",
    "search": "text",
    "dialogue_intensity": "dialogue",
    "sound_effects_level": "sound_effects",
    "total_sound_effect_time_level": "sound_effect_time",
    "total_music_level": "music",
    "interactivity_level": "interactivity",
    "interaction_level": "interactivity",
    "episode_length": "episode_minutes",
    "is_ongoing": "ongoing",
    "is_youtube_channel": "youtube",
    "is_featured": "featured",
}

_LEVEL_BY_WORD: Final[Mapping[str, Level]] = {
    **{level.token: level for level in Level},
    "moderate-low": Level.LOW_MODERATE,
    "high-moderate": Level.MODERATE_HIGH,
}

_ANY: Final = "any"
_UNKNOWN: Final = "unknown"

_TEXT_LENGTH_MAX: Final = 200

_RANGE = re.compile(
    r"(?P<low>\d{1,9})\s*(?:-\s*(?P<high>\d{1,9})\s*)?(?P<open>\+)?\s*(?:years?)?", re.IGNORECASE
)


def _number_rules(
    lower: int, upper: int, condition: Callable[[ValueRange], Condition]
) -> FieldRules:
    def canonical(operator: Operator, value: RuleValue, _: Vocabulary | None) -> Canonical:
        wanted = _within(_range_of(value), lower, upper)
        if operator is Operator.EQUALS and wanted.minimum != wanted.maximum:
            raise InvalidInputError.of("value", "must be one whole number")
        return Operator.RANGE, wanted

    return FieldRules(
        operators=(Operator.RANGE, Operator.EQUALS),
        canonical=canonical,
        condition=lambda operator, value, logic: condition(_range_of(value)),
    )


def _between(field: NumberField) -> Callable[[ValueRange], Condition]:
    return lambda value: Between(field=field, minimum=value.minimum, maximum=value.maximum)


def _ages_rules() -> FieldRules:
    def canonical(operator: Operator, value: RuleValue, _: Vocabulary | None) -> Canonical:
        if _wants_any(value):
            return None
        if operator is Operator.RANGE:
            return operator, _within(_range_of(value), 0, AGE_MAX)
        ages = _ages_of(value)
        if ages.minimum is None:
            raise InvalidInputError.of("value", "must be ages such as 3-8 or 8+")
        return operator, ages

    def condition(operator: Operator, value: RuleValue, _: Match) -> Condition:
        ages = _range_of(value)
        if operator is Operator.EQUALS and ages.minimum is not None:
            return AgesEqual(min_age=ages.minimum, max_age=ages.maximum)
        return AgesOverlap(min_age=ages.minimum, max_age=ages.maximum)

    return FieldRules(
        operators=(Operator.RANGE, Operator.EQUALS), canonical=canonical, condition=condition
    )


def _label_rules(field: LabelField) -> FieldRules:
    def canonical(operator: Operator, value: RuleValue, vocabulary: Vocabulary | None) -> Canonical:
        slugs = [_label_of(field, text, vocabulary) for text in _texts_of(operator, value)]
        if operator is Operator.IN:
            return operator, tuple(dict.fromkeys(slugs))
        return Operator.CONTAINS, slugs[0]

    def condition(operator: Operator, value: RuleValue, logic: Match) -> Condition:
        slugs = tuple(Slug(text) for text in _texts_of(operator, value))
        if logic is Match.ALL:
            return HasAll(field=field, slugs=slugs)
        return HasAny(field=field, slugs=slugs)

    return FieldRules(
        operators=(Operator.CONTAINS, Operator.IN, Operator.EQUALS),
        canonical=canonical,
        condition=condition,
    )


def _sense_rules(sense: Sense) -> FieldRules:
    def canonical(operator: Operator, value: RuleValue, _: Vocabulary | None) -> Canonical:
        if _wants_any(value):
            return None
        words = [_level_word_of(text) for text in _texts_of(operator, value)]
        return operator, tuple(dict.fromkeys(words)) if operator is Operator.IN else words[0]

    def condition(operator: Operator, value: RuleValue, _: Match) -> Condition:
        words = _texts_of(operator, value)
        return SenseIn(
            sense=sense,
            levels=frozenset(_LEVEL_BY_WORD[word] for word in words if word != _UNKNOWN),
            unknown=_UNKNOWN in words,
        )

    return FieldRules(
        operators=(Operator.EQUALS, Operator.IN), canonical=canonical, condition=condition
    )


def _text_rules(fields: tuple[TextField, ...]) -> FieldRules:
    def canonical(operator: Operator, value: RuleValue, _: Vocabulary | None) -> Canonical:
        texts = [text.strip() for text in _texts_of(operator, value)]
        if any(not text or len(text) > _TEXT_LENGTH_MAX or "\x00" in text for text in texts):
            raise InvalidInputError.of("value", f"must be 1 to {_TEXT_LENGTH_MAX} characters")
        return operator, tuple(dict.fromkeys(texts)) if operator is Operator.IN else texts[0]

    def condition(operator: Operator, value: RuleValue, _: Match) -> Condition:
        texts = _texts_of(operator, value)
        return any_of(TextContains(fields=fields, text=text) for text in texts)

    return FieldRules(
        operators=(Operator.CONTAINS, Operator.IN), canonical=canonical, condition=condition
    )


def _flag_rules(field: FlagField) -> FieldRules:
    def canonical(operator: Operator, value: RuleValue, _: Vocabulary | None) -> Canonical:
        match value.strip().lower() if isinstance(value, str) else value:
            case True | "true":
                return operator, True
            case False | "false":
                return operator, False
        raise InvalidInputError.of("value", "must be true or false")

    return FieldRules(
        operators=(Operator.EQUALS,),
        canonical=canonical,
        condition=lambda operator, value, logic: Flag(field=field, value=value is True),
    )


FIELDS: Final[Mapping[RuleField, FieldRules]] = {
    RuleField.TEXT: _text_rules(PLAIN_TEXT_FIELDS),
    RuleField.AGES: _ages_rules(),
    RuleField.STIMULATION: _number_rules(
        STIMULATION_MIN, STIMULATION_MAX, _between(NumberField.STIMULATION)
    ),
    RuleField.THEMES: _label_rules(LabelField.THEMES),
    RuleField.PLATFORMS: _label_rules(LabelField.PLATFORMS),
    **{RuleField(sense.value): _sense_rules(sense) for sense in Sense},
    RuleField.ANIMATION_STYLE: _text_rules((TextField.ANIMATION_STYLE,)),
    RuleField.CREATOR: _text_rules((TextField.CREATOR,)),
    RuleField.RELEASE_YEAR: _number_rules(1900, 2100, _between(NumberField.RELEASE_YEAR)),
    RuleField.EPISODE_MINUTES: _number_rules(1, 600, _between(NumberField.EPISODE_MINUTES)),
    **{RuleField(flag.value): _flag_rules(flag) for flag in FlagField},
}


def _wants_any(value: RuleValue) -> bool:
    texts = (value,) if isinstance(value, str) else value
    return isinstance(texts, tuple) and any(text.strip().lower() == _ANY for text in texts)


def _range_of(value: RuleValue) -> ValueRange:
    """Read a range, or a text such as `1-2`, `3` or `8+`."""
    if isinstance(value, ValueRange):
        return value
    match = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise InvalidInputError.of("value", "must be a range such as 1-2 or {min, max}")
    low, high = int(match["low"]), int(match["high"] or match["low"])
    return ValueRange(minimum=low, maximum=None if match["open"] else high)


def _within(wanted: ValueRange, lower: int, upper: int) -> ValueRange:
    """Cut *wanted* to where values can lie at all, which changes nothing that it selects."""
    low, high = wanted.minimum, wanted.maximum
    if low is not None and high is not None and low > high:
        raise InvalidInputError.of("value.max", "must not be below min")
    if (low is not None and low > upper) or (high is not None and high < lower):
        raise InvalidInputError.of("value", f"must lie between {lower} and {upper}")
    return ValueRange(
        minimum=None if low is None else max(low, lower),
        maximum=None if high is None else min(high, upper),
    )


def _ages_of(value: RuleValue) -> ValueRange:
    """Read exact ages; of several parts, as in `7-12, 12+`, what they span."""
    if not isinstance(value, str):
        return _within(_range_of(value), 0, AGE_MAX)
    parts = [_within(_range_of(part), 0, AGE_MAX) for part in value.split(",")]
    highs = [part.maximum for part in parts]
    return ValueRange(
        minimum=min(part.minimum or 0 for part in parts),
        maximum=None if None in highs else max(high for high in highs if high is not None),
    )


def _texts_of(operator: Operator, value: RuleValue) -> tuple[str, ...]:
    """Read one text, or at least one for `in`."""
    if operator is Operator.IN and isinstance(value, str):
        return (value,)
    if operator is Operator.IN and isinstance(value, tuple) and value:
        return value
    if operator is not Operator.IN and isinstance(value, str):
        return (value,)
    wanted = "a list of texts, at least one" if operator is Operator.IN else "a text"
    raise InvalidInputError.of("value", f"must be {wanted}")


def _label_of(field: LabelField, text: str, vocabulary: Vocabulary | None) -> Slug:
    if vocabulary is None:
        slug = Slug(text) if slug_valid(text) else None
    elif field is LabelField.THEMES:
        slug = vocabulary.theme(text)
    else:
        slug = vocabulary.platform(text)
    if slug is None:
        raise InvalidInputError.of("value", f"there is nothing called {text!r} among {field}")
    return slug


def _level_word_of(text: str) -> str:
    """Read a level whatever its case and dashes; the old "Medium" is moderate."""
    word = "-".join(re.findall(r"[a-z]+", text.lower())).replace("medium", "moderate")
    if word == _UNKNOWN:
        return word
    if word not in _LEVEL_BY_WORD:
        raise InvalidInputError.of("value", f"there is no level {text!r}")
    return _LEVEL_BY_WORD[word].token
