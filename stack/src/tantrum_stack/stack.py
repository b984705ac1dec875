"""The whole product on one machine: what is started, in which order, and on what."""

from __future__ import annotations

import asyncio
import signal
import time

from tantrum_stack import ledger, ports
from tantrum_stack.console import Console
from tantrum_stack.data_folder import DataFolder
from tantrum_stack.errors import PartFailedError, StackError, error_of
from tantrum_stack.external_database import ExternalDatabase
from tantrum_stack.external_redis import ExternalRedis
from tantrum_stack.identity import Place, place_for
from tantrum_stack.ledger import Ledger
from tantrum_stack.postgres import Database, PostgresEngine
from tantrum_stack.redis import RedisEngine
from tantrum_stack.services import Services, Upstreams
from tantrum_stack.settings import Settings
from tantrum_stack.supervisor import Part, Supervisor
from tantrum_stack.terminal import keeping_interrupts

_LINKS = (
    "/v1/shows?maxStimulation=2&minAge=4&maxAge=4",
    "/v1/search?q=bluye",
    "/docs",
)
_MIGRATION_SECONDS = 600.0
_SEED_SECONDS = 120.0
_WITHOUT_REDIS = "the product runs without Redis, on the gateway's own cache alone"


async def run(settings: Settings, console: Console) -> None:
    """
    Run the product until a signal asks it to stop, and stop it in order.

    A second signal ends everything at once. Raises `StackError` when the product cannot
    start or go on; nothing is left running then either.
    """
    folder = DataFolder(settings.data)
    try:
        with folder.held():
            console.say(f"TV Tantrum, with its data in {folder.folder}")
            if (earlier := ledger.read(folder.state)) is not None:
                for name in await ledger.end_leftovers(earlier):
                    console.say(f"  ended {name}, left behind by an earlier run")
            stack = Stack(settings, folder, console)
            await _until_signal(stack)
    except OSError as error:
        raise error_of(error, folder.folder) from error


class Stack:
    """One run of the product. Use it from the main thread's event loop."""

    def __init__(self, settings: Settings, folder: DataFolder, console: Console) -> None:
        self._settings = settings
        self._folder = folder
        self._console = console
        self._ledger = Ledger(folder.state)
        self._supervisor = Supervisor(folder, self._ledger, console)

    async def run(self) -> None:
        """Start and keep the product; when cancelled, stop it in order."""
        try:
            await self._start()
            await self._supervisor.watch()
        finally:
            await self._supervisor.stop()
            self._ledger.close()

    def kill(self) -> None:
        self._supervisor.kill()

    async def _start(self) -> None:
        began = time.monotonic()
        port = self._http_port()
        place = place_for(self._folder.folder)
        if place.folder != self._folder.folder:
            self._console.say(
                f"  the database is in {place.folder}: its user `nobody` cannot reach the above"
            )
        services = Services(self._folder, await self._upstreams(place), port)
        await self._supervisor.run(
            "migrations", services.migrate(), within_seconds=_MIGRATION_SECONDS
        )
        await self._supervisor.run("catalogue", services.seed(), within_seconds=_SEED_SECONDS)
        for part in (services.catalog(), services.search(), services.gateway()):
            await self._supervisor.start(part)
        address = f"http://{ports.LOOPBACK}:{port}"
        self._ledger.publish(address)
        self._greet(address, time.monotonic() - began)

    def _http_port(self) -> int:
        port = self._settings.port
        if port == 0:
            return ports.free_ports(1)[0]
        if not ports.is_free(port):
            raise StackError(
                f"Port {port} is in use by another program: stop that, "
                f"or choose another port, as in `TANTRUM_PORT={port + 1} make run`."
            )
        return port

    async def _upstreams(self, place: Place) -> Upstreams:
        given = self._settings
        if given.database_url is None:
            own = await self._own_database(place)
            url, password = own.url, own.password
        else:
            external = ExternalDatabase(given.database_url.get_secret_value())
            with self._console.step(f"PostgreSQL at {external.host}"):
                await external.check()
            url, password = external.url, external.password
        redis_url = (
            await self._own_redis(place)
            if given.redis_url is None
            else await self._external_redis(given.redis_url.get_secret_value())
        )
        return Upstreams(database_url=url, database_password=password, redis_url=redis_url)

    async def _own_database(self, place: Place) -> Database:
        engine = PostgresEngine(place)
        if engine.empty:
            with self._console.step("a database, since there is none"):
                await engine.prepare()
        else:
            await engine.prepare()
        await self._supervisor.start(
            Part(
                title=f"PostgreSQL at {ports.LOOPBACK}:{engine.port}",
                command=engine.command(),
                ready=engine.ready,
                ready_seconds=120.0,  # a crash's log is replayed first
            )
        )
        return engine.database()

    async def _external_redis(self, url: str) -> str:
        external = ExternalRedis(url)
        if await external.answers():
            self._console.say(f"  Redis at {external.host}, of REDIS_URL")
        else:
            self._console.say(
                f"  The Redis of REDIS_URL at {external.host} does not answer. "
                f"Until it does, {_WITHOUT_REDIS}."
            )
        return external.url

    async def _own_redis(self, place: Place) -> str | None:
        """Redis is a cache: whatever is wrong with it is said and no hindrance."""
        try:
            engine = RedisEngine(place)
            await self._supervisor.start(
                Part(title="Redis", command=engine.command(), ready=engine.ready)
            )
        except PartFailedError as error:
            self._console.say(f"  {error}\n  So {_WITHOUT_REDIS}.")
            return None
        except StackError as error:
            self._console.say(f"  {error} So {_WITHOUT_REDIS}.")
            return None
        return engine.url

    def _greet(self, address: str, took_seconds: float) -> None:
        self._console.say(f"\nTV Tantrum runs at {address} (after {took_seconds:.1f} s). Try:\n")
        for link in _LINKS:
            self._console.say(f"  {address}{link}")
        self._console.say(f"\nLogs are in {self._folder.logs}. Ctrl-C stops it.")


async def _until_signal(stack: Stack) -> None:
    """Run *stack*; cancel it at the first signal, hurry it at the next."""
    work = asyncio.ensure_future(stack.run())

    def stop() -> None:
        if work.cancelling():
            stack.kill()
        else:
            work.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    with keeping_interrupts(stop):
        try:
            await work
        except asyncio.CancelledError:
            if not work.cancelling():
                raise
