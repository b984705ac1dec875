"""The old API over an imported old database answers what that database held."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from tantrum_stack.ports import free_ports
from tantrum_stack.processes import Command, Process, run, until_ready

from services.catalog.tests.importing.old_database import MADE_TIME, clean_database

pytestmark = pytest.mark.e2e

WITHIN_SECONDS = 120
ON_DISK, ELSEWHERE = "/images/tv-shows/1.jpg", "https://pictures.example/31.jpg"


@pytest.fixture
def old_rows():
    """The old tables, with what the shipped catalogue does not have."""
    old = clean_database()
    old.shows[1] |= {"image_url": ON_DISK, "has_omdb_data": True, "creativity_rating": 4}
    old.shows[31] |= {"image_url": ELSEWHERE, "subscriber_count": "7", "channel_id": "UC31"}
    # What the import mends is for the catalogue's own tests.
    for show in old.shows.values():
        show["episode_length"] = min(show["episode_length"], 120)
    return old


@pytest.fixture
async def moved(postgres_server, old_rows, tmp_path):
    """A client of a gateway whose catalogue was imported from `old_rows`."""
    old, new = postgres_server.new_database(), postgres_server.new_database()
    catalog, gateway = free_ports(2)
    environment = {
        **os.environ,
        "CATALOG_DATABASE_URL": new.url,
        "CATALOG_DATABASE_PASSWORD": new.password,
        "CATALOG_IMPORT_PASSWORD": old.password,
        "CATALOG_PAGE_TOKEN_KEY": secrets.token_hex(16),
        "CATALOG_GRPC_ADDRESS": f"127.0.0.1:{catalog}",
        "CATALOG_METRICS_PORT": "",
        "CATALOG_DRAIN_SECONDS": "0",
        "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{gateway}",
        "GATEWAY_CATALOG_ADDRESS": f"127.0.0.1:{catalog}",
        "GATEWAY_METRICS_PORT": "",
        "GATEWAY_DRAIN_SECONDS": "0",
    }

    def command(part, *arguments):
        program = Path(sys.executable).with_name(f"tantrum-{part}")
        return Command(name=part, argv=(program, *arguments), environment=environment)

    connection = await asyncpg.connect(old.dsn)
    try:
        await old_rows.write(connection)
    finally:
        await connection.close()
    for arguments in (["migrate"], ["import", "--source", old.url]):
        log = tmp_path / f"{arguments[0]}.log"
        await run(command("catalog", *arguments), log, within_seconds=WITHIN_SECONDS)
    async with (
        contextlib.AsyncExitStack() as stack,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway}", timeout=30) as http,
    ):

        async def serves():
            with contextlib.suppress(httpx.TransportError):
                return (await http.get("/api/homepage-categories/0/shows")).is_success
            return False

        for part in ("catalog", "gateway"):
            process = Process.start(command(part, "serve"), tmp_path / f"{part}.log")
            stack.push_async_callback(process.stop)
        await until_ready(process, serves, within_seconds=WITHIN_SECONDS)
        yield http
    postgres_server.drop(old)
    postgres_server.drop(new)


async def test_what_the_old_database_held_is_answered_as_it_was(moved, old_rows):
    rows = (await moved.get("/api/tv-shows")).json()
    research = (await moved.get("/api/research")).json()
    categories = (await moved.get("/api/homepage-categories")).json()

    assert len(rows) == len(old_rows.shows)
    ours = {"image_url", "has_omdb_data", "has_youtube_data"}
    for row in rows:
        old = old_rows.shows[row["id"]]
        assert {name: row[name] for name in old.keys() - ours} == {
            name: value for name, value in old.items() if name not in ours
        }
    by_id = {row["id"]: row for row in rows}
    assert by_id[1]["has_omdb_data"] is True
    assert by_id[31]["image_url"] == ELSEWHERE
    assert by_id[1]["image_url"] == "/images/tv-shows/show-1-A_for_Adley.jpg"
    assert {one["title"] for one in research} == {one["title"] for one in old_rows.research}
    assert [one["name"] for one in categories] == [one["name"] for one in old_rows.categories]
    made = f"{MADE_TIME.isoformat()}.000Z"
    assert {one["createdAt"] for one in [*research, *categories]} == {made}
