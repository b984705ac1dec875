"""Everything about the operator that can be told from outside."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tantrum_operator.objects import PGBOUNCER, REDIS_CACHE, SCALING_BUDGET, SERVICE_SCALER

# The environment has no other way to say "none".
_EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)

EVERY_KIND = ",".join(
    kind.name for kind in (SERVICE_SCALER, SCALING_BUDGET, PGBOUNCER, REDIS_CACHE)
)


class ConnectionSettings(BaseSettings):
    """What every command needs that talks to a cluster."""

    model_config = SettingsConfigDict(
        env_prefix="OPERATOR_", frozen=True, use_attribute_docstrings=True
    )

    namespace: str = Field(min_length=1)
    """The operator's own namespace, where its Lease is."""

    watched_namespaces: str = ""
    """
    Where the custom resources are: names with commas between, `*` for every namespace,
    empty for `OPERATOR_NAMESPACE`.
    """

    kubeconfig: Annotated[Path | None, _EmptyIsNone] = None
    """How to reach the cluster; empty for the one whose pod this is."""

    request_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    """For one call of the Kubernetes API."""

    lease_name: str = "tantrum-operator"
    """Name of the Lease that says who leads."""

    log_format: Literal["json", "console"] = "json"
    """How logs are written to stderr."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least important level that is logged."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Return where to look; empty means everywhere."""
        if self.watched_namespaces.strip() == "*":
            return ()
        names = [each.strip() for each in self.watched_namespaces.split(",")]
        return tuple(dict.fromkeys(filter(None, names))) or (self.namespace,)


class Settings(ConnectionSettings):
    """What `tantrum-operator run` needs."""

    kinds: str = EVERY_KIND
    """Kinds of custom resources to act on, with commas between."""

    identity: str = Field(default_factory=lambda: f"{socket.gethostname()}-{secrets.token_hex(4)}")
    """Name of this candidate for leadership, different for each: in the chart the pod's name."""

    lease_seconds: int = Field(default=10, ge=3, le=300)
    """Others take over when they have seen no renewal for this long."""

    lease_renew_deadline_seconds: float = Field(default=7.0, gt=0)
    """The leader stops when it has not renewed for this long."""

    lease_retry_seconds: float = Field(default=2.0, gt=0)
    """Time between renewals; who waits for the Lease looks twice as often."""

    lease_request_timeout_seconds: float = Field(default=3.0, gt=0)
    """For one call about the Lease."""

    prometheus_url: Annotated[str | None, _EmptyIsNone] = None
    """Where to ask for latency and other figures; empty for nowhere."""

    image: str = ""
    """The operator's own image, for the agents that run beside poolers."""

    period_seconds: float = Field(default=15.0, gt=0, le=300)
    """Every object is looked at this often, also when nothing happens."""

    start_timeout_seconds: float = Field(default=120.0, gt=0)
    """How long to wait at the start for the custom resource definitions to be served."""

    shutdown_grace_seconds: float = Field(default=20.0, ge=0)
    """How long the attempt that is under way may go on after SIGTERM."""

    http_host: str = "127.0.0.1"
    """Address that `/livez`, `/readyz` and `/metrics` listen on."""

    http_port: int = Field(default=9105, ge=0, le=65535)
    """Their port; 0 takes any free one."""

    @pydantic.model_validator(mode="after")
    def _times_fit(self) -> Self:
        if (
            not (
                self.lease_request_timeout_seconds
                < self.lease_renew_deadline_seconds
                < self.lease_seconds
            )
            or self.lease_retry_seconds >= self.lease_renew_deadline_seconds
        ):
            raise ValueError(
                "a Lease is safe only where OPERATOR_LEASE_REQUEST_TIMEOUT_SECONDS and "
                "OPERATOR_LEASE_RETRY_SECONDS are below OPERATOR_LEASE_RENEW_DEADLINE_SECONDS, "
                "and that is below OPERATOR_LEASE_SECONDS"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _kinds_exist(self) -> Self:
        known = EVERY_KIND.split(",")
        if wrong := [each for each in self.kind_names if each not in known]:
            raise ValueError(f"OPERATOR_KINDS has {', '.join(wrong)}; there are {EVERY_KIND}")
        return self

    @property
    def kind_names(self) -> frozenset[str]:
        return frozenset(filter(None, (each.strip() for each in self.kinds.split(","))))
