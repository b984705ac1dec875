"""
Real engines for tests, as a pytest plugin that the workspace's settings load.

* `database`: a fresh, empty PostgreSQL database, dropped after the test. A `Database`:
  `.url` (`postgresql://user@host:port/name`), `.password`, `.dsn` (with the password).
  Its user owns it, may create trusted extensions (pg_trgm, unaccent), and is no superuser.
* `postgres_server`: the server of the test session (one for each xdist worker) that holds
  them. `.new_database(template=None)` makes a `Database`, as a copy where *template* names
  one that nobody is connected to; `.drop(database)`; `.admin`, a `Database` for superusers.
* `pgbouncer`: the database of `database` again, seen through PgBouncer in transaction mode:
  a `Database` with another port. Debian 12's PgBouncer knows no prepared statements, so
  clients need `statement_cache_size=0`.
* `redis_server`: an empty Redis of the test's own: `.url`, and `.stop()` and `.start()` (at
  the same address, empty) for tests of outages.
* `redis_cache`: a function that makes a `RedisCacheEngine`, which is three Redis servers and
  three Sentinels, and starts it: `.url`, `.nodes`, `.kill(address)` and more.


* `api_server`: a Kubernetes API server (with its etcd, and nothing that runs pods), empty but
  for what it makes itself, one for the tests of a module: an `ApiServer` with
  `.kubeconfig()`, `.kubectl(…)`, `.install_crds(path)`, `.audit_log`, `.stop()` and `.start()`.
* `namespace`: a new, empty namespace of it for each test; its name.

All are synchronous fixtures that work in synchronous and asynchronous tests alike. Tests that
use them carry `@pytest.mark.integration`. An engine that the machine lacks skips the test
with its reason, and fails it where `CI=true`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import asyncpg
import pytest

from tantrum_stack.errors import StackError
from tantrum_stack.identity import Place, place_for
from tantrum_stack.kubernetes import ApiServerEngine
from tantrum_stack.pgbouncer import PgBouncerEngine
from tantrum_stack.postgres import Database, PostgresEngine
from tantrum_stack.processes import Process, until_ready
from tantrum_stack.redis import RedisEngine
from tantrum_stack.redis_cache import RedisCacheEngine

__all__ = [
    "ApiServer",
    "Database",
    "PostgresServer",
    "RedisServer",
    "engine_needed",
    "temporary_place",
]

_READY_SECONDS = 120.0

T = TypeVar("T")


class PostgresServer:
    """A running PostgreSQL for tests. Safe to share between tests and threads."""

    def __init__(self, engine: PostgresEngine) -> None:
        self._engine = engine

    @property
    def admin(self) -> Database:
        return self._engine.admin()

    def new_database(self, template: str | None = None) -> Database:
        name = f"test_{secrets.token_hex(8)}"
        owner = self._engine.database().user
        source = f" TEMPLATE {template}" if template else ""
        _outside_loop(self._execute(f"CREATE DATABASE {name} OWNER {owner}{source}"))
        return self._engine.database(name)

    def drop(self, database: Database) -> None:
        """Drop *database*, ending whatever is connected to it."""
        _outside_loop(self._execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)"))

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.admin.dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


class RedisServer:
    """A Redis that its test may end and start again."""

    def __init__(self, engine: RedisEngine, log: Path) -> None:
        self._engine = engine
        self._log = log
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """With the password; the same after a restart."""
        return self._engine.url

    def start(self) -> None:
        self._process = Process.start(self._engine.command(), self._log)
        _outside_loop(until_ready(self._process, self._engine.ready, within_seconds=_READY_SECONDS))

    def stop(self) -> None:
        if self._process is not None:
            _outside_loop(self._process.stop())


class ApiServer(ApiServerEngine):
    """A Kubernetes API server that its test may end and start again, with all its objects."""

    _process: Process | None = None

    def start(self) -> None:
        self._process = Process.start(self.command(), self.folder / "kube-apiserver.log")
        _outside_loop(until_ready(self._process, self.ready, within_seconds=_READY_SECONDS))

    def stop(self) -> None:
        if self._process is not None:
            _outside_loop(self._process.stop())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with temporary_place() as place:
        engine = PostgresEngine(place, durable=False)
        with engine_needed("PostgreSQL"):
            _outside_loop(engine.prepare())
        with _running(engine.command, engine.ready, place):
            yield PostgresServer(engine)


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    fresh = postgres_server.new_database()
    yield fresh
    postgres_server.drop(fresh)


@pytest.fixture
def pgbouncer(database: Database, postgres_server: PostgresServer) -> Iterator[Database]:
    with temporary_place() as place:
        with engine_needed("PgBouncer"):
            engine = PgBouncerEngine(place, before=database)
        with _running(engine.command, engine.ready, place):
            yield dataclasses.replace(database, port=engine.port)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with temporary_place() as place:
        with engine_needed("Redis"):
            server = RedisServer(RedisEngine(place), place.folder / "redis.log")
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def redis_cache() -> Iterator[Callable[..., RedisCacheEngine]]:
    with temporary_place() as place, contextlib.ExitStack() as stack:

        def started(**options: Any) -> RedisCacheEngine:
            with engine_needed("Redis with Sentinel"):
                engine = RedisCacheEngine(place, **options)
            stack.callback(engine.stop)
            engine.start()
            return engine

        yield started


@pytest.fixture(scope="module")
def api_server() -> Iterator[ApiServer]:
    with temporary_place() as place:
        with engine_needed("Kubernetes"):
            server = ApiServer(place.folder)
        server.prepare()
        with _running(server.etcd_command, server.etcd_ready, place):
            try:
                server.start()
                yield server
            finally:
                server.stop()


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    name = f"test-{secrets.token_hex(4)}"
    api_server.kubectl("create", "namespace", name)
    return name


@contextlib.contextmanager
def _running(command: Callable[[], Any], ready: Callable[[], Any], place: Place) -> Iterator[None]:
    # In this thread: the end of the one that starts a process ends the process.
    process = Process.start(command(), place.folder / "engine.log")
    try:
        _outside_loop(until_ready(process, ready, within_seconds=_READY_SECONDS))
        yield
    finally:
        _outside_loop(process.stop())


@contextlib.contextmanager
def temporary_place() -> Iterator[Place]:
    """A folder outside the checkout that an unprivileged engine can reach as well."""
    folder = Path(tempfile.mkdtemp(prefix="tantrum-test-"))
    try:
        folder.chmod(0o711)
        place = place_for(folder)
        try:
            yield place
        finally:
            if place.folder != folder:
                shutil.rmtree(place.folder)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def engine_needed(engine: str) -> Iterator[None]:
    """Turn an engine that cannot be had into a skip, or a failure where CI runs."""
    try:
        yield
    except StackError as error:
        _missing(f"{engine}: {error}")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _outside_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end in a thread, so that the test's own event loop is left alone."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again below
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
