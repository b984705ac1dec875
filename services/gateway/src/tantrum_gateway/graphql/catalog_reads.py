"""
Asks the catalogue for all that a query wants at one time, in one call.

A query's fields are resolved each by itself. Here they meet: the first to ask
waits until all others on its level have asked too, and calls for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from google.protobuf.message import Message
from tantrum_kit import status
from tantrum_kit.errors import NotFoundError
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.graphql import dependence
from tantrum_gateway.graphql.failures import LimitError
from tantrum_gateway.upstreams import Upstreams, call

_MAX_READS: Final = 100
_FIELD_BY_REQUEST: Final = {
    field.message_type.full_name: field.name
    for field in pb.Read.DESCRIPTOR.fields
    if field.message_type is not None
}


class CatalogReads:
    """
    The reads of one query, none of them older than *min_revision*.

    What asks in *patience_passes* passes of the event loop goes in one call.
    """

    def __init__(self, upstreams: Upstreams, *, min_revision: int, patience_passes: int) -> None:
        self._upstreams = upstreams
        self._min_revision = min_revision
        self._patience_passes = patience_passes
        self._asked: dict[bytes, asyncio.Future[Any]] = {}
        self._waiting: dict[bytes, pb.Read] = {}
        self.revisions: list[int] = []
        """Those that the answers were made at."""
        self.depends: list[Dependencies] = []
        """What the answers depend on."""

    async def get(self, request: Message) -> Any:
        """
        Return the response to *request*; the same one however often it is asked for.

        Raises:
            CallerError: what the catalogue raised.
            LimitError: too much is asked for at one time.
        """
        name = _FIELD_BY_REQUEST[request.DESCRIPTOR.full_name]
        request.min_revision = self._min_revision  # type: ignore[attr-defined]  # all have it
        read = pb.Read(**{name: request})  # type: ignore[arg-type]  # its type is by its name
        key = read.SerializeToString(deterministic=True)
        asked = self._asked.get(key)
        if asked is None:
            first = not self._waiting
            asked = self._asked[key] = asyncio.get_running_loop().create_future()
            self._waiting[key] = read
            if first:
                await self._call()
        return await asked

    async def _call(self) -> None:
        for _ in range(self._patience_passes):
            await asyncio.sleep(0)
        waiting, self._waiting = self._waiting, {}
        futures = [self._asked[key] for key in waiting]
        try:
            results = await self._results(list(waiting.values()))
            for future, read, result in zip(futures, waiting.values(), results, strict=True):
                self._settle(future, read, result)
        except Exception as error:  # noqa: BLE001 - all who wait are to get it
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        except asyncio.CancelledError:
            for future in futures:
                future.cancel()
            raise

    async def _results(self, reads: list[pb.Read]) -> Sequence[pb.ReadResult]:
        if len(reads) > _MAX_READS:
            raise LimitError("reads", "ask for less.", given=len(reads), allowed=_MAX_READS)
        request = pb.BatchReadRequest(reads=reads)
        return (await call("catalog", self._upstreams.catalog.BatchRead, request)).results

    def _settle(self, future: asyncio.Future[Any], read: pb.Read, result: pb.ReadResult) -> None:
        request = getattr(read, str(read.WhichOneof("request")))
        name = result.WhichOneof("response")
        if name is None or name == "error":
            error = status.error_of_details(result.error)
            if isinstance(error, NotFoundError):
                self.depends.append(dependence.on_missing(request))
            future.set_exception(error or RuntimeError("a read of a batch has no result"))
            return
        response = getattr(result, name)
        self.revisions.append(response.catalog_revision)
        self.depends.append(dependence.on_read(request, response))
        future.set_result(response)
