"""CatalogService over gRPC: several reads in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tantrum_kit import errors, status
from tantrum_kit.grpc_server import Context
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from tantrum_catalog.transport.catalog_reads_grpc import CatalogReadsServicer

_READS_MAX: Final = 100
_AT_ONCE: Final = 4
"""Reads of one batch that run together: each takes a connection, and others want some too."""

_DOMAIN: Final = "tvtantrum.catalog.v1.CatalogService"


class CatalogBatchesServicer(CatalogReadsServicer):
    """Does what the methods that only read do, many at a time."""

    async def BatchRead(
        self, request: pb.BatchReadRequest, context: Context
    ) -> pb.BatchReadResponse:
        if not 1 <= len(request.reads) <= _READS_MAX:
            raise errors.InvalidInputError.of("reads", f"must be 1 to {_READS_MAX} reads")
        turns = asyncio.Semaphore(_AT_ONCE)

        async def in_turn(read: pb.Read) -> pb.ReadResult:
            async with turns:
                return await self._result(read, context)

        async with asyncio.TaskGroup() as tasks:
            results = [tasks.create_task(in_turn(read)) for read in request.reads]
        return pb.BatchReadResponse(results=[result.result() for result in results])

    async def _result(self, read: pb.Read, context: Context) -> pb.ReadResult:
        name = read.WhichOneof("request")
        try:
            if name is None:
                raise errors.InvalidInputError.of("request", "is required")
            response = await self._method(name)(getattr(read, name), context)
        except errors.CallerError as error:
            return pb.ReadResult(error=status.details_of(error, domain=_DOMAIN))
        result = pb.ReadResult()
        getattr(result, name).CopyFrom(response)
        return result

    def _method(self, name: str) -> Callable[[Any, Context], Awaitable[Any]]:
        """Return the method whose request is the field *name* of a read: its name in snake case."""
        method: Callable[[Any, Context], Awaitable[Any]] = getattr(
            self, "".join(word.capitalize() for word in name.split("_"))
        )
        return method
