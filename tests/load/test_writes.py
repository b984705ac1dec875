"""The editor against a catalog that may forget what it has acknowledged."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
import pytest
from tvtantrum.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc

from .connections import Answer
from .writes import WriteError, editing


class Catalog(catalog_service_pb2_grpc.CatalogServiceServicer):
    def __init__(self):
        self.shows = {}
        self.request_ids = []
        self.credentials = []
        self.down = False

    async def CreateShow(self, request, context):  # noqa: N802 - as the protos say
        if self.down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "no database")
        self.request_ids.append(request.request_id)
        self.credentials.append(dict(context.invocation_metadata())["x-service-credential"])
        show = request.show
        show.id = len(self.shows) + 1
        show.slug = show.name.lower().replace(" ", "-")
        self.shows[show.id] = show
        return catalog_service_pb2.CreateShowResponse(show=show)

    async def GetShow(self, request, context):  # noqa: N802 - as above
        if request.id not in self.shows:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such show")
        return catalog_service_pb2.GetShowResponse(show=self.shows[request.id])


class Edge:
    """Knows only the path of *name*."""

    def __init__(self, name):
        self._path = f"/v1/shows/{name.lower().replace(' ', '-')}?fields=name"
        self._body = f'{{"name":"{name}"}}'.encode()

    async def get(self, path):
        return Answer(200, self._body) if path == self._path else Answer(404, b"{}")


@contextlib.asynccontextmanager
async def editor_of(catalog):
    server = grpc.aio.server()
    catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with editing(f"127.0.0.1:{port}", credential="sesame") as editor:
            yield editor
    finally:
        await server.stop(None)


async def test_each_write_has_a_request_id_of_its_own():
    catalog = Catalog()

    async with editor_of(catalog) as editor:
        await asyncio.gather(*(editor.create(timeout_seconds=5) for _ in range(3)))

    assert len(set(catalog.request_ids)) == 3
    assert all(catalog.request_ids)
    assert set(catalog.credentials) == {"sesame"}


async def test_what_is_there_is_read_back_without_complaint():
    async with editor_of(Catalog()) as editor:
        written = await editor.create(timeout_seconds=5)

        assert await editor.complaint(written, Edge(written.name)) == ""


async def test_what_catalog_or_the_edge_has_lost_is_named():
    catalog = Catalog()

    async with editor_of(catalog) as editor:
        written = await editor.create(timeout_seconds=5)

        assert "the edge says 404" in await editor.complaint(written, Edge("another"))
        catalog.shows.clear()
        assert "catalog says NOT_FOUND" in await editor.complaint(written, Edge(written.name))


async def test_a_write_that_is_refused_says_why():
    catalog = Catalog()
    catalog.down = True

    async with editor_of(catalog) as editor:
        with pytest.raises(WriteError, match="UNAVAILABLE: no database"):
            await editor.create(timeout_seconds=1)
