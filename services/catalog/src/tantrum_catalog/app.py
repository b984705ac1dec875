"""Builds the catalog service around its ports, serves it, and stops it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from grpc import aio
from tantrum_kit import grpc_server
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc, editor_service_pb2_grpc

from tantrum_catalog.domain.catalog import Catalog
from tantrum_catalog.domain.editors import Editors, EditorStore, PasswordHasher
from tantrum_catalog.domain.ports import CatalogStore
from tantrum_catalog.domain.watch import CatalogWatch
from tantrum_catalog.transport.catalog_grpc import CatalogServicer
from tantrum_catalog.transport.editor_grpc import EditorServicer

SERVICE_NAMES: Final = (
    "tvtantrum.catalog.v1.CatalogService",
    "tvtantrum.catalog.v1.EditorService",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the service runs."""

    address: str
    """`host:port`; port 0 for any."""
    page_token_key: bytes
    watch_poll_seconds: float = 0.1
    watch_bookmark_seconds: float = 5.0
    drain_seconds: float = 0.0
    shutdown_grace_seconds: float = 0.0


@contextlib.asynccontextmanager
async def serving(
    store: CatalogStore,
    editor_store: EditorStore,
    password_hasher: PasswordHasher,
    options: Options,
) -> AsyncIterator[int]:
    """
    Serve the catalogue and yield the port it got.

    On exit: first end the watches, whose clients go on elsewhere from the same
    revision; then report NOT_SERVING and take calls for the drain; then give those
    under way the grace. Health follows whether the store answers.
    """
    watch = CatalogWatch(
        store,
        poll_seconds=options.watch_poll_seconds,
        bookmark_seconds=options.watch_bookmark_seconds,
        now=_utc_now,
    )
    editors = Editors(editor_store, password_hasher, now=_utc_now)
    servicer = CatalogServicer(Catalog(store), store, watch, PageTokens(options.page_token_key))

    def add_servicers(server: aio.Server) -> None:
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)
        editor_service_pb2_grpc.add_EditorServiceServicer_to_server(EditorServicer(editors), server)

    async with (
        grpc_server.serving(
            options.address,
            servicers=add_servicers,
            service_names=SERVICE_NAMES,
            ready=store.ready,
            drain_seconds=options.drain_seconds,
            grace_seconds=options.shutdown_grace_seconds,
        ) as port,
        watch.running(),
    ):
        yield port


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
