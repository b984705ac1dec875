"""The command as a process: how it starts, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator

from grpc import aio
from tvtantrum.search.v1 import search_service_pb2 as pb
from tvtantrum.search.v1 import search_service_pb2_grpc as pb_grpc

from .builders import Library, make_message
from .eventually import eventually
from .fake_catalog import FakeCatalog, served


@contextlib.asynccontextmanager
async def started(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `tantrum-search serve`; it is killed in the end if it still runs."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "SEARCH_PAGE_TOKEN_KEY": "sixteen characters",
        "SEARCH_GRPC_ADDRESS": "127.0.0.1:0",
        "SEARCH_METRICS_PORT": "0",
        "SEARCH_DRAIN_SECONDS": "0",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tantrum_search", "serve", env=environment, stderr=-1
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def port_of(process: asyncio.subprocess.Process) -> int:
    async for line in process.stderr:
        if b"serving_started" in line:
            return int(re.search(rb'"port": (\d+)', line)[1])
    raise AssertionError("it ended before it served")


async def test_it_serves_what_the_catalogue_has_until_it_is_told_to_stop():
    catalog = FakeCatalog(Library([make_message(id=1, name="Bluey")], []))
    async with served(catalog) as address, started(SEARCH_CATALOG_ADDRESS=address) as process:
        port = await port_of(process)
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = pb_grpc.SearchServiceStub(channel)

            async def found():
                with contextlib.suppress(aio.AioRpcError):
                    return (await stub.SearchShows(pb.SearchShowsRequest(query="bluye"))).hits

            assert [hit.show.name for hit in await eventually(found)] == ["Bluey"]

        process.send_signal(signal.SIGTERM)

        async with asyncio.timeout(20):
            assert await process.wait() == 0


async def test_a_port_that_is_taken_is_told_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with started(SEARCH_GRPC_ADDRESS=f"127.0.0.1:{taken.getsockname()[1]}") as process:
            _, said = await asyncio.wait_for(process.communicate(), timeout=20)

    assert process.returncode == 1
    assert b"is the port taken?" in said
    assert b"Traceback" not in said


async def test_a_database_that_is_not_there_is_told_in_a_sentence():
    async with started(
        SEARCH_BACKEND="postgres", SEARCH_DATABASE_URL="postgresql://x@127.0.0.1:1/x"
    ) as process:
        _, said = await asyncio.wait_for(process.communicate(), timeout=20)

    assert process.returncode == 1
    assert b"cannot migrate the schema search" in said
    assert b"Traceback" not in said
