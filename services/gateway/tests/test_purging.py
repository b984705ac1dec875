"""The purger, against a stand-in of Cloudflare's API."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tantrum_gateway import purging
from tantrum_gateway.answers import Answer, Form
from tantrum_gateway.dependencies import Change
from tantrum_gateway.purging import Purger

from .conftest import client_of, eventually, sited
from .fakes import FakeCatalog, make_show


class Cloudflare:
    """Takes purges as `POST /zones/{zone}/purge_cache` does, or refuses them as it is told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.authorizations: set[str] = set()
        self.refusals: list[tuple[int, str]] = []
        """Statuses and values of Retry-After for the next calls."""

    @property
    def tags(self) -> set[str]:
        return {tag for body in self.bodies for tag in body.get("tags", ())}

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/client/v4/"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = json.loads(await reader.readexactly(int(fields["content-length"])))
        assert head.startswith("post /client/v4/zones/zone-1/purge_cache ")
        self.authorizations.add(fields["authorization"])
        status, retry_after = self.refusals.pop(0) if self.refusals else (200, "")
        if status == 200:
            self.bodies.append(body)
        answer = json.dumps({"success": status == 200}).encode()
        more = f"Retry-After: {retry_after}\r\n" if retry_after else ""
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{more}"
            "Connection: close\r\n\r\n".encode()
            + answer
        )
        await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def purger_of(cloudflare: Cloudflare, **changes: Any) -> AsyncIterator[Purger]:
    settings = {
        "by": "tags",
        "public_url": "https://tv.example/",
        "calls_per_minute": 60_000,
        "now_monotonic": asyncio.get_running_loop().time,
        "backoff_seconds": 0.001,
    }
    async with (
        cloudflare.served() as url,
        client_of(url, headers={"authorization": "Bearer secret"}) as client,
    ):
        purger = Purger(client, "zones/zone-1/purge_cache", **{**settings, **changes})
        running = asyncio.create_task(purger.run())
        try:
            yield purger
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_a_write_purges_its_tags_and_the_answers_carry_them():
    cloudflare = Cloudflare()
    async with (
        cloudflare.served() as url,
        sited(
            catalog=FakeCatalog([make_show()]),
            cloudflare_zone_id="zone-1",
            cloudflare_api_token="secret",
            cloudflare_api_url=url,
        ) as site,
    ):
        show = (await site.get("/v1/shows/blue-day")).headers["cache-tag"].split(",")
        shows = (await site.get("/v1/shows")).headers["cache-tag"].split(",")

        await site.catalog.write(make_show(name="New"))
        await eventually(lambda: cloudflare.bodies)

        assert "show:1" in cloudflare.tags & set(show)
        assert "shows" in cloudflare.tags & set(shows)
        assert "show:1" not in shows  # each change of it purges that, and headers are not free
        assert cloudflare.authorizations == {"bearer secret"}


async def test_many_names_go_thirty_at_a_time_and_each_once():
    cloudflare = Cloudflare()
    async with purger_of(cloudflare) as purger:
        for revision in range(1, 4):
            names = frozenset(f"show:{number}" for number in range(70))
            purger.changed(Change(revision=revision, tags=names), [])
        await eventually(lambda: len(cloudflare.tags) == 70)

    sizes = [len(body["tags"]) for body in cloudflare.bodies]
    assert max(sizes) == purging.NAMES_PER_CALL
    assert sum(sizes) == 70


@pytest.mark.parametrize("refusal", [(429, "0"), (500, ""), (503, "0.001"), (403, "")])
async def test_what_fails_is_tried_again(refusal):
    cloudflare = Cloudflare()
    cloudflare.refusals = [refusal] * 3
    async with purger_of(cloudflare) as purger:
        purger.changed(Change(revision=1, tags=frozenset({"show:1"})), [])
        await eventually(lambda: cloudflare.bodies)

    assert cloudflare.bodies == [{"tags": ["show:1"]}]


async def test_a_change_that_nobody_knows_purges_everything():
    cloudflare = Cloudflare()
    async with purger_of(cloudflare) as purger:
        purger.changed(Change(revision=1, everything=True), [])
        await eventually(lambda: cloudflare.bodies)

    assert cloudflare.bodies == [{"purge_everything": True}]


async def test_too_many_names_become_everything():
    cloudflare = Cloudflare()
    async with purger_of(cloudflare) as purger:
        names = frozenset(f"show:{number}" for number in range(4_000))
        purger.changed(Change(revision=1, tags=names), [])
        await eventually(lambda: cloudflare.bodies)

    assert cloudflare.bodies == [{"purge_everything": True}]


async def test_calls_are_no_more_than_allowed():
    """A burst of 25 is; the clock stands still, so nothing more ever is."""
    cloudflare = Cloudflare()
    async with purger_of(cloudflare, now_monotonic=lambda: 5.0) as purger:
        names = frozenset(f"show:{number}" for number in range(40 * purging.NAMES_PER_CALL))
        purger.changed(Change(revision=1, tags=names), [])
        await eventually(lambda: len(cloudflare.bodies) == 25)
        await asyncio.sleep(0)

    assert len(cloudflare.bodies) == 25


async def test_by_url_it_purges_what_it_names_and_what_was_asked_for_here():
    cloudflare = Cloudflare()
    answer = Answer(body=b"", media_type="text/plain", cache_control="", catalog_revision=1)
    form = Form(status=200, headers=[], body=b"", etag=b"")
    answer.ways = [(("GET", b"/v1/shows", b"theme=nature", None), form)]
    async with purger_of(cloudflare, by="urls") as purger:
        purger.changed(Change(revision=2, tags=frozenset({"show:17"})), [answer])
        await eventually(lambda: cloudflare.bodies)

    [body] = cloudflare.bodies
    assert set(body["files"]) == {
        "https://tv.example/v1/shows/17",
        "https://tv.example/v1/shows/17/similar",
        "https://tv.example/covers/17.svg",
        "https://tv.example/v1/shows?theme=nature",
    }
