"""The stores of everything that the service keeps, all of one kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from tantrum_catalog.domain.api_tokens import ApiTokenStore
from tantrum_catalog.domain.audit import AuditLog
from tantrum_catalog.domain.editors import EditorStore
from tantrum_catalog.domain.idempotency import IdempotencyStore
from tantrum_catalog.domain.ports import CatalogStore
from tantrum_catalog.domain.sessions import SessionStore
from tantrum_catalog.domain.statistics import StatisticsReader
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.memory import MemoryCatalogStore
from tantrum_catalog.storage.memory_editors import MemoryAccess, MemoryEditorStore
from tantrum_catalog.storage.memory_idempotency import MemoryIdempotencyStore
from tantrum_catalog.storage.memory_sessions import MemoryApiTokenStore, MemorySessionStore
from tantrum_catalog.storage.memory_statistics import MemoryStatistics
from tantrum_catalog.storage.postgres import PostgresCatalogStore
from tantrum_catalog.storage.postgres_api_tokens import PostgresApiTokenStore
from tantrum_catalog.storage.postgres_audit import PostgresAuditLog
from tantrum_catalog.storage.postgres_editors import PostgresEditorStore
from tantrum_catalog.storage.postgres_idempotency import PostgresIdempotencyStore
from tantrum_catalog.storage.postgres_sessions import PostgresSessionStore
from tantrum_catalog.storage.postgres_statistics import PostgresStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What the service needs of the world."""

    catalog: CatalogStore
    editors: EditorStore
    sessions: SessionStore
    api_tokens: ApiTokenStore
    requests: IdempotencyStore
    audit: AuditLog
    statistics: StatisticsReader


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def postgres_stores(
    databases: Databases, *, batches_kept: int, now: Callable[[], dt.datetime] = utc_now
) -> Stores:
    """Return the stores that PostgreSQL keeps; the feed goes back *batches_kept* revisions."""
    primary = databases.primary
    return Stores(
        catalog=PostgresCatalogStore(databases, now=now, batches_kept=batches_kept),
        editors=PostgresEditorStore(primary, now=now),
        sessions=PostgresSessionStore(primary),
        api_tokens=PostgresApiTokenStore(primary),
        requests=PostgresIdempotencyStore(primary),
        audit=PostgresAuditLog(primary),
        statistics=PostgresStatistics(databases),
    )


def memory_stores(*, now: Callable[[], dt.datetime] = utc_now) -> Stores:
    """Return stores that forget all when they go."""
    access = MemoryAccess()
    catalog = MemoryCatalogStore(now=now, audit=access.audit)
    return Stores(
        catalog=catalog,
        editors=MemoryEditorStore(access, now=now),
        sessions=MemorySessionStore(access),
        api_tokens=MemoryApiTokenStore(access),
        requests=MemoryIdempotencyStore(access),
        audit=access.audit,
        statistics=MemoryStatistics(catalog, access),
    )
