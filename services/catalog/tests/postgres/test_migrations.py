from __future__ import annotations

import asyncio
import contextlib

import asyncpg
import pytest
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_kit.migrations import migrate

from ..make import make_catalogue, make_new_show
from .stores import store_opened

pytestmark = pytest.mark.integration

OBJECTS = """
SELECT format('%s %s', relkind, oid::regclass) AS object
FROM pg_class WHERE relnamespace = 'catalog'::regnamespace
UNION ALL
SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'catalog'::regnamespace
ORDER BY object
"""

INVALID = "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid"

FIRST_TABLES = [
    *("head", "change", "request", "image", "theme", "platform", "show", "show_theme"),
    *("show_platform", "category", "research", "alembic_version"),
]
TABLES_OF_LATER_STEPS = """
SELECT oid::regclass::text AS name FROM pg_class
WHERE relnamespace = 'catalog'::regnamespace AND relkind = 'r' AND relname <> ALL ($1::text[])
"""


@contextlib.asynccontextmanager
async def connected(server):
    connection = await asyncpg.connect(**server.connect_arguments())
    try:
        yield connection
    finally:
        await connection.close()


async def test_migrating_twice_leaves_what_once_left(empty_server):
    async with connected(empty_server) as connection:
        await migrate(empty_server, SCHEMA)
        once = await connection.fetch(OBJECTS)

        await migrate(empty_server, SCHEMA)

        assert await connection.fetch(OBJECTS) == once
        assert await connection.fetch(INVALID) == []
        assert await connection.fetchval("SELECT count(*) FROM catalog.head") == 1


async def test_several_migrators_at_once_all_succeed(empty_server):
    await asyncio.gather(*(migrate(empty_server, SCHEMA) for _ in range(6)))

    async with connected(empty_server) as connection:
        assert await connection.fetch(INVALID) == []
    async with store_opened(empty_server) as store:
        assert await store.head() == 0


async def test_the_release_before_can_write_what_has_new_columns(server):
    async with connected(server) as connection:
        await connection.execute(
            """
            INSERT INTO catalog.editor (email, account_key, name, password_hash, create_time,
                password_time)
            VALUES ('mo@example.com', 'mo@example.com', '', '$1', now(), now())
            """
        )
        await connection.execute(
            "INSERT INTO catalog.theme (slug, name, sort_name) VALUES ('a', 'A', 'a')"
        )

        editor = await connection.fetchrow("SELECT active, revision FROM catalog.editor")
        assert tuple(editor) == (True, 1)
        assert await connection.fetchval("SELECT revision FROM catalog.theme") == 1


async def test_an_index_that_was_left_half_made_is_made_again(server):
    async with store_opened(server) as store:
        await store.load(make_catalogue(make_new_show(1), make_new_show(2)))
    async with connected(server) as connection:
        later = await connection.fetch(TABLES_OF_LATER_STEPS, FIRST_TABLES)
        for table in later:
            await connection.execute(f"DROP TABLE {table['name']} CASCADE")
        await connection.execute("UPDATE catalog.alembic_version SET version_num = '0001'")
        await connection.execute("DROP INDEX catalog.show_ages")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "CREATE UNIQUE INDEX CONCURRENTLY show_ages ON catalog.show (min_age)"
            )
        assert [row["name"] for row in await connection.fetch(INVALID)] == ["catalog.show_ages"]

        await migrate(server, SCHEMA)

        assert await connection.fetch(INVALID) == []
        assert await connection.fetchval("SELECT 'catalog.show_ages'::regclass IS NOT NULL")
