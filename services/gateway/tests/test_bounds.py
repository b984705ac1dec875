"""Requests that are too large or too slow, as they come over a socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from tantrum_gateway import bodies, server
from tantrum_gateway.answers import Clock
from tantrum_gateway.asgi import Gateway
from tantrum_gateway.bodies import BodyLimits
from tantrum_gateway.l1 import L1
from tantrum_gateway.observing import Observer
from tantrum_gateway.routing import Routes
from tantrum_kit import errors

from .conftest import Site, client_of, sited
from .test_mounts import unlimited_front


async def said(url: str, *pieces: bytes) -> bytes:
    """What the server says to *pieces* until it closes the connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


async def test_a_long_address_is_414(site: Site):
    response = await site.get("/v1/shows?q=" + "x" * 9_000)

    assert response.status_code == 414
    assert response.json()["type"] == "/problems/uri-too-long"
    assert "8192" in response.json()["detail"]
    assert (await site.get("/v1/shows")).status_code == 200


async def test_an_address_that_no_buffer_holds_is_refused_too(site: Site):
    answer = await said(site.url, b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n")

    assert answer.startswith((b"HTTP/1.1 414", b"HTTP/1.1 431"))


async def test_large_header_fields_are_431(site: Site):
    response = await site.get("/v1/themes", cookie="x" * 20_000)

    assert response.status_code == 431
    assert response.json()["type"] == "/problems/header-fields-too-large"


async def test_a_hit_has_no_room_for_larger_ones_either(site: Site):
    for _ in range(3):
        await site.get("/v1/shows")

    assert (await site.get("/v1/shows", cookie="x" * 40_000)).status_code == 431


async def test_more_header_fields_than_the_parser_takes_are_431(site: Site):
    fields = b"".join(b"x-%d: y\r\n" % number for number in range(500))

    assert b" 431 " in await said(site.url, b"GET / HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")


async def test_a_connection_that_sends_no_head_in_time_is_closed():
    async with sited(header_timeout_seconds=0.3) as site:
        assert await said(site.url) == b""
        assert await said(site.url, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
        assert (await site.get("/v1/shows")).status_code == 200


async def test_what_cannot_be_parsed_is_400(site: Site):
    assert b" 400 " in await said(site.url, b"nonsense\r\n\r\n")


async def test_a_body_that_nobody_wants_is_not_waited_for(site: Site):
    answer = await said(
        site.url, b"POST /v1/shows HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc"
    )

    assert b" 405 " in answer


async def test_connections_above_the_bound_wait_for_others_to_go():
    async with sited(max_connections=1) as site:
        parts = urlsplit(site.url)
        _, idle = await asyncio.open_connection(parts.hostname, parts.port)
        request = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        waiting = asyncio.create_task(said(site.url, request))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        idle.close()

        assert not done
        assert b" 200 " in await waiting


class Order(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    counts: list[int] = []


async def reader(scope: Any, receive: Any, send: Any) -> None:
    """Read JSON; answer in spite of every error where the path says so."""
    stubborn = scope["path"].endswith("/stubborn")
    with contextlib.suppress(*([Exception] if stubborn else [])):
        order = await bodies.read_json(scope, receive, Order)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": order.name.encode()})
        return
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b"stubborn"})


@contextlib.asynccontextmanager
async def reading(timeout_seconds: float = 60) -> AsyncIterator[str]:
    """Address of a gateway with `reader` at /read."""
    with ThreadPoolExecutor(1) as threads:
        gateway = Gateway(
            routes=Routes([]),
            pages={},
            mounts={"/read": reader},
            answering=None,  # type: ignore[arg-type]  # nothing here is answered by it
            l1=L1(size_bytes=0),
            threads=threads,
            clock=Clock(),
            front=unlimited_front(),
            body_limits=BodyLimits(
                size_bytes=10_000, upload_size_bytes=20_000, timeout_seconds=timeout_seconds
            ),
            observer=Observer(sample_ratio=0, slow_seconds=60),
        )
        async with server.listening(
            gateway,
            address="127.0.0.1:0",
            backlog=128,
            max_connections=9,
            max_head_bytes=65_536,
            header_timeout_seconds=60,
            grace_seconds=1,
        ) as port:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with reading() as url, client_of(url) as client:
        yield client


JSON = {"Content-Type": "application/json"}


def head(*fields: str, path: str = "/read") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_json_is_read_by_its_kind(http: httpx.AsyncClient):
    response = await http.post("/read", json={"name": "Bluey", "counts": [1]})

    assert (response.status_code, response.text) == (200, "Bluey")


@pytest.mark.parametrize("path", ["/read", "/read/stubborn"])
async def test_a_body_that_is_announced_too_large_is_413_before_it_is_sent(
    http: httpx.AsyncClient, path: str
):
    answer = await said(str(http.base_url), head("Content-Length: 10001", path=path))

    assert b" 413 " in answer
    assert b"/problems/content-too-large" in answer
    assert b"connection: close" in answer


@pytest.mark.parametrize("path", ["/read", "/read/stubborn"])
async def test_a_body_that_gets_too_large_is_413_whatever_the_application_says(
    http: httpx.AsyncClient, path: str
):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 1_000

    response = await http.post(path, content=chunks(), headers=JSON)

    assert response.status_code == 413
    assert response.json()["detail"] == "the body may have up to 10000 bytes"


async def test_a_picture_may_be_larger(http: httpx.AsyncClient):
    picture = {"Content-Type": "image/png"}

    assert (await http.post("/read", content=b"x" * 15_000, headers=picture)).status_code == 415
    assert (await http.post("/read", content=b"x" * 25_000, headers=picture)).status_code == 413


@pytest.mark.parametrize("path", ["/read", "/read/stubborn"])
async def test_a_body_that_comes_too_slowly_is_408(path: str):
    async with reading(timeout_seconds=0.3) as url:
        answer = await said(url, head("Content-Length: 100", path=path), b'{"name":')

    assert b" 408 " in answer
    assert b"/problems/request-timeout" in answer
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ('{"name": 1}', "#/name", "Expected `str`, got `int`"),
        ('{"name": "a", "counts": [1, "x"]}', "#/counts/1", "Expected `int`, got `str`"),
        ("{}", "#", "Object missing required field `name`"),
        ('{"name": "a", "more": 1}', "#", "Object contains unknown field `more`"),
    ],
)
async def test_what_is_wrong_in_a_body_is_pointed_at(
    http: httpx.AsyncClient, body: str, pointer: str, detail: str
):
    response = await http.post("/read", content=body, headers=JSON)

    assert response.status_code == 400
    [part] = response.json()["errors"]
    assert (part["pointer"], part["detail"]) == (pointer, detail)


@pytest.mark.parametrize(
    "body", ["", "{", "nonsense", '{"name": "\xff"}', '{"name": NaN}', "\x00" * 100]
)
async def test_what_is_no_json_is_400(http: httpx.AsyncClient, body: str):
    response = await http.post("/read", content=body.encode("latin-1"), headers=JSON)

    assert response.status_code == 400
    assert response.json()["detail"].startswith("the body is not JSON")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "text/plain"}, JSON | {"Content-Encoding": "gzip"}],
    ids=["none", "text", "coded"],
)
async def test_other_kinds_of_bodies_are_415(http: httpx.AsyncClient, headers: dict[str, str]):
    response = await http.post("/read", content=b"{}", headers=headers)

    assert response.status_code == 415
    assert "application/json" in response.headers["accept"]


@pytest.mark.parametrize("levels", [33, 1_000, 100_000])
def test_json_that_nests_too_deep_is_refused(levels: int):
    for body in (b"[" * levels + b"]" * levels, b'{"a":' * levels + b"1" + b"}" * levels):
        with pytest.raises(errors.InvalidInputError, match="nests deeper than 32"):
            bodies.decode_json(body, object)


def test_json_as_deep_as_allowed_is_read():
    body = json.dumps({"a": [[{"b": "[[[[" * 99}]]}).encode()

    assert bodies.decode_json(body, object) == json.loads(body)
    assert bodies.decode_json(b"[" * 32 + b"]" * 32, object)
