"""An editor's writes: new shows, each with a request id, by the client that the gateway has."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Final

from grpc import aio
from tantrum_kit import grpc_client
from tvtantrum.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc, show_pb2

from .connections import Connections
from .outcomes import Written

_SERVICE: Final = "tvtantrum.catalog.v1.CatalogService"
# With its request id a create is safe to repeat, which a read is anyway.
_REPEATABLE: Final = {_SERVICE: ["CreateShow", "GetShow"]}
_READ_SECONDS: Final = 5.0


class WriteError(Exception):
    """A write was not acknowledged; the text is the status and its words."""


class Editor:
    """Makes shows, and reads back what became of them."""

    def __init__(
        self, stub: catalog_service_pb2_grpc.CatalogServiceAsyncStub, credential: str
    ) -> None:
        self._stub = stub
        self._metadata = (("x-service-credential", credential),)
        self._run = secrets.token_hex(4)
        self._count = 0

    async def create(self, *, timeout_seconds: float) -> Written:
        """Make another show. Raises `WriteError`."""
        self._count += 1
        name = f"Load {self._run} {self._count}"
        show = show_pb2.Show(name=name, description="Made under load.", min_age=3, stimulation=2)
        request = catalog_service_pb2.CreateShowRequest(show=show, request_id=f"{name} once")
        try:
            reply = await self._stub.CreateShow(
                request, timeout=timeout_seconds, metadata=self._metadata
            )
        except aio.AioRpcError as failure:
            raise WriteError(f"{failure.code().name}: {failure.details()}") from failure
        return Written(id=reply.show.id, slug=reply.show.slug, name=reply.show.name)

    async def complaint(self, written: Written, edge: Connections) -> str:
        """Read *written* back from catalog and through *edge*; return what is wrong, or nothing."""
        request = catalog_service_pb2.GetShowRequest(id=written.id)
        try:
            reply = await self._stub.GetShow(request, timeout=_READ_SECONDS)
        except aio.AioRpcError as failure:
            return f"{written.name}: catalog says {failure.code().name}: {failure.details()}"
        if reply.show.name != written.name:
            return f"{written.name}: catalog has {reply.show.name!r} in its place"
        answer = await edge.get(f"/v1/shows/{written.slug}?fields=name")
        if answer.status != 200 or json.loads(answer.text) != {"name": written.name}:
            return f"{written.name}: the edge says {answer.status}: {answer.text[:200]}"
        return ""


@contextlib.asynccontextmanager
async def editing(catalog_address: str, *, credential: str = "") -> AsyncIterator[Editor]:
    """
    Lend an editor of the catalog at *catalog_address* (`host:port`).

    It writes as a service, by that catalog's *credential*, where it has one.
    """
    async with grpc_client.channel(catalog_address, retried=_REPEATABLE) as channel:
        yield Editor(catalog_service_pb2_grpc.CatalogServiceStub(channel), credential)
