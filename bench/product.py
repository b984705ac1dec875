"""The product as a benchmark needs it: real processes, on data of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import grpc
import httpx
from grpc_health.v1 import health_pb2
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_kit import postgres
from tantrum_stack import ports
from tantrum_stack.identity import place_for
from tantrum_stack.postgres import Database, PostgresEngine
from tantrum_stack.processes import Command, Process, run, until_ready
from tantrum_stack.redis import RedisEngine

_CHECKOUT = Path(__file__).parents[1]
_READY_SECONDS = 60.0

Probe = Callable[[], Awaitable[bool]]
"""Asks a part whether it can serve."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What runs, and where."""

    database: Database
    catalog_address: str
    search_address: str
    gateway_url: str
    gateway_metrics_url: str
    processes: Mapping[str, Process]
    """By part: postgres, redis where there is one, catalog, search, gateway."""
    restart: Callable[[str], Awaitable[None]]
    """Ends a part and starts it again; returns when it is ready."""
    folder: Path
    environment: Mapping[str, str]
    """Of all parts."""

    def memory_mib(self, part: str) -> float:
        """Return the resident memory of *part* now."""
        return _memory_mib(self.processes[part].pid, "VmRSS")

    def peak_memory_mib(self) -> dict[str, float]:
        """Return each part's peak resident memory; PostgreSQL's is that of its largest process."""
        return {name: _memory_mib(process.pid, "VmHWM") for name, process in self.processes.items()}


@contextlib.asynccontextmanager
async def running(*, redis: bool = False) -> AsyncIterator[Product]:
    """
    Start everything over the shipped catalogue; on exit stop it and remove its data.

    Without *redis* what L1 lacks comes from catalog and search.
    """
    folder = _new_folder()
    place = place_for(folder)
    stack = contextlib.AsyncExitStack()
    processes: dict[str, Process] = {}

    started: dict[str, tuple[Command, Probe]] = {}

    async def start(command: Command, probe: Probe) -> None:
        process = Process.start(command, folder / f"{command.name}.log")
        processes[command.name] = process
        started[command.name] = command, probe
        stack.push_async_callback(process.stop)
        await until_ready(process, probe, within_seconds=_READY_SECONDS)

    async def restart(part: str) -> None:
        await processes[part].stop()
        await start(*started[part])

    try:
        async with stack:
            engine = PostgresEngine(place)
            await engine.prepare()
            await start(dataclasses.replace(engine.command(), name="postgres"), engine.ready)
            redis_url = ""
            if redis:
                cache = RedisEngine(place)
                redis_url = cache.url
                await start(cache.command(), cache.ready)
            database = engine.database()
            catalog, search, gateway, *metrics = ports.free_ports(6)
            environment = _environment(database, catalog, search, gateway, metrics)
            environment["GATEWAY_REDIS_URL"] = redis_url
            for verb in (["migrate"], ["seed", "--from", str(_CHECKOUT / "data" / "catalogue")]):
                command = _command("catalog", *verb, environment=environment)
                await run(command, folder / "setup.log", within_seconds=120)
            await start(_command("catalog", "serve", environment=environment), _grpc_probe(catalog))
            await start(_command("search", "serve", environment=environment), _grpc_probe(search))
            await start(_command("gateway", "serve", environment=environment), _http_probe(gateway))
            yield Product(
                database=database,
                catalog_address=f"127.0.0.1:{catalog}",
                search_address=f"127.0.0.1:{search}",
                gateway_url=f"http://127.0.0.1:{gateway}",
                gateway_metrics_url=f"http://127.0.0.1:{metrics[0]}/metrics",
                processes=processes,
                folder=folder,
                environment=environment,
                restart=restart,
            )
    finally:
        for leftover in {folder, place.folder}:
            shutil.rmtree(leftover, ignore_errors=True)


@contextlib.asynccontextmanager
async def gateways_started(
    product: Product, count: int, **settings: str
) -> AsyncIterator[list[str]]:
    """
    Start *count* more gateways and yield their addresses; stop them on exit.

    The *settings* are variables that they get besides.
    """
    async with contextlib.AsyncExitStack() as stack:
        urls = []
        for number in range(count):
            port, metrics_port = ports.free_ports(2)
            environment = {
                **product.environment,
                "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{port}",
                "GATEWAY_METRICS_PORT": str(metrics_port),
                **settings,
            }
            command = _command("gateway", "serve", environment=environment)
            process = Process.start(command, product.folder / f"gateway-{number}.log")
            stack.push_async_callback(process.stop)
            await until_ready(process, _http_probe(port), within_seconds=_READY_SECONDS)
            urls.append(f"http://127.0.0.1:{port}")
        yield urls


def _new_folder() -> Path:
    """A folder that PostgreSQL's unprivileged user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="tantrum-bench-"))
    folder.chmod(0o711)
    return folder


@contextlib.asynccontextmanager
async def primary_of(product: Product) -> AsyncIterator[postgres.Database]:
    """Connect to the catalogue's database as catalog itself does."""
    server = postgres.Server(url=product.database.url, password=product.database.password)
    async with postgres.opened(
        server,
        postgres.Limits(size_min=1, size_max=2, query_seconds=600),
        unavailable=CatalogUnavailableError,
    ) as database:
        yield database


def _environment(
    database: Database, catalog: int, search: int, gateway: int, metrics: list[int]
) -> dict[str, str]:
    key = secrets.token_hex(16)
    return {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}},
        "CATALOG_DATABASE_URL": database.url,
        "CATALOG_DATABASE_PASSWORD": database.password,
        "CATALOG_GRPC_ADDRESS": f"127.0.0.1:{catalog}",
        "CATALOG_METRICS_PORT": str(metrics[1]),
        "CATALOG_PAGE_TOKEN_KEY": key,
        "CATALOG_DRAIN_SECONDS": "0",
        "SEARCH_CATALOG_ADDRESS": f"127.0.0.1:{catalog}",
        "SEARCH_GRPC_ADDRESS": f"127.0.0.1:{search}",
        "SEARCH_METRICS_PORT": str(metrics[2]),
        "SEARCH_PAGE_TOKEN_KEY": key,
        "SEARCH_DRAIN_SECONDS": "0",
        "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{gateway}",
        "GATEWAY_CATALOG_ADDRESS": f"127.0.0.1:{catalog}",
        "GATEWAY_SEARCH_ADDRESS": f"127.0.0.1:{search}",
        "GATEWAY_METRICS_PORT": str(metrics[0]),
        "GATEWAY_DRAIN_SECONDS": "0",
        # Load comes from one address, and says for whom: what names no client is not limited.
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
    }


def _command(part: str, *arguments: str, environment: Mapping[str, str]) -> Command:
    program = Path(sys.executable).with_name(f"tantrum-{part}")
    return Command(name=part, argv=(program, *arguments), environment=environment)


def _grpc_probe(port: int) -> Probe:
    async def probe() -> bool:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            # Not the generated stub, whose types know of no methods.
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            try:
                reply = await check(health_pb2.HealthCheckRequest(), timeout=2)
            except grpc.aio.AioRpcError:
                return False
        return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)

    return probe


def _http_probe(port: int) -> Probe:
    async def probe() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                reply = await client.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
            except httpx.TransportError:
                return False
        return reply.is_success

    return probe


def _memory_mib(pid: int, name: str) -> float:
    """Return a figure of proc(5)'s status, the most of a process and its children, in MiB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = 0.0
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            own = int(line.split()[1]) / 1024
    return max([own, *(_memory_mib(int(child), name) for child in children)])
