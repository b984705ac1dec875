"""The rules of a category in the old application's language (`docs/category-rules.md`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tvtantrum.catalog.v1 import category_pb2, filter_pb2

from tantrum_gateway.old_api.shapes import PLAIN

_OLD_FIELDS: Final = {
    "text": "search",
    "stimulation": "stimulationScore",
    "platforms": "availableOn",
    "dialogue": "dialogueIntensity",
    "scene_frequency": "sceneFrequency",
    "sound_effects": "soundEffectsLevel",
    "sound_effect_time": "totalSoundEffectTimeLevel",
    "music_tempo": "musicTempo",
    "music": "totalMusicLevel",
    "interactivity": "interactivityLevel",
    "animation_style": "animationStyle",
    "release_year": "releaseYear",
    "episode_minutes": "episodeLength",
    "ongoing": "isOngoing",
    "youtube": "isYoutubeChannel",
    "featured": "isFeatured",
}
"""Names by those of the catalogue, where they differ. Those of the old columns come after the
first few, which are all that the old application knew."""

_SENSES: Final = frozenset(
    (
        *("dialogue", "scene_frequency", "sound_effects", "sound_effect_time"),
        *("music_tempo", "music", "interactivity"),
    )
)
_WHOLE_RANGES: Final = {"stimulation": (1, 5), "ages": (0, 18)}
"""What stands for an open end, where the old front end wants a number."""


def old_config(
    rules: category_pb2.CategoryRules, theme_name_by_slug: Mapping[str, str]
) -> dict[str, PLAIN]:
    """Return the rules as an object of the old `filter_config`."""
    return {
        "logic": "OR" if rules.logic == filter_pb2.MATCH_ANY else "AND",
        "rules": [_old_rule(rule, theme_name_by_slug) for rule in rules.rules],
    }


def _old_rule(
    rule: category_pb2.CategoryRule, theme_name_by_slug: Mapping[str, str]
) -> dict[str, PLAIN]:
    field = _OLD_FIELDS.get(rule.field, rule.field)
    value = _value(rule, _word_of(rule.field, theme_name_by_slug))
    if rule.field == "ages":
        field = "ageGroup" if rule.operator == "equals" else "ageRange"
        if rule.operator == "equals":
            value = _age_text(rule.range)
    return {"field": field, "operator": rule.operator, "value": value}


def _word_of(field: str, theme_name_by_slug: Mapping[str, str]) -> Callable[[str], str]:
    """Return what turns a word of the catalogue into the old one."""
    if field == "themes":
        return lambda slug: theme_name_by_slug.get(slug, slug)
    if field in _SENSES:
        return str.title
    return str


def _value(rule: category_pb2.CategoryRule, old_word: Callable[[str], str]) -> PLAIN:
    match rule.WhichOneof("value"):
        case "text":
            return old_word(rule.text)
        case "texts":
            return [old_word(text) for text in rule.texts.values]
        case "range":
            lowest, highest = _WHOLE_RANGES.get(rule.field, (None, None))
            ends = {
                "min": rule.range.min if rule.range.HasField("min") else lowest,
                "max": rule.range.max if rule.range.HasField("max") else highest,
            }
            return {name: end for name, end in ends.items() if end is not None}
        case "flag":
            return rule.flag
        case None:
            return None


def _age_text(ages: category_pb2.CategoryRuleRange) -> str:
    return f"{ages.min}-{ages.max}" if ages.HasField("max") else f"{ages.min}+"
