"""Shows as rows of `catalog.show`, in both directions."""

from __future__ import annotations

import json
from typing import Final

from tantrum_kit.postgres import Record

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
    {vocabulary}_names AS (
        SELECT s.id, array_agg(entry.name ORDER BY label.position) AS {vocabulary}_names
        FROM chosen AS s
        CROSS JOIN unnest(s.{vocabulary}_slugs) WITH ORDINALITY AS label (slug, position)
        JOIN catalog.{vocabulary} AS entry ON entry.slug = label.slug
        GROUP BY s.id
    )"""  # noqa: S608 - one of two constants


_NAMES: Final = f"{_names_sql('theme')}, {_names_sql('platform')}"
_COLUMNS: Final = ", ".join(f"s.{column}" for column in _READ_COLUMNS)

HEAD: Final = "(SELECT revision FROM catalog.head LIMIT 1) AS head"
"""
The one row of the head. The limit is for the planner, which would else think of thousands
and take a look-up for work enough to compile it.
"""


def shows_sql(chosen: str, *, total: str = "NULL", order: str = "s.id") -> str:
    """
    Return the statement that reads all of the shows that the query *chosen* finds.

    It also reads the catalogue's revision, in the same snapshot: a left join from the
    head gives that even where no show is found. The names of themes and platforms are
    joined for all shows at once.
    """
    return f"""
    WITH chosen AS MATERIALIZED ({chosen}),
    {_NAMES}
    SELECT
        head.revision AS head_revision, {total} AS total, {_COLUMNS},
        image.media_type, image.width, image.height, theme_names, platform_names
    FROM {HEAD}
    LEFT JOIN chosen AS s ON true
    LEFT JOIN catalog.image ON image.id = s.image_id
    LEFT JOIN theme_names ON theme_names.id = s.id
    LEFT JOIN platform_names ON platform_names.id = s.id
    ORDER BY {order}
    """  # noqa: S608 - from constants, with placeholders for what is asked


def placeholders(first: int, count: int) -> str:
    """Return *count* placeholders from number *first* on."""
    return ", ".join(f"${number}" for number in range(first, first + count))


def show_of(record: Record) -> Show:
    """Return the show of a record of `shows_sql`."""
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
    # The rules hold for every row, as CHECKs. To check them again would take as long as
    # all else that a page needs here.
    facts = object.__new__(ShowFacts)
    for name in _COPIED:
        object.__setattr__(facts, name, record[name])
    levels = {sense: None if record[sense] is None else Level(record[sense]) for sense in _SENSES}
    object.__setattr__(facts, "aliases", tuple(record["aliases"]))
    object.__setattr__(facts, "senses", Senses(**levels))
    object.__setattr__(facts, "themes", tuple(record["theme_slugs"]))
    object.__setattr__(facts, "platforms", tuple(record["platform_slugs"]))
    return facts


def _labels(record: Record, vocabulary: str) -> tuple[Label, ...]:
    slugs, names = record[f"{vocabulary}_slugs"], record[f"{vocabulary}_names"] or ()
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
