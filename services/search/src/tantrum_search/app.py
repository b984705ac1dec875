"""The service, built around the ports it is given."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence

import prometheus_client
from tantrum_kit import grpc_server
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import show_pb2
from tvtantrum.search.v1 import search_service_pb2_grpc as pb_grpc

from tantrum_search.domain.document import document_of
from tantrum_search.domain.feed import Feed
from tantrum_search.domain.lexicon import Lexicon
from tantrum_search.domain.ports import Catalog, SearchBackend
from tantrum_search.domain.search import Index, Search
from tantrum_search.domain.show import Slug
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.transport import codec
from tantrum_search.transport.grpc import SERVICE_NAME, SearchServicer

_REVISION = prometheus_client.Gauge(
    "tantrum_search_index_revision", "Catalogue revision that the index stands at."
)
_SHOWS = prometheus_client.Gauge("tantrum_search_indexed_shows_count", "Shows that can be found.")


@contextlib.asynccontextmanager
async def serving(
    catalog: Catalog,
    backend: SearchBackend,
    *,
    address: str,
    page_token_key: bytes,
    drain_seconds: float,
    shutdown_grace_seconds: float,
) -> AsyncIterator[int]:
    """
    Follow *catalog* into *backend*, serve on *address*, and yield the port it got.

    Health is SERVING once the index is loaded. On exit the index stays as it is,
    and requests end as `grpc_server.serving` says.
    """
    index = Index()
    _REVISION.set_function(lambda: index.revision)
    _SHOWS.set_function(lambda: len(index.lexicon or ()))
    search = Search(backend, index, PageTokens(page_token_key))
    async with (
        grpc_server.serving(
            address,
            servicers=lambda server: pb_grpc.add_SearchServiceServicer_to_server(
                SearchServicer(search), server
            ),
            service_names=[SERVICE_NAME],
            ready=search.ready,
            drain_seconds=drain_seconds,
            grace_seconds=shutdown_grace_seconds,
        ) as port,
        asyncio.TaskGroup() as tasks,
    ):
        feeding = tasks.create_task(Feed(catalog, backend, index).run())
        try:
            yield port
        finally:
            feeding.cancel()


async def in_memory(shows: Sequence[show_pb2.Show], themes: Sequence[show_pb2.Theme]) -> Search:
    """
    Return a search over *shows* and *themes* that follows no catalogue.

    For benchmarks and relevance tests: `await search.find("bluye", Page(size=20))`
    and `await search.suggest("blu", 8)` are what the servicer calls.
    """
    backend, index = MemoryBackend(), Index()
    aliases = {Slug(theme.slug): tuple(theme.aliases) for theme in themes}
    documents = [document_of(codec.show_from_proto(show), aliases) for show in shows]
    index.lexicon = Lexicon()
    index.lexicon.set_themes(map(codec.theme_from_proto, themes))
    for document in documents:
        index.lexicon.put(document)
    index.revision = 1
    await backend.replace(documents, revision=index.revision)
    return Search(backend, index, PageTokens(secrets.token_bytes(16)))
