"""Everything about the search service that can be told from outside."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import pydantic
from pydantic import BeforeValidator, Field, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]

# The environment has no other way to say "none".
_EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)


class DatabaseSettings(BaseSettings):
    """What the postgres backend and its migrations need."""

    model_config = SettingsConfigDict(
        env_prefix="SEARCH_", frozen=True, use_attribute_docstrings=True
    )

    database_url: Annotated[PostgresDsn | None, _EmptyIsNone] = None
    """Without a password; required for the backend `postgres`."""

    database_password: SecretStr = SecretStr("")
    """Password for `SEARCH_DATABASE_URL`."""

    database_pool_size: int = Field(default=10, ge=1, le=100)
    """Most connections of one process."""

    database_timeout_seconds: float = Field(default=2.0, gt=0, le=60)
    """For one request to the database, waiting for a connection included."""

    database_load_timeout_seconds: float = Field(default=300.0, gt=0)
    """For one write of the feed; a full load writes every show."""

    database_statement_cache_size: int = Field(default=0, ge=0)
    """Prepared statements a connection; 0 suits any pooler in transaction mode."""

    log_format: Literal["json", "console"] = "json"
    """How logs are written to stderr."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least important level that is logged."""


class MigrationSettings(DatabaseSettings):
    """What `tantrum-search migrate` needs."""

    database_url: PostgresDsn


class Settings(DatabaseSettings):
    """What `tantrum-search serve` needs."""

    grpc_address: str = "127.0.0.1:50052"
    """Where to serve (`host:port`); port 0 takes any free one."""

    catalog_address: str = "127.0.0.1:50051"
    """Where the catalogue is (`host:port`)."""

    catalog_timeout_seconds: float = Field(default=5.0, gt=0)
    """For one call to the catalogue."""

    watch_silence_seconds: float = Field(default=5.0, gt=0)
    """A watch of the catalogue is renewed after this: five periods of its bookmarks."""

    backend: Literal["memory", "postgres"] = "memory"
    """What keeps the index: this process, or a table that all replicas share."""

    page_token_key: SecretStr = Field(min_length=16)
    """Signs page tokens; the same on all replicas, 16 characters or more."""

    metrics_port: Annotated[Port | None, _EmptyIsNone] = 9102
    """Port of `/metrics`; 0 takes any free one, empty serves none."""

    metrics_host: str = "127.0.0.1"
    """Address that `/metrics` listens on."""

    otlp_endpoint: Annotated[str | None, _EmptyIsNone] = None
    """Where traces go (OTLP over gRPC), such as `http://collector:4317`; empty for nowhere."""

    drain_seconds: float = Field(default=3.0, ge=0)
    """How long calls are still taken after SIGTERM, while health says NOT_SERVING."""

    shutdown_grace_seconds: float = Field(default=10.0, ge=0)
    """How long calls under way may go on after that."""

    @pydantic.model_validator(mode="after")
    def _backend_has_what_it_needs(self) -> Self:
        if self.backend == "postgres" and self.database_url is None:
            raise ValueError("SEARCH_DATABASE_URL is required for the backend postgres")
        return self
