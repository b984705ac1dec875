"""The engines that tests get are the real ones, alone and whole."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

pytestmark = pytest.mark.integration


async def test_a_database_is_empty_and_its_owner_may_add_trusted_extensions(database):
    connection = await asyncpg.connect(database.dsn)

    await connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent")
    tables = await connection.fetch(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'"
    )

    assert tables == []
    assert await connection.fetchval("SELECT unaccent('Bébé')") == "Bebe"
    await connection.close()


async def test_the_database_knows_letters_beyond_ascii(database):
    """The builtin provider alone would not tell trigrams and the word splitter."""
    connection = await asyncpg.connect(database.dsn)

    await connection.execute("CREATE EXTENSION pg_trgm")

    assert await connection.fetchval("SELECT lower('ÉCOLE Ñ')") == "école ñ"
    assert await connection.fetchval("SELECT similarity('Édith', 'édith')") == 1.0
    assert await connection.fetchval("SELECT to_tsvector('simple', 'Ça va') @@ 'ça'") is True
    await connection.close()


async def test_a_wrong_password_does_not_get_in(database):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database.url, password="guess")


async def test_a_template_copies_what_it_holds(postgres_server, database):
    connection = await asyncpg.connect(database.dsn)
    await connection.execute("CREATE TABLE seen (id integer)")
    await connection.close()

    copy = postgres_server.new_database(template=database.name)

    connection = await asyncpg.connect(copy.dsn)
    assert await connection.fetch("SELECT id FROM seen") == []
    await connection.close()
    postgres_server.drop(copy)


async def test_pgbouncer_serves_transactions(pgbouncer):
    connection = await asyncpg.connect(pgbouncer.dsn, statement_cache_size=0)

    async with connection.transaction():
        assert await connection.fetchval("SELECT current_database()") == pgbouncer.name

    await connection.close()


async def _ask_redis(url, command):
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"AUTH {parts.password}\r\n{command}\r\nQUIT\r\n".encode())
    reply = await reader.read()
    writer.close()
    await writer.wait_closed()
    return reply


async def test_redis_comes_back_empty_at_the_same_address(redis_server):
    await _ask_redis(redis_server.url, "SET colour blue")

    redis_server.stop()
    with pytest.raises(ConnectionRefusedError):
        await _ask_redis(redis_server.url, "PING")
    redis_server.start()

    assert b"$-1" in await _ask_redis(redis_server.url, "GET colour")
