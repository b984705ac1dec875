"""The process as an operator runs it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import httpx

from .conftest import client_of, eventually
from .fakes import FakeCatalog, FakeSearch, catalog_served, search_served

COMMAND = (sys.executable, "-m", "tantrum_gateway")


@contextlib.asynccontextmanager
async def started(**environment: str) -> AsyncIterator[tuple[Process, str, FakeCatalog]]:
    """A gateway process that serves, its address, and the catalog behind it."""
    catalog = FakeCatalog()
    async with (
        catalog_served(catalog) as catalog_address,
        search_served(FakeSearch(catalog)) as search_address,
    ):
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "serve",
            stderr=PIPE,
            env=os.environ
            | {
                "GATEWAY_HTTP_ADDRESS": "127.0.0.1:0",
                "GATEWAY_CATALOG_ADDRESS": catalog_address,
                "GATEWAY_SEARCH_ADDRESS": search_address,
                "GATEWAY_METRICS_PORT": "0",
                "GATEWAY_GRACE_SECONDS": "30",
                "GATEWAY_REQUEST_TIMEOUT_SECONDS": "30",
                **environment,
            },
        )
        try:
            address = await listening_address(process)
            await eventually(lambda: catalog.watchers == 1)
            yield process, address, catalog
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def listening_address(process: Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            if match := re.search(rb'"port": (\d+), "event": "gateway_started"', line):
                return f"127.0.0.1:{int(match[1])}"
            if match := re.search(rb'"gateway_started".*"port": (\d+)', line):
                return f"127.0.0.1:{int(match[1])}"
    raise AssertionError("it did not start")


async def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a gateway command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdout=PIPE, stderr=PIPE, env=os.environ | environment
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


async def test_help_tells_what_it_does():
    code, output, _ = await run("serve", "--help")

    assert code == 0
    assert "GATEWAY_" in output


async def test_a_taken_port_is_one_clear_sentence():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        code, _, errors = await run(
            "serve", GATEWAY_HTTP_ADDRESS=f"127.0.0.1:{port}", GATEWAY_METRICS_PORT=""
        )

    assert code == 1
    assert errors.splitlines() == [
        f"tantrum-gateway: cannot listen on 127.0.0.1:{port}: Address already in use"
    ]


async def test_two_gateways_never_share_a_port():
    async with started() as (_, address, _):
        code, _, errors = await run("serve", GATEWAY_HTTP_ADDRESS=address, GATEWAY_METRICS_PORT="")

    assert code == 1
    assert "Address already in use" in errors


async def test_wrong_settings_are_one_clear_sentence():
    code, _, errors = await run("serve", GATEWAY_L1_SIZE_BYTES="many")

    assert code == 1
    assert "GATEWAY_L1_SIZE_BYTES" in errors
    assert "Traceback" not in errors


async def test_sigterm_drains_without_a_failed_request():
    async with started(GATEWAY_DRAIN_SECONDS="1") as (process, address, _):
        outcomes: list[int] = []
        closes: list[bool] = []
        async with client_of(f"http://{address}") as http:
            await http.get("/v1/shows")

            async def ask() -> None:
                while not (closes and closes[-1]):
                    response = await http.get("/v1/shows")
                    outcomes.append(response.status_code)
                    closes.append(response.headers.get("connection") == "close")

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            await eventually(lambda: len(outcomes) > 20)
            process.send_signal(signal.SIGTERM)
            await asyncio.gather(*asking)
            ready = await http.get("/readyz")

        assert ready.status_code == 503
        assert set(outcomes) == {200}
        assert await asyncio.wait_for(process.wait(), timeout=60) == 0


async def test_a_request_under_way_is_finished_before_the_end():
    async with started(GATEWAY_DRAIN_SECONDS="0") as (process, address, catalog):
        async with client_of(f"http://{address}") as http:
            catalog.gate.clear()
            asking = asyncio.create_task(http.get("/v1/shows"))
            await eventually(lambda: catalog.counts["ListShows"] == 1)
            process.send_signal(signal.SIGTERM)
            await eventually(lambda: draining(http))
            catalog.gate.set()
            response = await asking

        assert response.status_code == 200
        assert await asyncio.wait_for(process.wait(), timeout=60) == 0


async def test_a_second_signal_ends_it_at_once():
    async with started(GATEWAY_DRAIN_SECONDS="60") as (process, address, _):
        async with client_of(f"http://{address}") as http:
            process.send_signal(signal.SIGTERM)
            await eventually(lambda: draining(http))
            process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), timeout=60) == -signal.SIGTERM


async def draining(http: httpx.AsyncClient) -> bool:
    return (await http.get("/readyz")).status_code == 503


async def test_what_draws_covers_ends_even_with_a_gateway_that_is_killed():
    async with started() as (process, address, _), client_of(f"http://{address}") as http:
        cover = await http.get("/images/tv-shows/show-31-Bluey.jpg")
        assert cover.headers["content-type"] == "image/jpeg", cover.text

        process.kill()

        assert process.stderr is not None
        async with asyncio.timeout(60):
            # Both write to it, so it ends with the last of them.
            await process.stderr.read()
