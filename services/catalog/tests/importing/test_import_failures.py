"""An import that fails, or is only tried, leaves nothing behind."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tantrum_catalog.importing.source import SourceError
from tantrum_catalog.importing.writing import ImportFailedError
from tantrum_kit.postgres import Server

from .old_database import few_shows

pytestmark = pytest.mark.integration


@pytest.fixture
async def filled(site):
    await few_shows().write(site.old)
    return site


async def test_a_dry_run_tells_all_and_leaves_nothing(filled):
    before = await filled.contents()

    dry = await filled.import_all(dry_run=True)

    assert await filled.contents() == before
    real = await filled.import_all()
    assert [table.written for table in dry.tables] == [table.written for table in real.tables]
    assert [t.checksum_stored for t in dry.tables] == [t.checksum_stored for t in real.tables]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("show", "NEW.creator := 'somebody else'"),
        ("show", "NEW.theme_slugs := NEW.theme_slugs[2:]"),
        ("category", "NEW.rules := '{}'"),
        ("editor", "NEW.password_hash := '$2b$'"),
    ],
)
async def test_what_is_not_stored_as_it_was_to_be_written_takes_all_back(filled, table, change):
    await filled.new.execute(
        f"""
        CREATE FUNCTION public.spoil() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN {change}; RETURN NEW; END $$;
        CREATE TRIGGER spoil BEFORE INSERT ON catalog.{table}
        FOR EACH ROW EXECUTE FUNCTION public.spoil();
        """
    )
    before = await filled.contents()

    with pytest.raises(ImportFailedError, match="not stored as they were to be written"):
        await filled.import_all()

    assert await filled.contents() == before


async def test_labels_that_are_not_stored_take_all_back(filled):
    await filled.new.execute(
        """
        CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER lose BEFORE INSERT ON catalog.show_theme
        FOR EACH ROW EXECUTE FUNCTION public.lose();
        """
    )

    with pytest.raises(ImportFailedError, match="themes"):
        await filled.import_all()

    assert await filled.new.fetchval("SELECT count(*) FROM catalog.show") == 0


async def test_a_connection_that_is_killed_half_way_leaves_nothing(filled, postgres_server):
    before = await filled.contents()
    admin = await asyncpg.connect(postgres_server.admin.dsn)
    name = filled.new_server.address.rpartition("/")[2]
    shows_done = asyncio.Event()

    async def killed():
        await shows_done.wait()
        await admin.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = $1 AND application_name = 'tantrum-catalog' AND pid <> $2
            """,
            name,
            filled.new.get_server_pid(),
        )

    def progress(line):
        if line.startswith("catalog_tv_shows:"):
            shows_done.set()

    try:
        # The categories wait here, so the kill comes between shows and the end.
        await filled.new.execute("BEGIN; LOCK catalog.category IN ACCESS EXCLUSIVE MODE")
        killing = asyncio.ensure_future(killed())
        with pytest.raises(ImportFailedError, match="cannot write to"):
            await filled.import_all(progress=progress)
        await killing
    finally:
        await filled.new.execute("ROLLBACK")
        await admin.close()

    assert await filled.contents() == before


async def test_a_cancelled_import_leaves_nothing(filled):
    before = await filled.contents()
    await filled.new.execute("BEGIN; LOCK catalog.category IN ACCESS EXCLUSIVE MODE")
    importing = asyncio.ensure_future(filled.import_all())
    await until_waiting(filled)

    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing

    await filled.new.execute("ROLLBACK")
    assert await filled.contents() == before


async def until_waiting(site):
    """Until the import waits for a lock."""
    async with asyncio.timeout(20):
        while not await site.old.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database <> 0"
        ):
            await asyncio.sleep(0.01)


async def test_no_schema_is_told_with_what_to_do(filled):
    await filled.new.execute("DROP TABLE catalog.import_row")

    with pytest.raises(ImportFailedError, match="tantrum-catalog migrate"):
        await filled.import_all()


async def test_a_database_that_is_not_the_old_one_is_told(site):
    with pytest.raises(SourceError, match="has no table catalog_tv_shows"):
        await site.import_all()


async def test_a_wrong_password_is_told_without_it(site):
    site.old_server = Server(url=site.old_server.url, password="hunter2")

    with pytest.raises(SourceError, match="cannot read the old database at") as caught:
        await site.import_all()

    assert "hunter2" not in str(caught.value)
