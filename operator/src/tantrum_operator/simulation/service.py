"""How the simulated service behaves: what one replica can do, and how it comes to serve."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

_MAY_BE_ZERO: Final = ("cpu_seconds", "idle_cpu_millicores", "startup_seconds")
_MOST: Final = 1e6


class ServiceError(ValueError):
    """A description of a service cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    One replica works at *concurrency* requests at once, each for *service_seconds* on average.

    Beyond concurrency / service_seconds requests a second it falls behind. The defaults
    are a small gateway whose CPU is fully used just then.
    """

    concurrency: int = 4
    service_seconds: float = 0.04
    cpu_seconds: float = 0.0025
    """CPU time of one request."""
    cpu_request_millicores: int = 250
    idle_cpu_millicores: float = 5.0
    startup_seconds: float = 20.0
    """From the scaling until a new replica takes requests."""
    timeout_seconds: float = 10.0
    """After so long clients go away, unanswered; they count as over target."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ServiceError(f"{field.name} is not a number")
            least = 0 if field.name in _MAY_BE_ZERO else sys.float_info.min
            if not least <= value <= _MOST:
                raise ServiceError(f"{field.name} is out of bounds: {value}")
        if not isinstance(self.concurrency, int):
            raise ServiceError("concurrency is not a whole number")

    @property
    def capacity(self) -> float:
        """Requests a second that one replica can answer at most."""
        return self.concurrency / self.service_seconds


def service_from(described: Mapping[str, Any]) -> Service:
    """Return the service that *described* tells; defaults for the rest. Raises `ServiceError`."""
    known = {field.name for field in fields(Service)}
    if unknown := sorted(set(described) - known):
        raise ServiceError(f"no such setting: {', '.join(unknown)}; there are {', '.join(known)}")
    return Service(**described)


def described(service: Service) -> dict[str, float]:
    """Return what `service_from` makes *service* of."""
    return asdict(service)
