"""Each exporter beside the engine that it reads: the figures that alerts and dashboards use."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
import urllib.request

import pytest
import yaml

from images.parts import CHECKOUT

from .read_only import free_port

pytestmark = pytest.mark.images

CHART = CHECKOUT / "charts/tvtantrum/files"
PASSWORD = "it-is_a-secret"
EXPORTED = re.compile(r"\b((?:node|pg|pgbouncer|redis)_[A-Za-z0-9_]+)\b")
"""What a metric of an exporter looks like in an expression."""

KILLED = -signal.SIGTERM
"""What most of them end with: they have nothing to put in order."""

_SECONDS = 60


def figures(port, until):
    """Return all metrics there, by their names with labels, once *until* is among them."""
    deadline_monotonic = time.monotonic() + _SECONDS
    tick = threading.Event()
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
            lines = response.read().decode().splitlines()
        found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        if any(name.startswith(until) for name in found):
            return found
        assert time.monotonic() < deadline_monotonic, f"{until} is not among {sorted(found)}"
        tick.wait(0.2)  # what an exporter has depends on an engine that is still starting


def used(prefix):
    """Return the metrics of one exporter that the chart's alerts and dashboard read."""
    dashboard = json.loads((CHART / "dashboards/engines.json").read_text())
    expressions = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
    for group in yaml.safe_load((CHART / "alerts.yaml").read_text())["groups"]:
        expressions += [rule["expr"] for rule in group["rules"]]
    names = {name for name in EXPORTED.findall("\n".join(expressions)) if name.startswith(prefix)}
    assert names
    return names


def names(found):
    return {name.partition("{")[0] for name in found}


@pytest.fixture
def folder(tmp_path):
    """A folder that the images' user can read."""
    tmp_path.chmod(0o755)
    return tmp_path


def test_redis_is_read_with_a_password_that_is_in_no_argument(folder, image):
    port, own_port = free_port(), free_port()
    (folder / "redis.conf").write_text(
        f'bind 127.0.0.1\nport {port}\nsave ""\ndir /tmp\nrequirepass {PASSWORD}\n'
    )
    environment = {
        "REDIS_ADDR": f"redis://127.0.0.1:{port}",
        "REDIS_PASSWORD": PASSWORD,
        "REDIS_EXPORTER_WEB_LISTEN_ADDRESS": f"127.0.0.1:{own_port}",
    }
    mounts = {"/etc/redis": folder}

    with (
        image("redis") as redis,
        image("redis-exporter") as exporter,
        redis.serving(port, mounts=mounts),
        exporter.serving(own_port, environment=environment),
    ):
        found = figures(own_port, "redis_memory_used_bytes")

    assert found["redis_up"] == "1"
    assert used("redis_") <= names(found)


def test_the_connections_of_a_pod_are_counted(image):
    port = free_port()

    with (
        image("node-exporter") as exporter,
        exporter.serving(port, f"--web.listen-address=127.0.0.1:{port}", ends_with=KILLED),
    ):
        found = figures(port, "node_netstat_Tcp_CurrEstab")

    assert used("node_") <= names(found)


def test_postgres_and_pgbouncer_are_read_with_passwords_in_no_argument(folder, image):
    port, pooled_port, own_port, pooled_own_port = (free_port() for _ in range(4))
    (folder / "password").write_text(PASSWORD)
    (folder / "users").write_text(f'"tantrum" "{PASSWORD}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\ntantrum = host=127.0.0.1 port={port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {pooled_port}\nunix_socket_dir =\n"
        "auth_type = scram-sha-256\nauth_file = /mnt/users\nstats_users = tantrum\n"
        "min_pool_size = 1\nignore_startup_parameters = extra_float_digits\n"
    )
    data = folder / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)
    passwords = {
        "POSTGRES_SUPERUSER_PASSWORD_FILE": "/mnt/password",
        "TANTRUM_PASSWORD_FILE": "/mnt/password",
    }
    of_postgres = {
        "DATA_SOURCE_URI": f"127.0.0.1:{port}/tantrum?sslmode=disable",
        "DATA_SOURCE_USER": "tantrum",
        "DATA_SOURCE_PASS": PASSWORD,
    }
    of_pgbouncer = {
        "PGBOUNCER_EXPORTER_CONNECTION_STRING": (
            f"postgres://tantrum@127.0.0.1:{pooled_port}/pgbouncer?sslmode=disable&connect_timeout=3"
        ),
        "PGPASSWORD": PASSWORD,
    }

    with (
        image("postgres") as postgres,
        image("pgbouncer") as pgbouncer,
        image("postgres-exporter") as exporter,
        image("pgbouncer-exporter") as pooled_exporter,
        postgres.serving(
            port,
            "serve",
            "-c",
            f"port={port}",
            mounts={"/var/lib/postgresql/data": data, "/mnt": folder},
            environment=passwords,
        ),
        pgbouncer.serving(
            pooled_port,
            mounts={"/etc/pgbouncer/pgbouncer.ini": folder / "pgbouncer.ini", "/mnt": folder},
        ),
        exporter.serving(
            own_port,
            f"--web.listen-address=127.0.0.1:{own_port}",
            environment=of_postgres,
            ends_with=KILLED,
        ),
        pooled_exporter.serving(
            pooled_own_port,
            f"--web.listen-address=127.0.0.1:{pooled_own_port}",
            environment=of_pgbouncer,
            ends_with=KILLED,
        ),
    ):
        table = ["--command=CREATE TABLE shows ()", f"--port={port}", "--host=127.0.0.1"]
        as_owner = {"PGUSER": "tantrum", "PGPASSWORD": PASSWORD}
        assert postgres.said(*table, entrypoint=["psql"], environment=as_owner)[1] == 0
        found = figures(own_port, "pg_stat_user_tables_n_dead_tup")
        pooled = figures(pooled_own_port, "pgbouncer_databases_max_connections")

    assert found["pg_up"] == "1"
    assert used("pg_") <= names(found)
    assert pooled["pgbouncer_up"] == "1"
    assert used("pgbouncer_") <= names(pooled)
