"""What only the backend in PostgreSQL has: migrations, poolers, replicas, outages."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Limits, Server, opened
from tantrum_search.__main__ import main
from tantrum_search.domain.errors import IndexUnavailableError
from tantrum_search.domain.filters import NO_FILTER
from tantrum_search.domain.query import Terms
from tantrum_search.storage.migrations import SCHEMA
from tantrum_search.storage.postgres import PostgresBackend

from . import backends
from .builders import document

pytestmark = pytest.mark.integration

ONE = Limits(size_min=0, size_max=1)
PIG = Terms((frozenset({"pig"}),), (frozenset({"pig"}),))


async def test_migrating_is_safe_to_repeat_and_at_once(database):
    server = backends.server_of(database)

    await asyncio.gather(*(migrate(server, SCHEMA) for _ in range(4)))
    await migrate(server, SCHEMA)

    async with backends.postgres(database) as backend:
        assert await backend.stored_revision() == 0


def test_migrate_is_a_command(database, monkeypatch):
    monkeypatch.setenv("SEARCH_DATABASE_URL", database.url)
    monkeypatch.setenv("SEARCH_DATABASE_PASSWORD", database.password)

    assert main(["migrate"]) == 0


async def test_everything_works_through_a_pooler_in_transaction_mode(pgbouncer):
    async with backends.postgres(pgbouncer) as backend:
        for revision in range(1, 4):
            await backend.apply(
                [document(id=revision, name="Pig")],
                [],
                from_revision=revision - 1,
                revision=revision,
            )

        async def count() -> int:
            async with backend.reading() as view:
                return len((await view.match(PIG, NO_FILTER)).candidates)

        assert await asyncio.gather(*(count() for _ in range(30))) == [3] * 30


async def test_replicas_may_feed_the_table_at_once(database):
    """Each of them applies every revision; the table takes each once, and in order."""
    async with (
        backends.postgres(database) as one,
        backends.postgres(database) as other,
        backends.postgres(database) as third,
    ):

        async def feed(backend):
            await backend.replace([document(id=1, name="Pig 0")], revision=1)
            for revision in range(2, 25):
                changed = [document(id=revision % 5 + 1, name=f"Pig {revision}")]
                await backend.apply(changed, [], from_revision=revision - 1, revision=revision)

        await asyncio.gather(feed(one), feed(other), feed(third))

        async with other.reading() as view:
            found = await view.found([1, 2, 3, 4, 5])
            assert view.revision == 24
    assert sorted(each.texts[0].text for each in found.values()) == [
        "Pig 20",
        "Pig 21",
        "Pig 22",
        "Pig 23",
        "Pig 24",
    ]


async def test_a_database_that_is_gone_is_unavailable(database, postgres_server):
    async with backends.postgres(database) as backend:
        assert await backend.answers()

        postgres_server.drop(database)

        assert not await backend.answers()
        with pytest.raises(IndexUnavailableError):
            await backend.stored_revision()


async def test_a_connection_that_is_cut_is_unavailable_and_the_next_one_works(database):
    async with backends.postgres(database) as backend:
        connection = await asyncpg.connect(database.dsn)

        async def read_while_it_is_cut():
            async with backend.reading() as view:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await view.found([1])

        with pytest.raises(IndexUnavailableError):
            await read_while_it_is_cut()
        await connection.close()

        assert await backend.answers()


async def test_a_database_that_is_slow_is_unavailable_in_time(database):
    async with backends.postgres(database, timeout_seconds=0.3) as backend:
        connection = await asyncpg.connect(database.dsn)
        async with connection.transaction():
            await connection.execute("LOCK TABLE search.position")

            async with asyncio.timeout(5):
                with pytest.raises(IndexUnavailableError):
                    await backend.stored_revision()
        await connection.close()

        assert await backend.answers()


async def test_waiting_for_a_connection_is_bounded_too(database):
    server = backends.server_of(database)
    await migrate(server, SCHEMA)
    async with opened(server, ONE, unavailable=IndexUnavailableError) as pool:
        backend = PostgresBackend(pool, timeout_seconds=0.3, load_timeout_seconds=1)
        async with pool.transaction(at_most_seconds=60), asyncio.timeout(5):
            with pytest.raises(IndexUnavailableError):
                await backend.stored_revision()

        assert await backend.answers()


async def test_a_backend_opens_without_a_server():
    nowhere = Server(url="postgresql://nobody@127.0.0.1:1/nothing")

    async with opened(nowhere, ONE, unavailable=IndexUnavailableError) as pool:
        backend = PostgresBackend(pool, timeout_seconds=1, load_timeout_seconds=1)
        assert not await backend.answers()


async def test_words_are_found_by_the_index(database):
    """GIN serves the words once there are shows enough for it to pay."""
    async with backends.postgres(database) as backend:
        documents = [document(id=each, name=f"Show {each}") for each in range(1, 3_000)]
        await backend.replace([*documents, document(id=5_000, name="Pig")], revision=1)
    connection = await asyncpg.connect(database.dsn)
    await connection.execute("ANALYZE search.show")

    plan = await connection.fetch("EXPLAIN SELECT id FROM search.show WHERE terms @@ '''pig'''")

    await connection.close()
    assert any("show_terms" in line[0] for line in plan)
