from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from dataclasses import dataclass

import asyncpg
import pytest
from tantrum_catalog.importing import importer
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Server

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@dataclass
class Site:
    """The old database and the new one, and what a test does with them."""

    old_server: Server
    new_server: Server
    old: asyncpg.Connection
    new: asyncpg.Connection
    now: dt.datetime = NOW

    async def import_all(self, *, images_folder=None, dry_run=False, progress=len):
        # Each import has a time of its own, as in life.
        self.now += dt.timedelta(minutes=1)
        return await importer.run(
            self.old_server,
            self.new_server,
            images_folder=images_folder,
            dry_run=dry_run,
            now=lambda: self.now,
            progress=progress,
        )

    async def contents(self):
        """Everything in the new schema, to compare."""
        tables = await self.new.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'catalog' ORDER BY 1"
        )
        return {
            table: await self.new.fetch(
                f"SELECT * FROM catalog.{table} AS t ORDER BY t::text"  # noqa: S608
            )
            for (table,) in tables
        }


@pytest.fixture(scope="session")
def migrated(postgres_server):
    """A database with the new schema, for others to be copies of."""
    template = postgres_server.new_database()
    asyncio.run(migrate(Server(url=template.url, password=template.password), SCHEMA))
    return template


@pytest.fixture
async def site(postgres_server, migrated):
    """Two databases: an empty old one, and a new one with its schema."""
    databases = [postgres_server.new_database(), postgres_server.new_database(migrated.name)]
    async with contextlib.AsyncExitStack() as stack:
        servers, connections = [], []
        for database in databases:
            stack.callback(postgres_server.drop, database)
            server = Server(
                url=database.url, password=database.password, application_name="tantrum-catalog"
            )
            connection = await asyncpg.connect(**server.connect_arguments())
            stack.push_async_callback(connection.close)
            servers.append(server)
            connections.append(connection)
        yield Site(
            old_server=servers[0],
            new_server=servers[1],
            old=connections[0],
            new=connections[1],
        )
