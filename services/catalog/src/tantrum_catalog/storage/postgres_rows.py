"""Shows as rows of `catalog.show`, in both directions."""

from __future__ import annotations

import json
from typing import Final

from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.naming import Slug, lowered, sort_name_of
from tantrum_catalog.domain.show import (
    Image,
    Label,
    Level,
    Sense,
    Senses,
    Show,
    ShowFacts,
    ShowId,
)
from tantrum_catalog.storage.pool import Record

_COPIED: Final = (
    "name",
    "aliases",
    "description",
    "min_age",
    "max_age",
    "stimulation",
    "animation_style",
    "episode_minutes",
    "creator",
    "release_year",
    "end_year",
    "ongoing",
    "seasons",
    "youtube",
)
"""What has the same name and value in `ShowFacts`."""

_SENSES: Final = tuple(sense.value for sense in Sense)

FACT_COLUMNS: Final = (
    *_COPIED,
    *_SENSES,
    "theme_slugs",
    "platform_slugs",
    "sort_name",
    "lower_name",
    "lower_description",
    "lower_creator",
    "lower_animation_style",
)
"""The columns that `fact_values` has values for, in its order."""

_READ_COLUMNS: Final = (
    *("id", "slug", "featured", "legacy", "revision", "update_time"),
    *_COPIED,
    *_SENSES,
    *("theme_slugs", "platform_slugs", "image_id"),
)


def _names_sql(vocabulary: str) -> str:
    return f"""
    ARRAY(
        SELECT entry.name
        FROM unnest(s.{vocabulary}_slugs) WITH ORDINALITY AS label (slug, position)
        JOIN catalog.{vocabulary} AS entry ON entry.slug = label.slug
        ORDER BY label.position
    ) AS {vocabulary}_names"""  # noqa: S608 - one of two constants


SHOW_COLUMNS: Final = f"""
    {", ".join(f"s.{column}" for column in _READ_COLUMNS)},
    image.media_type, image.width, image.height,
    {_names_sql("theme")},
    {_names_sql("platform")}
"""
"""What `show_of` needs, of `catalog.show AS s` and `IMAGE_JOIN`."""


def placeholders(first: int, count: int) -> str:
    """Return *count* placeholders from number *first* on."""
    return ", ".join(f"${number}" for number in range(first, first + count))


IMAGE_JOIN: Final = "LEFT JOIN catalog.image ON image.id = s.image_id"


def show_of(record: Record) -> Show:
    """Return the show of a record with `SHOW_COLUMNS`."""
    themes, platforms = _labels(record, "theme"), _labels(record, "platform")
    return Show(
        id=ShowId(record["id"]),
        slug=Slug(record["slug"]),
        facts=_facts_of(record),
        themes=themes,
        platforms=platforms,
        featured=record["featured"],
        image=_image_of(record),
        legacy=json.loads(record["legacy"]),
        revision=Revision(record["revision"]),
        update_time=record["update_time"],
    )


def _facts_of(record: Record) -> ShowFacts:
    levels = {sense: None if record[sense] is None else Level(record[sense]) for sense in _SENSES}
    copied = {name: record[name] for name in _COPIED if name != "aliases"}
    return ShowFacts(
        **copied,
        aliases=tuple(record["aliases"]),
        senses=Senses(**levels),
        themes=tuple(record["theme_slugs"]),
        platforms=tuple(record["platform_slugs"]),
    )


def _labels(record: Record, vocabulary: str) -> tuple[Label, ...]:
    slugs, names = record[f"{vocabulary}_slugs"], record[f"{vocabulary}_names"]
    return tuple(Label(slug=slug, name=name) for slug, name in zip(slugs, names, strict=True))


def _image_of(record: Record) -> Image | None:
    if record["image_id"] is None:
        return None
    return Image(
        id=record["image_id"],
        media_type=record["media_type"],
        width=record["width"],
        height=record["height"],
    )


def fact_values(facts: ShowFacts) -> list[object]:
    """Return the values of `FACT_COLUMNS`."""
    return [
        *(getattr(facts, name) for name in _COPIED),
        *(getattr(facts.senses, sense) for sense in _SENSES),
        facts.themes,
        facts.platforms,
        sort_name_of(facts.name),
        lowered(facts.name),
        lowered(facts.description),
        lowered(facts.creator),
        lowered(facts.animation_style),
    ]
