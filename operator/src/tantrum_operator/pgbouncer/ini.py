"""pgbouncer.ini as text, and nothing else of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from tantrum_operator.pgbouncer.protocol import AGENT_USER, PROBE_PREFIX
from tantrum_operator.pgbouncer.spec import Auth, Database, PgBouncerSpec, Pool

LISTEN_PORT: Final = 6432
FOLDER: Final = PurePosixPath("/etc/pgbouncer")
HOLDING: Final = "holding"
"""A file in there while a pause goes on."""
UPSTREAM_CA: Final = PurePosixPath("/etc/tantrum/upstream-ca/ca.crt")
CLIENTS_TLS: Final = PurePosixPath("/etc/tantrum/clients-tls")


def rendered(spec: PgBouncerSpec, *, pool_size: int) -> str:
    """Return the settings of a pooler that may have *pool_size* connections a database."""
    lines = ["[databases]"]
    for database in spec.databases:
        lines.append(f"{database.name} = {_where(database)}")
        lines.append(
            f"{PROBE_PREFIX}{database.name} = {_where(database)} user={spec.auth.user}"
            " pool_size=1 min_pool_size=0 reserve_pool_size=0 max_db_connections=1"
        )
    lines += ["", "[pgbouncer]"]
    settings = {
        "listen_addr": "*",
        "listen_port": LISTEN_PORT,
        "admin_users": AGENT_USER,
        **_auth(spec.auth),
        **_tls(spec),
        **_pool(spec.pool, pool_size),
        **_FIXED,
        **spec.parameters,
    }
    lines += [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _where(database: Database) -> str:
    return f"host={database.host} port={database.port} dbname={database.remote_name}"


def _auth(auth: Auth) -> Mapping[str, object]:
    settings: dict[str, object] = {
        "auth_type": "scram-sha-256",
        "auth_file": FOLDER / "userlist.txt",
    }
    if auth.function is not None:
        settings["auth_user"] = auth.user
        # The name is of letters alone, as `spec` sees to.
        settings["auth_query"] = f"SELECT username, password FROM {auth.function}($1)"  # noqa: S608
    return settings


def _tls(spec: PgBouncerSpec) -> Mapping[str, object]:
    settings: dict[str, object] = {"server_tls_sslmode": spec.tls.upstream_mode}
    if spec.tls.upstream_ca is not None:
        settings["server_tls_ca_file"] = UPSTREAM_CA
    if spec.tls.clients_secret is not None:
        settings["client_tls_sslmode"] = "allow" if spec.tls.clients_optional else "require"
        settings["client_tls_cert_file"] = CLIENTS_TLS / "tls.crt"
        settings["client_tls_key_file"] = CLIENTS_TLS / "tls.key"
    return settings


def _pool(pool: Pool, size: int) -> Mapping[str, object]:
    reserve = min(pool.reserve_size, size - 1)
    return {
        "pool_mode": pool.mode,
        "default_pool_size": size - reserve,
        "reserve_pool_size": reserve,
        # Of all users of a database together: whoever counts connections counts on this.
        "max_db_connections": size,
        "min_pool_size": min(pool.min_size, size - reserve),
        "max_client_conn": pool.max_client_connections,
        "server_idle_timeout": pool.idle_timeout_seconds,
        "query_wait_timeout": pool.query_wait_timeout_seconds,
    }


_FIXED: Final[Mapping[str, object]] = {
    "unix_socket_dir": "",
    "max_prepared_statements": 200,
    "reserve_pool_timeout": 1,
    "server_connect_timeout": 3,
    # A server that came back is found within a second; the default is 15.
    "server_login_retry": 1,
    # Moves to another address of the host within seconds.
    "dns_max_ttl": 5,
    "dns_nxdomain_ttl": 1,
    "tcp_keepidle": 30,
    "tcp_keepintvl": 5,
    "tcp_keepcnt": 3,
    # Clients come and go all the time.
    "log_connections": 0,
    "log_disconnections": 0,
    "log_stats": 0,
    "ignore_startup_parameters": "extra_float_digits",
}
