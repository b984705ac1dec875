"""The product's own servers as processes: their programs, settings and signs of readiness."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

from tantrum_stack import ports
from tantrum_stack.data_folder import DataFolder
from tantrum_stack.processes import Command
from tantrum_stack.settings import CHECKOUT
from tantrum_stack.supervisor import Part

_CATALOGUE = CHECKOUT / "data" / "catalogue"
_PROBE_SECONDS = 2.0
_DEFAULTS = {
    # Nobody balances load over one machine, so nobody needs time to notice a stop.
    f"{service}_DRAIN_SECONDS": "0"
    for service in ("CATALOG", "SEARCH", "GATEWAY")
}
_OURS = ("TANTRUM_", "DATABASE_URL", "REDIS_URL", "MAKE", "MFLAGS")
"""Variables, by their beginnings, that are meant for the stack or make and not for a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """What the services stand on."""

    database_url: str
    """Without a password."""

    database_password: str = field(repr=False)
    redis_url: str | None = field(repr=False)


class Services:
    """Catalog, search and gateway over *upstreams*, on free ports but for the gateway's."""

    def __init__(self, folder: DataFolder, upstreams: Upstreams, http_port: int) -> None:
        self._folder = folder
        self._upstreams = upstreams
        self._http_port = http_port
        catalog, search, *self._metrics = ports.free_ports(5)
        self._catalog = f"{ports.LOOPBACK}:{catalog}"
        self._search = f"{ports.LOOPBACK}:{search}"

    def migrate(self) -> Command:
        return _command("tantrum-catalog", "migrate", environment=self._catalog_settings())

    def seed(self) -> Command:
        """Fills an empty catalogue with the shows that the product ships."""
        return _command(
            "tantrum-catalog", "seed", "--from", _CATALOGUE, environment=self._catalog_settings()
        )

    def catalog(self) -> Part:
        return Part(
            title=f"catalog at {self._catalog}",
            command=_command("tantrum-catalog", "serve", environment=self._catalog_settings()),
            ready=functools.partial(_serving_grpc, self._catalog),
        )

    def search(self) -> Part:
        return Part(
            title=f"search at {self._search}",
            command=_command("tantrum-search", "serve", environment=self._search_settings()),
            ready=functools.partial(_serving_grpc, self._search),
        )

    def gateway(self) -> Part:
        settings = {
            "GATEWAY_HTTP_ADDRESS": f"{ports.LOOPBACK}:{self._http_port}",
            "GATEWAY_CATALOG_ADDRESS": self._catalog,
            "GATEWAY_SEARCH_ADDRESS": self._search,
            "GATEWAY_METRICS_PORT": str(self._metrics[2]),
            "GATEWAY_SERVICE_CREDENTIAL": self._folder.secret("service-credential"),
            "GATEWAY_SITE_URL": os.environ.get(
                "GATEWAY_SITE_URL", f"http://{ports.LOOPBACK}:{self._http_port}"
            ),
        }
        if self._upstreams.redis_url is not None:
            settings["GATEWAY_REDIS_URL"] = self._upstreams.redis_url
        return Part(
            title=f"gateway at {ports.LOOPBACK}:{self._http_port}",
            command=_command("tantrum-gateway", "serve", environment=settings),
            ready=functools.partial(_serving_http, self._http_port),
        )

    def _catalog_settings(self) -> dict[str, str]:
        return {
            "CATALOG_DATABASE_URL": self._upstreams.database_url,
            "CATALOG_DATABASE_PASSWORD": self._upstreams.database_password,
            "CATALOG_GRPC_ADDRESS": self._catalog,
            "CATALOG_METRICS_PORT": str(self._metrics[0]),
            "CATALOG_PAGE_TOKEN_KEY": self._folder.secret("catalog-page-token-key"),
            "CATALOG_SERVICE_CREDENTIAL": self._folder.secret("service-credential"),
        }

    def _search_settings(self) -> dict[str, str]:
        settings = {
            "SEARCH_CATALOG_ADDRESS": self._catalog,
            "SEARCH_GRPC_ADDRESS": self._search,
            "SEARCH_METRICS_PORT": str(self._metrics[1]),
            "SEARCH_PAGE_TOKEN_KEY": self._folder.secret("search-page-token-key"),
        }
        if os.environ.get("SEARCH_BACKEND") == "postgres":
            settings["SEARCH_DATABASE_URL"] = self._upstreams.database_url
            settings["SEARCH_DATABASE_PASSWORD"] = self._upstreams.database_password
        return settings


def _command(program: str, *arguments: str | Path, environment: Mapping[str, str]) -> Command:
    """Settings of a service that the user exported reach it; what we decide wins."""
    verb = str(arguments[0])
    part = program.removeprefix("tantrum-")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    return Command(
        name=part if verb == "serve" else f"{part}-{verb}",
        argv=(Path(sys.executable).with_name(program), *arguments),
        environment={**_DEFAULTS, **inherited, **environment},
        folder=CHECKOUT,
    )


async def _serving_grpc(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        # Not the generated stub, whose types know of no methods.
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            reply = await check(health_pb2.HealthCheckRequest(), timeout=_PROBE_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return reply.status == health_pb2.HealthCheckResponse.SERVING


async def _serving_http(port: int) -> bool:
    reader, writer = await asyncio.open_connection(ports.LOOPBACK, port)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(_PROBE_SECONDS):
            status_line = await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return status_line.split()[1:2] == [b"200"]
