"""Applications at a prefix of paths: what they get, and what becomes of what they raise."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tantrum_gateway import server
from tantrum_gateway.answers import Clock
from tantrum_gateway.asgi import Gateway
from tantrum_gateway.bodies import BodyLimits
from tantrum_gateway.clients import ClientFinder
from tantrum_gateway.cors import Cors
from tantrum_gateway.front import Bounds, Front
from tantrum_gateway.l1 import L1
from tantrum_gateway.limits.limiter import Limiter
from tantrum_gateway.limits.rules import LimitClass
from tantrum_gateway.observing import Observer
from tantrum_gateway.routing import Routes
from tantrum_kit import errors

from .conftest import client_of


async def parrot(scope: Any, receive: Any, send: Any) -> None:
    """Say the body again, or raise what the path asks for."""
    match scope["path"]:
        case "/parrot/missing":
            raise errors.NotFoundError("no such parrot")
        case "/parrot/bug":
            raise RuntimeError("internals")
        case "/parrot/half":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("internals")
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body", False)
    headers = [(b"x-method", scope["method"].encode())]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def unlimited_front() -> Front:
    """What every request passes first, where nothing is limited."""
    return Front(
        finder=ClientFinder(trusted=(), cloudflare=()),
        limiter=Limiter(dict.fromkeys(LimitClass), max_keys=100, now_monotonic=time.monotonic),
        cors=Cors(""),
        bounds=Bounds(url_bytes=8_192, headers_bytes=16_384),
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    with ThreadPoolExecutor(1) as threads:
        gateway = Gateway(
            routes=Routes([]),
            pages={},
            mounts={"/parrot": parrot},
            answering=None,  # type: ignore[arg-type]  # nothing here is answered by it
            l1=L1(size_bytes=0),
            clock=Clock(),
            threads=threads,
            front=unlimited_front(),
            body_limits=BodyLimits(size_bytes=300_000, upload_size_bytes=0, timeout_seconds=60),
            observer=Observer(sample_ratio=0, slow_seconds=60),
        )
        async with (
            server.listening(
                gateway,
                address="127.0.0.1:0",
                backlog=128,
                max_connections=9,
                max_head_bytes=65_536,
                header_timeout_seconds=60,
                grace_seconds=1,
            ) as port,
            client_of(f"http://127.0.0.1:{port}") as client,
        ):
            client.gateway = gateway  # type: ignore[attr-defined]
            yield client


@pytest.mark.parametrize("path", ["/parrot", "/parrot/", "/parrot/of/any/kind"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_it_gets_all_methods_and_bodies_at_and_below_its_prefix(
    http: httpx.AsyncClient, path: str, method: str
):
    body = b"hello" * 40_000

    response = await http.request(method, path, content=body, headers={"X-Request-Id": "r-1"})

    assert (response.status_code, response.headers["x-method"]) == (201, method)
    assert response.content == body
    assert response.headers["x-request-id"] == "r-1"


async def test_a_longer_name_is_not_below_it(http: httpx.AsyncClient):
    assert (await http.get("/parrots")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [("/parrot/missing", 404, "not-found"), ("/parrot/bug", 500, "internal-error")],
)
async def test_what_it_raises_is_a_problem_without_internals(
    http: httpx.AsyncClient, path: str, status: int, kind: str
):
    response = await http.post(path)

    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["type"] == f"/problems/{kind}"
    assert "internals" not in response.text


async def test_an_answer_that_breaks_off_is_no_good_one(http: httpx.AsyncClient):
    response = await http.get("/parrot/half")

    assert response.status_code == 500
    assert "internals" not in response.text
    assert (await http.get("/parrot")).status_code == 201


async def test_a_gateway_that_drains_asks_to_close(http: httpx.AsyncClient):
    http.gateway.drain()  # type: ignore[attr-defined]

    assert (await http.get("/parrot")).headers["connection"] == "close"


async def test_where_the_time_went_is_told_to_who_asks(http: httpx.AsyncClient):
    asked = await http.get("/parrot", headers={"X-Server-Timing": "1"})
    silent = await http.get("/parrot")

    assert asked.headers["server-timing"].startswith("total;dur=")
    assert "server-timing" not in silent.headers
