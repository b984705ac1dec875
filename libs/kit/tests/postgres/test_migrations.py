from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import time

import asyncpg
import pytest
from tantrum_kit.migrations import MigrationError, Schema, migrate
from tantrum_kit.postgres import Server

pytestmark = pytest.mark.integration

STEP = """
from alembic import op
revision = {revision!r}
down_revision = {down_revision!r}

def upgrade():
    {body}
"""

TABLE = 'op.execute("CREATE TABLE toys.{name} (id int)")'
INDEX = """with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS toys.car_id")
        op.execute("CREATE INDEX CONCURRENTLY car_id ON toys.car (id)")"""

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'toys' ORDER BY 1"
LOCK = "SELECT pg_advisory_lock(hashtextextended('migrations of toys', 0))"


@pytest.fixture
def schema(tmp_path):
    """A schema that needs a table, an index made concurrently, and another table."""
    made = Schema(name="toys", steps_folder=tmp_path)
    for body in (TABLE.format(name="car"), INDEX, TABLE.format(name="doll")):
        add_step(made, body)
    return made


def add_step(schema, body):
    before = [None, *sorted(path.name[:4] for path in schema.steps_folder.glob("*.py"))]
    revision = f"{len(before):04}"
    text = STEP.format(revision=revision, down_revision=before[-1], body=body)
    (schema.steps_folder / f"{revision}_step.py").write_text(text)


async def tables(connection):
    return [name for (name,) in await connection.fetch(TABLES)]


async def test_migrating_takes_every_step_and_twice_is_as_once(server, schema, observer):
    await migrate(server, schema)
    await migrate(server, schema)

    assert await tables(observer) == ["alembic_version", "car", "doll"]
    assert await observer.fetchval("SELECT 'toys.car_id'::regclass IS NOT NULL")


async def test_only_what_is_new_is_done(server, schema, observer):
    await migrate(server, schema)
    add_step(schema, TABLE.format(name="kite"))

    await migrate(server, schema)

    assert await tables(observer) == ["alembic_version", "car", "doll", "kite"]


async def test_several_at_once_all_succeed(server, schema, observer):
    await asyncio.gather(*(migrate(server, schema) for _ in range(6)))

    assert await tables(observer) == ["alembic_version", "car", "doll"]
    assert not await observer.fetchval("SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")


async def test_another_schema_in_the_same_database_is_its_own_affair(server, schema, observer):
    await observer.execute(LOCK.replace("toys", "games"))

    await migrate(server, schema, wait_seconds=0)

    assert await tables(observer) == ["alembic_version", "car", "doll"]


async def test_a_step_that_fails_leaves_those_before_it(server, schema, observer):
    add_step(schema, 'op.execute("CREATE TABLE toys.kite (id int); SELECT 1 / 0")')

    for _ in range(2):
        with pytest.raises(MigrationError, match=r"schema toys of .*: cannot insert multiple"):
            await migrate(server, schema)

    assert await tables(observer) == ["alembic_version", "car", "doll"]


async def test_a_file_that_is_not_named_after_its_step_is_noticed_at_once(server, schema):
    [last] = schema.steps_folder.glob("0003_*")
    last.rename(schema.steps_folder / "0004_step.py")

    with pytest.raises(RuntimeError, match="not named after its step"):
        await migrate(server, schema)


async def test_a_table_in_use_is_waited_for_no_longer_than_others_can_bear(
    server, schema, observer
):
    await migrate(server, schema)
    add_step(schema, 'op.execute("ALTER TABLE toys.car ADD COLUMN wheels int")')
    async with observer.transaction():
        await observer.execute("LOCK TABLE toys.car IN ACCESS SHARE MODE")

        with pytest.raises(MigrationError, match="lock timeout"):
            await migrate(server, schema)

    await migrate(server, schema)


async def test_a_schema_of_a_newer_release_is_left_alone(server, schema, observer):
    await migrate(server, schema)
    await observer.execute("UPDATE toys.alembic_version SET version_num = '9999'")

    await migrate(server, schema)

    assert await observer.fetchval("SELECT version_num FROM toys.alembic_version") == "9999"


async def test_a_migrator_that_hangs_is_waited_for_and_then_given_up(server, schema, observer):
    await observer.execute(LOCK)
    started = time.monotonic()

    with pytest.raises(MigrationError, match="another migration"):
        await migrate(server, schema, wait_seconds=0.5)

    assert time.monotonic() - started < 5


async def test_a_database_that_does_not_answer_is_told_in_one_sentence(schema, silent_server):
    nowhere = Server(url="postgresql://tantrum@127.0.0.1:1/tantrum")

    with pytest.raises(MigrationError, match=r"toys of the database at 127\.0\.0\.1:1/tantrum"):
        await migrate(nowhere, schema)
    with pytest.raises(MigrationError, match="TimeoutError"):
        await migrate(silent_server, schema)


async def test_a_wrong_password_is_told_without_it(server, schema):
    server = dataclasses.replace(server, password="hunter2hunter2")

    with pytest.raises(MigrationError, match="password authentication failed") as caught:
        await migrate(server, schema)

    assert "hunter2" not in str(caught.value)


async def test_processes_migrate_through_a_pooler_and_leave_it_as_it_was(
    server, pgbouncer, tmp_path, observer
):
    """Statements with names would stay in the pooler's sessions, and meet those of the next."""
    through = dataclasses.replace(server, url=pgbouncer.url)
    schema = Schema(name="toys", steps_folder=tmp_path)
    program = (
        "import asyncio, pathlib\n"
        "from tantrum_kit import migrations, postgres\n"
        f"server = postgres.Server(url={through.url!r}, password={through.password!r})\n"
        f"schema = migrations.Schema(name='toys', steps_folder=pathlib.Path({str(tmp_path)!r}))\n"
        "asyncio.run(migrations.migrate(server, schema))\n"
    )
    for name in ("car", "doll", "kite"):
        add_step(schema, TABLE.format(name=name))
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], check=True)

    assert await tables(observer) == ["alembic_version", "car", "doll", "kite"]
    pooled = await asyncpg.connect(pgbouncer.dsn, statement_cache_size=0)
    async with pooled.transaction():
        names = await pooled.fetch("SELECT name FROM pg_prepared_statements WHERE name <> ''")
        held = await pooled.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    await pooled.close()
    assert (names, held) == ([], 0)


def test_what_is_up_to_date_is_found_so_without_alembic(server, schema):
    asyncio.run(migrate(server, schema))
    program = (
        "import asyncio, pathlib, sys\n"
        "from tantrum_kit import migrations, postgres\n"
        f"server = postgres.Server(url={server.url!r}, password={server.password!r})\n"
        f"folder = pathlib.Path({str(schema.steps_folder)!r})\n"
        "schema = migrations.Schema(name='toys', steps_folder=folder)\n"
        "asyncio.run(migrations.migrate(server, schema))\n"
        "assert not {'alembic', 'sqlalchemy'} & sys.modules.keys()\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
