"""Builds the catalog service around its ports, serves it, and stops it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from grpc import aio
from tantrum_kit import grpc_server
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import (
    audit_service_pb2_grpc,
    catalog_service_pb2_grpc,
    editor_service_pb2_grpc,
    idempotency_service_pb2_grpc,
    statistics_service_pb2_grpc,
    vocabulary_service_pb2_grpc,
)

from tantrum_catalog.domain.api_tokens import ApiTokens
from tantrum_catalog.domain.catalog import Catalog
from tantrum_catalog.domain.editors import Editors, PasswordHasher
from tantrum_catalog.domain.idempotency import Requests
from tantrum_catalog.domain.sessions import Lifetime, Sessions
from tantrum_catalog.domain.vocabularies import Vocabularies
from tantrum_catalog.domain.watch import CatalogWatch
from tantrum_catalog.storage.stores import Stores, utc_now
from tantrum_catalog.transport.audit_grpc import AuditServicer
from tantrum_catalog.transport.callers import Callers
from tantrum_catalog.transport.catalog_grpc import CatalogServicer
from tantrum_catalog.transport.editor_grpc import EditorServicer
from tantrum_catalog.transport.idempotency_grpc import IdempotencyServicer
from tantrum_catalog.transport.statistics_grpc import StatisticsServicer
from tantrum_catalog.transport.vocabulary_grpc import VocabularyServicer

SERVICE_NAMES: Final = tuple(
    f"tvtantrum.catalog.v1.{name}Service"
    for name in ("Catalog", "Editor", "Vocabulary", "Audit", "Statistics", "Idempotency")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the service runs."""

    address: str
    """`host:port`; port 0 for any."""
    page_token_key: bytes
    service_credential: str = ""
    """What callers that write prove themselves by; empty for none."""
    session_lifetime: Lifetime = field(default_factory=Lifetime)
    watch_poll_seconds: float = 0.1
    watch_bookmark_seconds: float = 1.0
    drain_seconds: float = 0.0
    shutdown_grace_seconds: float = 0.0


@contextlib.asynccontextmanager
async def serving(
    stores: Stores, password_hasher: PasswordHasher, options: Options
) -> AsyncIterator[int]:
    """
    Serve the catalogue and yield the port it got.

    On exit: first end the watches, whose clients go on elsewhere from the same
    revision; then report NOT_SERVING and take calls for the drain; then give those
    under way the grace. Health follows whether the store answers.
    """
    watch = CatalogWatch(
        stores.catalog,
        poll_seconds=options.watch_poll_seconds,
        bookmark_seconds=options.watch_bookmark_seconds,
        now=utc_now,
    )

    def add_servicers(server: aio.Server) -> None:
        tokens = PageTokens(options.page_token_key)
        _add_catalog(server, stores, watch, tokens)
        _add_editing(server, stores, password_hasher, options.session_lifetime, tokens)

    async with (
        grpc_server.serving(
            options.address,
            servicers=add_servicers,
            service_names=SERVICE_NAMES,
            ready=stores.catalog.ready,
            drain_seconds=options.drain_seconds,
            grace_seconds=options.shutdown_grace_seconds,
            admitted=Callers(options.service_credential).acting,
        ) as port,
        watch.running(),
    ):
        yield port


def _add_catalog(
    server: aio.Server, stores: Stores, watch: CatalogWatch, tokens: PageTokens
) -> None:
    """Add what everybody reads, and what editors do to it."""
    catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(
        CatalogServicer(Catalog(stores.catalog), stores.catalog, watch, tokens), server
    )
    vocabulary_service_pb2_grpc.add_VocabularyServiceServicer_to_server(
        VocabularyServicer(Vocabularies(stores.catalog), stores.catalog), server
    )


def _add_editing(
    server: aio.Server,
    stores: Stores,
    password_hasher: PasswordHasher,
    lifetime: Lifetime,
    tokens: PageTokens,
) -> None:
    """Add what is about editors, and for them."""
    editors = Editors(stores.editors, password_hasher, now=utc_now)
    sessions = Sessions(stores.sessions, editors, lifetime=lifetime, now=utc_now)
    api_tokens = ApiTokens(stores.api_tokens, now=utc_now)
    editor_service_pb2_grpc.add_EditorServiceServicer_to_server(
        EditorServicer(editors, stores.editors, sessions, api_tokens, tokens), server
    )
    idempotency_service_pb2_grpc.add_IdempotencyServiceServicer_to_server(
        IdempotencyServicer(Requests(stores.requests, now=utc_now)), server
    )
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(
        AuditServicer(stores.audit, tokens), server
    )
    statistics_service_pb2_grpc.add_StatisticsServiceServicer_to_server(
        StatisticsServicer(stores.statistics), server
    )
