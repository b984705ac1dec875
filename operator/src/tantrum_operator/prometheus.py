"""
Prometheus' HTTP API, as much of it as the operator needs: queries, each with a deadline.

Nothing is retried here: who asks asks again soon, and judges by the time of a figure.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
from tantrum_kit.errors import InvalidInputError, UnavailableError

_BAD_QUERY: Final = frozenset({400, 422})
_OK: Final = 200


class PrometheusUnavailableError(UnavailableError):
    """Prometheus does not answer, not in time, or not in its own words."""

    reason = "PROMETHEUS_UNAVAILABLE"


class QueryError(InvalidInputError):
    """Prometheus does not accept the query; the message is its own."""

    reason = "BAD_QUERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a series; it may be NaN or infinite."""

    time: dt.datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series of a result: one point of an instant query, by ascending time of a range."""

    labels: Mapping[str, str]
    points: Sequence[Point]


class Metrics(Protocol):
    """Answers queries in PromQL."""

    async def instant(self, query: str) -> Sequence[Series]:
        """
        Return what *query* is now; empty where nothing matches. A scalar has no labels.

        Raises `PrometheusUnavailableError`, or `QueryError` for one that cannot be answered.
        """


class Prometheus:
    """Implements `Metrics` over HTTP; *timeout_seconds* bound each query as a whole."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, timeout_seconds: float) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds

    async def instant(self, query: str) -> Sequence[Series]:
        return _series(await self._asked("query", {"query": query}))

    async def range(
        self, query: str, *, start: dt.datetime, end: dt.datetime, step_seconds: float
    ) -> Sequence[Series]:
        """Return what *query* was from *start* to *end*; raises as `instant` does."""
        form = {
            "query": query,
            "start": str(start.timestamp()),
            "end": str(end.timestamp()),
            "step": f"{step_seconds:g}",
        }
        return _series(await self._asked("query_range", form))

    async def _asked(self, what: str, form: Mapping[str, str]) -> Any:
        """Return the JSON of an answer."""
        parameters = {**form, "timeout": f"{self._timeout_seconds:g}s"}
        try:
            # A form, since queries may be longer than an address may.
            async with self._session.post(
                f"{self._url}/api/v1/{what}",
                data=parameters,
                timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
            ) as response:
                if response.status != _OK and response.status not in _BAD_QUERY:
                    raise PrometheusUnavailableError(f"Prometheus answers {response.status}")
                return await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PrometheusUnavailableError(f"Prometheus: {str(error) or 'timed out'}") from error


@contextlib.asynccontextmanager
async def asking(url: str | None, *, timeout_seconds: float) -> AsyncIterator[Prometheus | None]:
    """Give a client of the Prometheus at *url*; None where there is none."""
    if url is None:
        yield None
        return
    async with aiohttp.ClientSession() as session:
        yield Prometheus(session, url, timeout_seconds=timeout_seconds)


def _series(body: Any) -> list[Series]:
    try:
        if body["status"] != "success":
            raise QueryError(f"Prometheus: {body['error']}")
        kind, result = body["data"]["resultType"], body["data"]["result"]
        if kind == "scalar":
            return [Series(labels={}, points=_points(result))]
        points = "values" if kind == "matrix" else "value"
        return [Series(labels=each["metric"], points=_points(each[points])) for each in result]
    except (KeyError, TypeError, ValueError) as error:
        raise PrometheusUnavailableError("Prometheus does not answer in its own words") from error


def _points(pairs: Sequence[Any]) -> list[Point]:
    """Return the points of *pairs*, or of the one pair that it is."""
    each = pairs if isinstance(pairs[0], list) else [pairs]
    return [
        Point(time=dt.datetime.fromtimestamp(float(seconds), dt.UTC), value=float(value))
        for seconds, value in each
    ]
