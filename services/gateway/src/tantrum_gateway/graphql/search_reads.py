"""
Asks search for what a query wants: one page of hits, and one list of suggestions.

Where search is away the catalogue answers for it, as in REST, by names; suggestions are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message
from tantrum_kit import errors
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from tantrum_gateway import by_name
from tantrum_gateway.dependencies import ANYTHING, Dependencies
from tantrum_gateway.graphql import dependence
from tantrum_gateway.graphql.failures import LimitError
from tantrum_gateway.upstreams import Upstreams, call, leaving_time


class SearchReads:
    """The reads of one query; *degrading* has others answer in search's place."""

    def __init__(self, upstreams: Upstreams, *, min_revision: int, degrading: bool) -> None:
        self._upstreams = upstreams
        self._min_revision = min_revision
        self._degrading = degrading
        self.degraded = False
        """Whether something else than search has answered."""
        self._asked: dict[str, tuple[bytes, asyncio.Future[Any]]] = {}
        self.revisions: list[int] = []
        """Those that the answers were made at."""
        self.depends: list[Dependencies] = []
        """What the answers depend on."""

    async def hits(self, request: search_pb.SearchShowsRequest) -> search_pb.SearchShowsResponse:
        """Return a page of hits. Raises as `_once`."""
        response: search_pb.SearchShowsResponse = await self._once(
            "search", request, lambda: self._hits(request)
        )
        return response

    async def suggestions(
        self, request: search_pb.SuggestShowsRequest
    ) -> search_pb.SuggestShowsResponse:
        """Return suggestions. Raises as `_once`."""
        response: search_pb.SuggestShowsResponse = await self._once(
            "suggest", request, lambda: self._suggestions(request)
        )
        return response

    async def _hits(self, request: search_pb.SearchShowsRequest) -> search_pb.SearchShowsResponse:
        if not by_name.goes_on(request):
            try:
                with leaving_time():
                    return await call("search", self._upstreams.search.SearchShows, request)
            except errors.UnavailableError:
                if not self._degrading:
                    raise
        self.degraded = True
        return await by_name.found(self._upstreams, request, min_revision=self._min_revision)

    async def _suggestions(
        self, request: search_pb.SuggestShowsRequest
    ) -> search_pb.SuggestShowsResponse:
        try:
            with leaving_time():
                return await call("search", self._upstreams.search.SuggestShows, request)
        except errors.UnavailableError:
            if not self._degrading:
                raise
        self.degraded = True
        return search_pb.SuggestShowsResponse(catalog_revision=self._min_revision)

    async def _once(self, field: str, request: Message, asks: Callable[[], Awaitable[Any]]) -> Any:
        """
        Return what comes of *asks*, the same for the same request.

        Raises:
            CallerError: what search raised.
            LimitError: *field* has been asked with another request.
        """
        key = request.SerializeToString(deterministic=True)
        if field in self._asked:
            asked, future = self._asked[field]
            if asked != key:
                raise LimitError(
                    field, "send another request for the other query.", given=2, allowed=1
                )
            return await asyncio.shield(future)
        future = asyncio.get_running_loop().create_future()
        self._asked[field] = key, future
        try:
            response = await asks()
        except BaseException:
            future.cancel()
            raise
        self.revisions.append(response.catalog_revision)
        # Only search knows what a search depends on.
        self.depends.append(ANYTHING if self.degraded else dependence.on_read(request, response))
        future.set_result(response)
        return response
