"""Everything that the catalog service can be told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]

# The environment has no other way to say "none".
_EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)


_CREDENTIAL_CHARACTERS_MIN = 16


def _long_or_empty(secret: SecretStr) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < _CREDENTIAL_CHARACTERS_MIN:
        raise ValueError(f"must have {_CREDENTIAL_CHARACTERS_MIN} characters or more, or none")
    return secret


class DatabaseSettings(BaseSettings):
    """What every command that works with the database needs."""

    model_config = SettingsConfigDict(
        env_prefix="CATALOG_", frozen=True, use_attribute_docstrings=True, extra="ignore"
    )

    database_url: PostgresDsn
    """
    The primary, such as `postgresql://tantrum@db:5432/tantrum?sslmode=verify-full`,
    without a password; that comes from `database_password`. `sslmode` may be
    `disable` to `verify-full`.
    """

    database_password: SecretStr = SecretStr("")
    """Empty where the server asks for none."""

    database_read_url: Annotated[PostgresDsn | None, _EmptyIsNone] = None
    """Replicas to read from, with the same user and password; empty for none."""

    database_ssl_root_cert_file: Annotated[Path | None, _EmptyIsNone] = None
    """PEM file with the authorities to trust; empty for the system's."""

    database_pool_min_count: int = Field(default=10, ge=0, le=1_000)
    """Connections kept open, to each of the two URLs."""

    database_pool_max_count: int = Field(default=50, ge=1, le=1_000)
    """Most connections, to each of the two URLs."""

    database_idle_seconds: float = Field(default=30.0, gt=0)
    """How long an unused connection above the minimum stays open."""

    database_lifetime_seconds: float = Field(default=60.0, gt=0)
    """How old a connection may get: a pooler that is to stop waits for that."""

    database_connect_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    """For opening one connection."""

    database_acquire_timeout_seconds: float = Field(default=60.0, gt=0, le=60)
    """Longest wait for a free connection; a caller's deadline that is sooner wins."""

    database_query_timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    """For one transaction once it has its connection; as above."""

    database_statement_cache_size: int = Field(default=200, ge=0)
    """Prepared statements kept a connection; 0 behind PgBouncer below 1.21."""

    feed_revisions_kept_count: int = Field(default=10_000, ge=100)
    """How far back a watch may start; who is further behind lists again."""

    log_format: Literal["json", "console"] = "json"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(DatabaseSettings):
    """What serving needs besides."""

    grpc_address: str = "127.0.0.1:50051"
    """`host:port` to listen on; port 0 takes any free one."""

    metrics_host: str = "127.0.0.1"
    """Where metrics are served: `0.0.0.0` in a pod."""

    metrics_port: Annotated[Port | None, _EmptyIsNone] = 9101
    """Empty serves no metrics; 0 takes any free port."""

    otlp_endpoint: Annotated[str | None, _EmptyIsNone] = None
    """Where traces go (OTLP over gRPC), such as `http://collector:4317`; empty for nowhere."""

    page_token_key: SecretStr = Field(min_length=16)
    """Signs page tokens. 16 characters or more, the same on all replicas."""

    service_credential: Annotated[SecretStr, AfterValidator(_long_or_empty)] = SecretStr("")
    """
    What the services prove themselves by when they write: 16 characters or more, the
    gateway's too. Empty lets everybody who reaches the port write, and nobody as an editor.
    """

    session_idle_seconds: float = Field(default=7_200, ge=60, le=30 * 86_400)
    """After how long without use an editor is signed out."""

    session_lifetime_seconds: float = Field(default=86_400, ge=60, le=90 * 86_400)
    """After how long an editor is signed out in any case."""

    watch_poll_ms: int = Field(default=100, ge=10, le=60_000)
    """How often the revision feed is read for new revisions."""

    watch_bookmark_seconds: float = Field(default=1.0, gt=0, le=300)
    """Longest silence on a watch."""

    drain_seconds: float = Field(default=5.0, ge=0, le=300)
    """How long after SIGTERM calls are still taken, so that clients can look elsewhere."""

    shutdown_grace_seconds: float = Field(default=20.0, ge=0, le=300)
    """
    How long calls under way may go on after that. Drain and grace together have
    to stay under the pod's `terminationGracePeriodSeconds`.
    """
