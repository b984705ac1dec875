"""PostgreSQL's image: its first start, the starts after, and its dumps."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.server
import os
import threading

import asyncpg
import pytest

from .read_only import free_port

pytestmark = pytest.mark.images

PASSWORD = """it's a "secret": \\ of all kinds"""
DATA = "/var/lib/postgresql/data"


@pytest.fixture
def settings(tmp_path):
    """Options for the image: its data and secrets in a folder of this test's."""
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", 10001, 10001)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, text in {
        "superuser": "super:user",
        "tantrum": PASSWORD,
        "access": "KEY",
        "secret": 'sec"ret',
    }.items():
        (secrets / name).write_text(text)
    tmp_path.chmod(0o755)
    return {
        "mounts": {DATA: tmp_path / "data", "/mnt": secrets},
        "environment": {
            "POSTGRES_SUPERUSER_PASSWORD_FILE": "/mnt/superuser",
            "TANTRUM_PASSWORD_FILE": "/mnt/tantrum",
        },
    }


@pytest.fixture
def object_store():
    """An S3 of one process: its address, and path: content of what it holds."""
    objects = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known = self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=KEY/")
            whole = self.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
            if known and whole:
                objects[self.path] = body
            self._answer(200 if known and whole else 403, b"")

        def do_GET(self):
            body = objects.get(self.path)
            self._answer(404 if body is None else 200, body or b"NoSuchKey")

        def _answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", objects
    server.shutdown()
    thread.join()
    server.server_close()


async def query(port, *statements, user="tantrum", password=PASSWORD):
    """Run *statements*; return what the last one says."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(asyncpg.CannotConnectNowError):  # it answers, and is starting
                connection = await asyncpg.connect(
                    host="127.0.0.1",
                    port=port,
                    user=user,
                    password=password,
                    database="tantrum",
                    ssl=False,
                )
                break
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_the_first_start_makes_the_database_and_later_ones_keep_it(image, settings):
    port = free_port()
    with image("postgres") as it:
        with it.serving(port, "serve", "-c", f"port={port}", **settings):
            extensions = await query(
                port,
                "create table kept as select similarity('bluey', unaccent('Blüey'))",
                "select string_agg(extname, ' ' order by extname) from pg_extension",
            )
            superusers = await query(
                port,
                "select string_agg(rolname, ' ') from pg_roles where rolsuper or rolcreatedb",
                user="postgres",
                password="super:user",
            )
        with it.serving(port, "serve", "-c", f"port={port}", **settings):
            kept = await query(port, "select count(*) from kept")

    assert extensions == "pg_trgm plpgsql unaccent"
    assert superusers == "postgres"
    assert kept == 1


async def test_a_wrong_password_and_none_are_refused(image, settings):
    port = free_port()
    with image("postgres") as it, it.serving(port, "serve", "-c", f"port={port}", **settings):
        for password in ("wrong", ""):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await query(port, "select 1", password=password)


def test_a_start_without_secrets_says_which_are_missing(image, settings):
    with image("postgres") as it:
        said, status = it.said("serve", mounts=settings["mounts"])

    assert said == (
        "tantrum-postgres: TANTRUM_PASSWORD_FILE is not set: it names the file with the secret.\n"
    )
    assert status == 1


async def test_a_restore_brings_back_what_was_dumped_and_nothing_else(
    image, settings, object_store
):
    port = free_port()
    address, objects = object_store
    settings["environment"] |= {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "S3_ENDPOINT": address,
        "S3_BUCKET": "dumps",
        "S3_PREFIX": "daily/",
        "S3_ACCESS_KEY_FILE": "/mnt/access",
        "S3_SECRET_KEY_FILE": "/mnt/secret",
    }
    with image("postgres") as it, it.serving(port, "serve", "-c", f"port={port}", **settings):
        await query(
            port,
            "create schema search",
            "create table search.words as select 'calm' as word",
            "create index on search.words using gin (word gin_trgm_ops)",
            "select 1",
        )
        key, status = it.said("backup", **settings)
        assert status == 0, key
        await query(
            port,
            "update search.words set word = 'wild'",
            "create table later (id int)",
            "select 1",
        )

        missing = it.said("restore", "daily/none.dump", **settings)
        unharmed = await query(port, "select word from search.words")
        said, status = it.said("restore", key.strip(), **settings)
        assert status == 0, said
        word = await query(port, "select word from search.words where word % 'calm'")
        later = await query(port, "select to_regclass('later')")

    assert set(objects) == {f"/dumps/{key.strip()}"}
    assert key.startswith("daily/tantrum-2")
    assert (missing[1] != 0, unharmed) == (True, "wild")
    assert (word, later) == ("calm", None)


async def test_the_catalogue_moves_in(image, settings):
    port, service_port = free_port(), free_port()
    catalog = {
        "CATALOG_DATABASE_URL": f"postgresql://tantrum@127.0.0.1:{port}/tantrum",
        "CATALOG_DATABASE_PASSWORD": PASSWORD,
        "CATALOG_PAGE_TOKEN_KEY": "sixteen-characters-or-more",
        "CATALOG_GRPC_ADDRESS": f"127.0.0.1:{service_port}",
        "CATALOG_METRICS_PORT": "",
        "CATALOG_DRAIN_SECONDS": "0",
    }
    with (
        image("postgres") as database,
        image("catalog") as it,
        database.serving(port, "serve", "-c", f"port={port}", **settings),
    ):
        await query(port, "select 1")
        for command in (["migrate"], ["seed", "--from", "/opt/tantrum/catalogue"], ["migrate"]):
            said, status = it.said(*command, environment=catalog)
            assert status == 0, said
        with it.serving(service_port, environment=catalog):
            pass
