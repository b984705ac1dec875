"""
From protobuf to what the API answers with.

Written by hand: `json_format` takes 5 to 10 times as long, on every miss.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from tvtantrum.catalog.v1 import (
    catalog_service_pb2,
    category_pb2,
    filter_pb2,
    research_pb2,
    show_pb2,
)
from tvtantrum.search.v1 import search_service_pb2

from tantrum_gateway import resources

LEVELS: Final[tuple[resources.Level | None, ...]] = (
    None,
    "low",
    "low-moderate",
    "moderate",
    "moderate-high",
    "high",
)
"""Tokens by number of `show_pb2.Level`."""

SENSES: Final = (
    "dialogue",
    "sceneFrequency",
    "soundEffects",
    "soundEffectTime",
    "musicTempo",
    "music",
    "interactivity",
)
"""Names by number of `show_pb2.Sense`, less one; also the order to show them in."""

COVER_WIDTH: Final = 400
COVER_HEIGHT: Final = 600

_HighlightField = Literal["name", "alias", "creator", "theme", "description"]
_HIGHLIGHT_FIELDS: Final[dict[int, _HighlightField]] = {
    search_service_pb2.HIGHLIGHT_FIELD_NAME: "name",
    search_service_pb2.HIGHLIGHT_FIELD_ALIAS: "alias",
    search_service_pb2.HIGHLIGHT_FIELD_CREATOR: "creator",
    search_service_pb2.HIGHLIGHT_FIELD_THEME: "theme",
    search_service_pb2.HIGHLIGHT_FIELD_DESCRIPTION: "description",
}
_SUGGESTION_KINDS: Final[dict[int, Literal["show", "theme"]]] = {
    search_service_pb2.SUGGESTION_KIND_SHOW: "show",
    search_service_pb2.SUGGESTION_KIND_THEME: "theme",
}


def show(message: show_pb2.Show) -> resources.Show:
    """Return the show as the API has it."""
    return resources.Show(
        id=message.id,
        slug=message.slug,
        name=message.name,
        description=message.description,
        ages=resources.Ages(
            min=message.min_age, max=message.max_age if message.HasField("max_age") else None
        ),
        stimulation=message.stimulation,
        senses=senses(message.senses),
        animation_style=message.animation_style or None,
        themes=[resources.Label(slug=one.slug, name=one.name) for one in message.themes],
        platforms=[resources.Label(slug=one.slug, name=one.name) for one in message.platforms],
        episode_minutes=message.episode_minutes if message.HasField("episode_minutes") else None,
        creator=message.creator or None,
        release_year=message.release_year if message.HasField("release_year") else None,
        end_year=message.end_year if message.HasField("end_year") else None,
        ongoing=message.ongoing,
        seasons=message.seasons if message.HasField("seasons") else None,
        youtube=message.youtube,
        cover=_cover(message),
        featured=message.featured,
        revision=message.revision,
        update_time=_time(message.update_time),
    )


def senses(message: show_pb2.Senses) -> resources.Senses:
    """Return the seven levels. A level that is newer than this gateway reads as unknown."""
    return resources.Senses(
        dialogue=_level(message.dialogue),
        scene_frequency=_level(message.scene_frequency),
        sound_effects=_level(message.sound_effects),
        sound_effect_time=_level(message.sound_effect_time),
        music_tempo=_level(message.music_tempo),
        music=_level(message.music),
        interactivity=_level(message.interactivity),
    )


def comparison(shows: list[resources.Show]) -> resources.Comparison:
    """Return the shows side by side, sense by sense."""
    by_sense = zip(SENSES, resources.Senses.__struct_fields__, strict=True)
    return resources.Comparison(
        shows=shows,
        senses=[
            resources.SenseComparison(
                sense=name, levels=[getattr(show.senses, field) for show in shows]
            )
            for name, field in by_sense
        ],
    )


def category(message: category_pb2.Category) -> resources.Category:
    """Return the category as the API has it."""
    return resources.Category(
        id=message.id,
        slug=message.slug,
        name=message.name,
        description=message.description,
        display_order=message.display_order,
        active=message.active,
        rules=_rules(message.rules),
        show_count=message.show_count,
        revision=message.revision,
        update_time=_time(message.update_time),
    )


def home_category(row: catalog_service_pb2.HomeRow) -> resources.HomeCategory:
    """Return a row of the home page with its shows."""
    whole = category(row.category)
    return resources.HomeCategory(
        **msgspec.structs.asdict(whole),
        shows=[show(one) for one in row.shows],
    )


def theme(message: show_pb2.Theme) -> resources.Theme:
    """Return the theme as the API has it."""
    return resources.Theme(
        slug=message.slug,
        name=message.name,
        aliases=list(message.aliases),
        show_count=message.show_count,
    )


def platform(message: show_pb2.Platform) -> resources.Platform:
    """Return the platform as the API has it."""
    return resources.Platform(
        slug=message.slug,
        name=message.name,
        url=message.url or None,
        icon_url=message.icon_url or None,
        show_count=message.show_count,
    )


def research(message: research_pb2.Research) -> resources.Research:
    """Return the research summary as the API has it."""
    return resources.Research(
        id=message.id,
        slug=message.slug,
        title=message.title,
        headline=message.headline or None,
        sub_headline=message.sub_headline or None,
        summary=message.summary,
        key_findings=list(message.key_findings),
        detail=message.detail or None,
        category=message.category,
        authors=list(message.authors),
        source=message.source or None,
        publish_date=message.publish_date or None,
        doi=message.doi or None,
        original_url=message.original_url or None,
        image_url=message.image_url or None,
        revision=message.revision,
        update_time=_time(message.update_time),
    )


def hit(message: search_service_pb2.SearchHit) -> resources.Hit:
    """Return the hit; highlights in fields that this gateway does not know are left out."""
    return resources.Hit(
        show=show(message.show),
        highlights=[
            resources.Highlight(
                field=_HIGHLIGHT_FIELDS[one.field],
                text=one.text,
                spans=[resources.Span(start=span.start, end=span.end) for span in one.spans],
            )
            for one in message.highlights
            if one.field in _HIGHLIGHT_FIELDS
        ],
    )


def suggestions(message: search_service_pb2.SuggestShowsResponse) -> resources.Suggestions:
    """Return the suggestions; kinds that this gateway does not know are left out."""
    return resources.Suggestions(
        suggestions=[
            resources.Suggestion(kind=_SUGGESTION_KINDS[one.kind], text=one.text, slug=one.slug)
            for one in message.suggestions
            if one.kind in _SUGGESTION_KINDS
        ],
        degraded=False,
    )


def _level(number: int) -> resources.Level | None:
    return LEVELS[number] if number < len(LEVELS) else None


def _cover(message: show_pb2.Show) -> resources.Cover:
    if message.HasField("image"):
        image = message.image
        return resources.Cover(url=f"/images/{image.id}", width=image.width, height=image.height)
    return resources.Cover(
        url=f"/covers/{message.slug}.svg", width=COVER_WIDTH, height=COVER_HEIGHT
    )


def _rules(message: category_pb2.CategoryRules) -> resources.Rules:
    return resources.Rules(
        logic="OR" if message.logic == filter_pb2.MATCH_ANY else "AND",
        rules=[
            resources.Rule(field=one.field, operator=one.operator, value=_rule_value(one))
            for one in message.rules
        ],
    )


def _rule_value(
    message: category_pb2.CategoryRule,
) -> str | list[str] | resources.RuleRange | bool | None:
    match message.WhichOneof("value"):
        case "text":
            return message.text
        case "texts":
            return list(message.texts.values)
        case "range":
            bounds = message.range
            return resources.RuleRange(
                min=bounds.min if bounds.HasField("min") else None,
                max=bounds.max if bounds.HasField("max") else None,
            )
        case "flag":
            return message.flag
        case None:
            return None


def _time(message: Timestamp) -> str:
    return message.ToJsonString()
