"""Catalog, search and gateways in one process, over loopback, with a catalogue in memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from grpc import aio
from tantrum_catalog import app as catalog_app
from tantrum_catalog import seed
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher
from tantrum_catalog.storage.stores import memory_stores
from tantrum_gateway import app as gateway_app
from tantrum_gateway.settings import Settings
from tantrum_kit import grpc_client
from tantrum_search import app as search_app
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.transport.catalog import GrpcCatalog
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc, vocabulary_service_pb2_grpc
from tvtantrum.search.v1 import search_service_pb2_grpc

CATALOGUE = Path(__file__).parents[2] / "data" / "catalogue"
KEY = b"a key for tests that signs tokens"


@dataclass(frozen=True)
class Product:
    catalog_address: str
    search_address: str
    catalog: catalog_service_pb2_grpc.CatalogServiceAsyncStub
    vocabularies: vocabulary_service_pb2_grpc.VocabularyServiceAsyncStub
    search: search_service_pb2_grpc.SearchServiceAsyncStub


@contextlib.asynccontextmanager
async def running(*, watch_poll_seconds: float = 0.005) -> AsyncIterator[Product]:
    """Serve the catalogue that the product ships, and search over it."""
    stores = memory_stores()
    await stores.catalog.load(seed.catalogue_in(CATALOGUE))
    options = catalog_app.Options(
        address="127.0.0.1:0", page_token_key=KEY, watch_poll_seconds=watch_poll_seconds
    )
    async with (
        catalog_app.serving(stores, ThreadedPasswordHasher(), options) as catalog_port,
        grpc_client.channel(f"127.0.0.1:{catalog_port}", retried={}) as to_catalog,
        search_app.serving(
            GrpcCatalog(to_catalog, call_seconds=5, silence_seconds=60),
            MemoryBackend(),
            address="127.0.0.1:0",
            page_token_key=KEY,
            drain_seconds=0,
            shutdown_grace_seconds=0,
        ) as search_port,
        aio.insecure_channel(f"127.0.0.1:{catalog_port}") as editors_own,
        aio.insecure_channel(f"127.0.0.1:{search_port}") as to_search,
    ):
        yield Product(
            catalog_address=f"127.0.0.1:{catalog_port}",
            search_address=f"127.0.0.1:{search_port}",
            catalog=catalog_service_pb2_grpc.CatalogServiceStub(editors_own),
            vocabularies=vocabulary_service_pb2_grpc.VocabularyServiceStub(editors_own),
            search=search_service_pb2_grpc.SearchServiceStub(to_search),
        )


@contextlib.asynccontextmanager
async def gateway(product: Product, **changes: object) -> AsyncIterator[httpx.AsyncClient]:
    """Serve *product* over HTTP, with *changes* to the settings."""
    settings = {
        "http_address": "127.0.0.1:0",
        "catalog_address": product.catalog_address,
        "search_address": product.search_address,
        "metrics_port": None,
        "drain_seconds": 0,
        "grace_seconds": 1,
        "request_timeout_seconds": 20,
        "suggest_timeout_seconds": 20,
    }
    async with (
        gateway_app.serving(Settings(**{**settings, **changes})) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield http
