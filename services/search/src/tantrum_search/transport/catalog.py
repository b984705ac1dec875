"""Our client of the catalogue: implements `Catalog` over gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Collection, Iterator
from typing import Final

from grpc import aio
from tantrum_kit import errors, grpc_client
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc

from tantrum_search.domain.errors import HistoryUnavailableError
from tantrum_search.domain.ports import Listing, Revision, ShowsRead, ThemesRead
from tantrum_search.domain.show import Show, ShowId, Theme
from tantrum_search.transport import codec

_SERVICE: Final = "tvtantrum.catalog.v1.CatalogService"
_PAGE_SIZE: Final = 100
_BATCH_SIZE: Final = 100  # of 20 KiB at most each: a message may have 4 MiB
_REVISION_UNAVAILABLE: Final = "REVISION_UNAVAILABLE"


def channel(address: str) -> aio.Channel:
    """Return a channel to the catalogue at *address* (`host:port`)."""
    return grpc_client.channel(
        address, retried={_SERVICE: ["ListShows", "ListThemes", "BatchGetShows"]}
    )


class GrpcCatalog:
    """
    Implements `Catalog`.

    A call may take *call_seconds*; a watch that says nothing for *silence_seconds*
    is given up, since the catalogue sends bookmarks when there is nothing to say.
    """

    def __init__(
        self, channel: aio.Channel, *, call_seconds: float = 5.0, silence_seconds: float = 5.0
    ) -> None:
        self._stub: pb_grpc.CatalogServiceAsyncStub = pb_grpc.CatalogServiceStub(channel)
        self._call_seconds = call_seconds
        self._silence_seconds = silence_seconds

    async def list_all(self) -> Listing:
        themes_read = await self.read_themes(0)
        shows: list[Show] = []
        revisions = [themes_read.revision]
        request = pb.ListShowsRequest(page_size=_PAGE_SIZE)
        while True:
            with _errors_raised():
                page = await self._stub.ListShows(request, timeout=self._call_seconds)
            shows += map(codec.show_from_proto, page.shows)
            revisions.append(page.catalog_revision)
            if not page.next_page_token:
                return Listing(shows, themes_read.themes, min(revisions), max(revisions))
            request.page_token = page.next_page_token

    async def watch(self, from_revision: int) -> AsyncGenerator[Revision, None]:
        call = self._stub.WatchCatalog(pb.WatchCatalogRequest(from_revision=from_revision))
        try:
            with _errors_raised():
                responses = aiter(call)
                while True:
                    async with asyncio.timeout(self._silence_seconds):
                        response = await anext(responses, None)
                    if response is None:
                        return
                    yield codec.revision_from_proto(response)
        finally:
            call.cancel()

    async def read_shows(self, ids: Collection[ShowId], min_revision: int) -> ShowsRead:
        shows: list[Show] = []
        revision = min_revision
        remaining = iter(sorted(ids))
        while batch := list(itertools.islice(remaining, _BATCH_SIZE)):
            request = pb.BatchGetShowsRequest(ids=batch, min_revision=min_revision)
            with _errors_raised():
                response = await self._stub.BatchGetShows(request, timeout=self._call_seconds)
            shows += map(codec.show_from_proto, response.shows)
            revision = max(revision, response.catalog_revision)
        return ShowsRead(shows, revision)

    async def read_themes(self, min_revision: int) -> ThemesRead:
        themes: list[Theme] = []
        revision = min_revision
        request = pb.ListThemesRequest(page_size=_PAGE_SIZE, min_revision=min_revision)
        while True:
            with _errors_raised():
                page = await self._stub.ListThemes(request, timeout=self._call_seconds)
            themes += map(codec.theme_from_proto, page.themes)
            revision = max(revision, page.catalog_revision)
            if not page.next_page_token:
                return ThemesRead(themes, revision)
            request.page_token = page.next_page_token


@contextlib.contextmanager
def _errors_raised() -> Iterator[None]:
    """Raise what the catalogue failed with as what the feed can do about it."""
    try:
        with grpc_client.errors_raised():
            yield
    except errors.PreconditionFailedError as error:
        if error.reason != _REVISION_UNAVAILABLE:
            raise
        raise HistoryUnavailableError from error
    except TimeoutError as error:
        raise errors.UnavailableError("the catalogue fell silent") from error
