"""A gateway with `/v1/admin` before a catalog of the tests' own, and an editor at it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from tantrum_gateway import app
from tantrum_kit import grpc_server
from tvtantrum.catalog.v1 import (
    audit_service_pb2_grpc,
    catalog_service_pb2_grpc,
    editor_service_pb2_grpc,
    idempotency_service_pb2_grpc,
    statistics_service_pb2_grpc,
    vocabulary_service_pb2_grpc,
)

from .conftest import client_of, eventually, settings_for
from .fake_editing import (
    CREDENTIAL,
    EMAIL,
    PASSWORD,
    EditedCatalog,
    FakeAudit,
    FakeEditors,
    FakeIdempotency,
    FakeStatistics,
    FakeVocabularies,
)


@dataclass
class Desk:
    """A client that is signed in, or has an API token, or is nobody."""

    new_client: Callable[[], httpx.AsyncClient]
    headers: dict[str, str] = field(default_factory=dict)
    csrf_token: str = ""

    def __post_init__(self) -> None:
        self.http = self.new_client()

    async def ask(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Send to *path* below `/v1/admin`; underscores in names of headers are hyphens."""
        content = {"json": json} if json is not None else {}
        if "content" in more:
            content = {"content": more.pop("content")}
        headers = {"x-csrf-token": self.csrf_token} if self.csrf_token else {}
        headers |= self.headers | {name.replace("_", "-"): value for name, value in more.items()}
        return await self.http.request(method, f"/v1/admin{path}", headers=headers, **content)

    async def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> httpx.Response:
        response = await self.ask("POST", "/session", {"email": email, "password": password})
        if response.status_code == 201:
            self.csrf_token = response.json()["csrfToken"]
        return response

    async def with_api_token(self, *scopes: str) -> Desk:
        """Return a program's desk, by a new API token of this editor."""
        body = {"name": "a program", "scopes": list(scopes)}
        token = (await self.ask("POST", "/api-tokens", body)).json()["token"]
        return Desk(self.new_client, {"authorization": f"Bearer {token}"})


@dataclass
class EditedSite:
    """A gateway, what is behind it, and an editor who is signed in."""

    catalog: EditedCatalog
    editors: FakeEditors
    idempotency: FakeIdempotency
    vocabularies: FakeVocabularies
    audit: FakeAudit
    desk: Desk

    def stranger(self) -> Desk:
        """Return a client who is nobody yet."""
        return Desk(self.desk.new_client)


@contextlib.asynccontextmanager
async def edited(**changes: Any) -> AsyncIterator[EditedSite]:
    """A site with *changes* to the gateway's settings."""
    catalog = EditedCatalog()
    editors, idempotency = FakeEditors(catalog), FakeIdempotency(catalog)
    vocabularies, audit = FakeVocabularies(catalog), FakeAudit(catalog)

    def servicers(server: Any) -> None:
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, server)
        editor_service_pb2_grpc.add_EditorServiceServicer_to_server(editors, server)
        idempotency_service_pb2_grpc.add_IdempotencyServiceServicer_to_server(idempotency, server)
        vocabulary_service_pb2_grpc.add_VocabularyServiceServicer_to_server(vocabularies, server)
        audit_service_pb2_grpc.add_AuditServiceServicer_to_server(audit, server)
        statistics_service_pb2_grpc.add_StatisticsServiceServicer_to_server(
            FakeStatistics(catalog), server
        )

    async def ready() -> bool:
        return True

    async with (
        grpc_server.serving(
            "127.0.0.1:0",
            servicers=servicers,
            service_names=["tvtantrum.catalog.v1.CatalogService"],
            ready=ready,
            drain_seconds=0,
            grace_seconds=0,
        ) as catalog_port,
        app.serving(
            settings_for(
                f"127.0.0.1:{catalog_port}",
                "127.0.0.1:1",
                **{"service_credential": CREDENTIAL, **changes},
            )
        ) as port,
        contextlib.AsyncExitStack() as clients,
    ):

        def new_client() -> httpx.AsyncClient:
            client = client_of(f"http://127.0.0.1:{port}")
            clients.push_async_callback(client.aclose)
            return client

        await eventually(lambda: catalog.watchers == 1)
        desk = Desk(new_client)
        assert (await desk.sign_in()).status_code == 201
        yield EditedSite(catalog, editors, idempotency, vocabularies, audit, desk)
