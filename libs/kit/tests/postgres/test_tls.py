"""TLS up to `verify-full`, against PgBouncer: the PostgreSQL of the wheel knows no TLS."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from tantrum_kit.postgres import Server
from tantrum_stack import processes
from tantrum_stack.identity import place_for
from tantrum_stack.pgbouncer import PgBouncerEngine
from tantrum_stack.processes import Process

from .pools import AwayError, opened

pytestmark = pytest.mark.integration

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"

SELF_SIGNED = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    *("-noenc", "-days", "2"),
)


def make_certificate(folder, name, *, address):
    """A certificate that is its own authority, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    names = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{address}")
    files = ("-keyout", key, "-out", certificate)
    subprocess.run([*SELF_SIGNED, *names, *files], check=True, capture_output=True)
    return certificate, key


def command_with_tls(engine, files):
    command = engine.command()
    with Path(command.argv[1]).open("a") as settings:
        settings.write("client_tls_sslmode = require\n")
        settings.write("client_tls_cert_file = {}\nclient_tls_key_file = {}\n".format(*files))
    return command


@contextlib.asynccontextmanager
async def pooler_with_tls(database, place, *, address):
    """PgBouncer that takes no connection without TLS. Yields its URL and its certificate."""
    files = make_certificate(place.make_folder("tls"), "pooler", address=address)
    if place.identity is not None:
        for file in files:
            os.chown(file, place.identity.uid, place.identity.gid)
    engine = PgBouncerEngine(place, before=database)
    command = command_with_tls(engine, files)
    process = Process.start(command, place.folder / "pooler.log")
    try:
        await processes.until_ready(process, engine.ready, within_seconds=30)
        yield database.url.replace(f":{database.port}/", f":{engine.port}/"), files[0]
    finally:
        await process.stop()


@pytest.fixture
def place():
    programs = {shutil.which(name, path=PATH) for name in ("openssl", "pgbouncer")}
    if None in programs:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no openssl or pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="tantrum-test-"))
    folder.chmod(0o711)
    yield place_for(folder)
    shutil.rmtree(folder)


async def answers(database, url, mode, root):
    server = Server(
        url=f"{url}?sslmode={mode}",
        password=database.password,
        root_cert_file=root,
        statement_cache_size=0,
    )
    async with opened(server) as pool:
        try:
            return len(await pool.fetch("SELECT 1")) == 1
        except AwayError:
            return False


async def test_verify_full_wants_the_right_authority(database, place, tmp_path):
    stranger, _ = make_certificate(tmp_path, "stranger", address="127.0.0.1")
    async with pooler_with_tls(database, place, address="127.0.0.1") as (url, root):
        assert await answers(database, url, "verify-full", root)
        assert not await answers(database, url, "verify-full", stranger)
        assert not await answers(database, url, "disable", None)


async def test_verify_full_wants_the_right_name_and_verify_ca_does_not(database, place):
    async with pooler_with_tls(database, place, address="127.0.0.2") as (url, root):
        assert not await answers(database, url, "verify-full", root)
        assert await answers(database, url, "verify-ca", root)
