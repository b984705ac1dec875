"""The editor against an edge that may forget what it has acknowledged."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from .connections import Answer
from .writes import Editor, WriteError, complaint


class Edge:
    """Keeps shows by id; visitors see *seen*, editors what is in *shows*, two to a page."""

    def __init__(self):
        self.shows = {}
        self.seen = {}
        self.headers = []
        self.answer = None

    async def ask(self, method, path, *, headers, body=b""):
        self.headers.append(headers)
        if self.answer is not None:
            return self.answer
        if method == "GET":
            return self._page(parse_qs(urlsplit(path).query))
        show = json.loads(body)
        show |= {"id": len(self.shows) + 1, "slug": show["name"].lower().replace(" ", "-")}
        self.shows[show["id"]] = show
        self.seen[f"/v1/shows/{show['slug']}?fields=name"] = {"name": show["name"]}
        return answer(201, show)

    def _page(self, query):
        begin = int(query.get("pageToken", ["0"])[0])
        found = [each for each in self.shows.values() if query["q"][0] in each["name"]]
        more = str(begin + 2) if begin + 2 < len(found) else ""
        return answer(200, {"shows": found[begin : begin + 2], "nextPageToken": more})

    async def get(self, path):
        return answer(200, self.seen[path]) if path in self.seen else answer(404, {})


def answer(status, body):
    return Answer(status, json.dumps(body).encode())


@pytest.fixture
def edge():
    return Edge()


@pytest.fixture
def editor(edge):
    return Editor(edge, "tvt_sesame")


async def test_each_write_has_a_key_of_its_own_and_the_token(editor, edge):
    await asyncio.gather(*(editor.create(timeout_seconds=5) for _ in range(3)))

    assert len({each["Idempotency-Key"] for each in edge.headers}) == 3
    assert {each["Authorization"] for each in edge.headers} == {"Bearer tvt_sesame"}


async def test_what_is_there_is_read_back_without_complaint(editor, edge):
    written = [await editor.create(timeout_seconds=5) for _ in range(5)]

    kept = await editor.kept()

    assert len(kept) == 5
    assert [await complaint(each, kept, edge) for each in written] == [""] * 5


async def test_what_the_catalogue_or_the_edge_has_lost_is_named(editor, edge):
    written = await editor.create(timeout_seconds=5)
    kept = await editor.kept()

    assert "has lost it" in await complaint(written, {}, edge)
    assert "'Other' in its place" in await complaint(written, {written.id: "Other"}, edge)
    edge.seen.clear()
    assert "a visitor got 404" in await complaint(written, kept, edge)


async def test_a_write_that_is_refused_says_why(editor, edge):
    edge.answer = Answer(503, b"no database")

    with pytest.raises(WriteError, match="status 503: no database"):
        await editor.create(timeout_seconds=1)
    edge.answer = Answer(403, b"not yours")
    with pytest.raises(WriteError, match="status 403: not yours"):
        await editor.kept()
