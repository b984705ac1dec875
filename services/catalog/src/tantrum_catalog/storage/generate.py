"""
Makes a catalogue larger, for measurements and for tests of how queries are planned.

It is here, beside the columns that it fills, since tests and benchmarks both need it, and
no command offers it.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from tantrum_kit.postgres import Database

from tantrum_catalog.domain.change import Revision
from tantrum_catalog.storage.postgres_revisions import Writes

# Each group of columns comes from another show, so that every rule between columns of a
# group holds still, and the groups' values combine in new ways.
_PICKED: Final = {
    "text": (
        *("aliases", "description", "lower_description", "animation_style"),
        *("lower_animation_style", "legacy"),
    ),
    "age": ("min_age", "max_age", "stimulation"),
    "sense": (
        *("dialogue", "scene_frequency", "sound_effects", "sound_effect_time"),
        *("music_tempo", "music", "interactivity"),
    ),
    "label": ("theme_slugs", "platform_slugs", "youtube", "episode_minutes"),
    "made": (*("creator", "lower_creator", "release_year", "end_year", "ongoing", "seasons"),),
}

_COLUMNS: Final = [column for columns in _PICKED.values() for column in columns]
_VALUES: Final = [f"{group}.{column}" for group, columns in _PICKED.items() for column in columns]

_PLACE: Final = "mod(abs(hashtextextended('%s' || n, $2)), (SELECT count(*) FROM base))"
_JOINS: Final = "\n".join(
    f"JOIN base AS {group} ON {group}.place = {_PLACE % group}" for group in _PICKED
)

_SHOWS: Final = f"""
WITH base AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY id) - 1 AS place, * FROM catalog.show
    WHERE cardinality(theme_slugs) > 0
),
made AS (
    INSERT INTO catalog.show (
        slug, name, sort_name, lower_name, revision, update_time, {", ".join(_COLUMNS)}
    )
    SELECT
        left(text.slug, 90) || '-g' || $2::bigint || '-' || n,
        text.name || ' ' || n, text.sort_name || ' ' || n, text.lower_name || ' ' || n,
        $3, $4, {", ".join(_VALUES)}
    FROM generate_series(1, $1::int) AS n
    {_JOINS}
    RETURNING id, slug, theme_slugs, platform_slugs
),
themed AS (
    INSERT INTO catalog.show_theme (show_id, position, theme_slug)
    SELECT made.id, label.position, label.slug
    FROM made, unnest(made.theme_slugs) WITH ORDINALITY AS label (slug, position)
),
placed AS (
    INSERT INTO catalog.show_platform (show_id, position, platform_slug)
    SELECT made.id, label.position, label.slug
    FROM made, unnest(made.platform_slugs) WITH ORDINALITY AS label (slug, position)
)
INSERT INTO catalog.change (revision, ordinal, kind, type, id, slug, commit_time)
SELECT $3, id, 'show', 'put', id, slug, $4 FROM made
"""  # noqa: S608 - from constants

_CATEGORIES: Final = """
WITH made AS (
    INSERT INTO catalog.category (
        slug, name, sort_name, display_order, active, rules, revision, create_time, update_time
    )
    SELECT
        'generated-' || $2::bigint || '-' || n, 'Generated ' || n, 'generated ' || n, n,
        mod(abs(hashtextextended('active' || n, $2)), 100) = 0, '{"logic": "AND", "rules": []}',
        $3, $4, $4
    FROM generate_series(1, $1::int) AS n
    RETURNING id, slug
)
INSERT INTO catalog.change (revision, ordinal, kind, type, id, slug, commit_time)
SELECT $3, id, 'category', 'put', id, slug, $4 FROM made
"""

# Made anew over all rows, indexes and references take a third of the time that they take
# row by row.
_INDEXES: Final = """
SELECT format('DROP INDEX %s', indexrelid::regclass) AS drop, pg_get_indexdef(indexrelid) AS make
FROM pg_index
WHERE indrelid = 'catalog.show'::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_REFERENCES: Final = """
SELECT
    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
    format(
        'ALTER TABLE %s ADD CONSTRAINT %I %s',
        conrelid::regclass, conname, pg_get_constraintdef(oid)
    ) AS make
FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'catalog'::regnamespace
"""


async def generate(
    primary: Database, *, shows: int = 0, categories: int = 0, seed: int = 1
) -> Revision:
    """
    Add so many shows and categories, and return the revision that has them.

    They keep every rule of the catalogue. The shows are spread as those that are there,
    of which at least one has a theme; one category in a hundred is active. The same
    *seed*, 0 or more, makes the same ones of the same catalogue; to be called again on
    that, it needs another, as slugs would be taken.
    """
    revision = Revision(0)
    for sql, count in ((_SHOWS, shows), (_CATEGORIES, categories)):
        if count:
            revision = await _written(primary, sql, count, seed)
    async with primary.connection() as connection:
        # The statistics of before would have the planner think of few rows.
        await connection.execute("VACUUM ANALYZE catalog.show, catalog.show_theme")
        await connection.execute("VACUUM ANALYZE catalog.category, catalog.change")
    return revision


async def _written(primary: Database, sql: str, count: int, seed: int) -> Revision:
    writes = Writes(primary, now=lambda: dt.datetime.now(dt.UTC), batches_kept=1_000_000)
    async with writes.begun() as write:
        connection = write.connection
        removed = [*await connection.fetch(_INDEXES), *await connection.fetch(_REFERENCES)]
        for one in removed:
            await connection.execute(one["drop"])
        await connection.execute(sql, count, seed, write.revision, write.time)
        for one in removed:
            await connection.execute(one["make"])
        write.changed_elsewhere()
        return write.revision
