"""The service as it is run: migrated, seeded, served, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from pathlib import Path

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc

CATALOGUE = Path(__file__).parents[3] / "data" / "catalogue"

pytestmark = pytest.mark.integration


@pytest.fixture
def environment(database):
    return os.environ | {
        "CATALOG_DATABASE_URL": database.url,
        "CATALOG_DATABASE_PASSWORD": database.password,
        "CATALOG_PAGE_TOKEN_KEY": "only-for-this-test",
        "CATALOG_GRPC_ADDRESS": "127.0.0.1:0",
        "CATALOG_METRICS_PORT": "",
        "CATALOG_DRAIN_SECONDS": "0",
        "CATALOG_DATABASE_POOL_MIN_COUNT": "1",
    }


async def started(environment, *arguments):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tantrum_catalog", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ran(environment, *arguments):
    process = await started(environment, *arguments)
    async with asyncio.timeout(30):
        stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


@contextlib.asynccontextmanager
async def served(environment):
    """A served catalogue: its process and a channel to it."""
    process = await started(environment, "serve")
    try:
        async with asyncio.timeout(20):
            line = b""
            while b"serving_started" not in line:
                line = await process.stderr.readline()
                assert line, "the service ended early"
        port = int(re.search(rb'"port": (\d+)', line)[1])
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield process, channel
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def until_serving(channel):
    watch = health_pb2_grpc.HealthStub(channel).Watch(
        health_pb2.HealthCheckRequest(service="tvtantrum.catalog.v1.CatalogService")
    )
    async with asyncio.timeout(20):
        while (await watch.read()).status != health_pb2.HealthCheckResponse.SERVING:
            pass
    # Or the server would give it the grace in the end.
    watch.cancel()


async def test_the_real_catalogue_is_served_from_an_empty_database_on(environment):
    assert (await ran(environment, "migrate"))[0] == 0
    code, stdout, _ = await ran(environment, "seed", "--from", str(CATALOGUE))
    assert (code, stdout.split(",")[0]) == (0, "Loaded 302 shows")
    code, stdout, _ = await ran(environment, "seed", "--from", str(CATALOGUE))
    assert (code, stdout) == (0, "The catalogue is not empty; nothing was loaded.\n")

    async with served(environment) as (process, channel):
        await until_serving(channel)
        stub = pb_grpc.CatalogServiceStub(channel)
        answer = await stub.ListShows(pb.ListShowsRequest(), timeout=10)
        assert (answer.total_size, answer.catalog_revision) == (302, 1)
        watch = stub.WatchCatalog(pb.WatchCatalogRequest(from_revision=1), timeout=30)
        assert (await watch.read()).revision == 1
        made = await stub.SetFeaturedShow(pb.SetFeaturedShowRequest(id=1), timeout=10)
        assert (await watch.read()).revision == made.catalog_revision == 2

        process.send_signal(signal.SIGTERM)
        with pytest.raises(aio.AioRpcError) as caught:
            await watch.read()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        async with asyncio.timeout(10):
            assert await process.wait() == 0


async def test_without_the_database_it_starts_and_says_that_it_is_not_ready(environment):
    environment["CATALOG_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"

    async with served(environment) as (_, channel):
        health = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=10
        )
        with pytest.raises(aio.AioRpcError) as caught:
            await pb_grpc.CatalogServiceStub(channel).GetHome(pb.GetHomeRequest(), timeout=10)

    assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "127.0.0.1:1" not in caught.value.details()


async def test_a_command_that_cannot_be_done_says_so_in_one_sentence(environment):
    environment["CATALOG_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"

    code, _, stderr = await ran(environment, "seed", "--from", str(CATALOGUE))

    assert code == 1
    assert stderr.splitlines()[-1] == (
        "tantrum-catalog seed: the catalogue database did not answer"
    )
    assert "Traceback" not in stderr


async def test_a_port_in_use_is_said_in_one_sentence(environment):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        environment["CATALOG_GRPC_ADDRESS"] = f"127.0.0.1:{port}"
        code, _, stderr = await ran(environment, "serve")

    assert code == 1
    assert stderr.splitlines()[-1].startswith(
        f"tantrum-catalog serve: cannot serve: cannot listen on 127.0.0.1:{port}"
    )
