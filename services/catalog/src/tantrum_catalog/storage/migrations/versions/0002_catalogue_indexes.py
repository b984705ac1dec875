"""
The indexes that serve filters and orders.

Made `CONCURRENTLY`, so that reads and writes go on meanwhile; each is dropped first, for
an attempt that failed leaves an invalid index behind.

Five are the seed plan's: stimulation, ages, themes, full text, and the categories' order.
GIN indexes put each write in its place at once: writes are few, and a list of what is
pending would have every read look through it, or the planner turn away from the index.
The `show_by_…` ones are the orders of lists: a page is one short walk along them. Their keys
are turned so that all ascend, which lets one row comparison find where a page starts.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEXES = {
    "show_stimulation": "catalog.show (stimulation, id)",
    "show_ages": "catalog.show (min_age, max_age)",
    "show_theme_slugs": "catalog.show USING gin (theme_slugs) WITH (fastupdate = off)",
    "show_search_vector": "catalog.show USING gin (search_vector) WITH (fastupdate = off)",
    "category_active_display_order": "catalog.category (active, display_order, sort_name, id)",
    "show_by_name": "catalog.show (sort_name, id)",
    "show_by_popularity": "catalog.show ((NOT featured), sort_name, id)",
    "show_by_stimulation_down": "catalog.show ((-stimulation), id)",
    "show_by_release_year": "catalog.show ((coalesce(release_year, 32767)), id)",
    "show_by_release_year_down": "catalog.show ((coalesce(-release_year, 32767)), id)",
    "show_by_interactivity": "catalog.show ((coalesce(interactivity, 32767)), id)",
    "show_by_interactivity_down": "catalog.show ((coalesce(-interactivity, 32767)), id)",
}


# Substrings of three letters or more, which no other index finds. The extension is one that a
# database's owner may create; where it is not to be had, those filters visit every show.
_EXTENSION = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE WARNING 'pg_trgm cannot be created: filters on text will be slow in a large catalogue';
END
$$
"""

_HAS_EXTENSION = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"

_TEXTS = """
catalog.show USING gin (
    lower_name gin_trgm_ops, lower_description gin_trgm_ops,
    lower_creator gin_trgm_ops, lower_animation_style gin_trgm_ops
) WITH (fastupdate = off)
"""


def upgrade() -> None:
    indexes = dict(_INDEXES)
    with op.get_context().autocommit_block():
        op.execute(_EXTENSION)
        if op.get_bind().scalar(text(_HAS_EXTENSION)):
            indexes["show_texts"] = _TEXTS
        for name, definition in indexes.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS catalog.{name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")
