"""Whether the gateway lives, can serve, and how all that it depends on is."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from tantrum_gateway import resources, upstreams
from tantrum_gateway.answers import FOREVER, Answer
from tantrum_gateway.l1 import L1
from tantrum_gateway.l2 import ReplyStore
from tantrum_gateway.reads import JSON
from tantrum_gateway.upstreams import Upstreams
from tantrum_gateway.watch import Watch

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_ENCODER: Final = msgspec.json.Encoder()


class HealthPages:
    """Makes `/livez`, `/readyz` and `/api/health`."""

    def __init__(
        self,
        *,
        upstreams: Upstreams,
        watch: Watch,
        l1: L1,
        l2: ReplyStore,
        version: str,
        draining: Callable[[], bool],
        lost_after_seconds: float,
        now_monotonic: Callable[[], float],
    ) -> None:
        self._upstreams = upstreams
        self._watch = watch
        self._l1 = l1
        self._l2 = l2
        self._version = version
        self._draining = draining
        self._lost_after_seconds = lost_after_seconds
        self._now_monotonic = now_monotonic
        self._started_monotonic = now_monotonic()

    async def live(self) -> Answer:
        """Answer at all: the event loop turns."""
        return _plain(200, "ok")

    async def ready(self) -> Answer:
        """
        Say whether to send requests here: the catalogue has answered once, and we are not leaving.

        A lost catalogue is no reason to lose the gateways too, while stale answers are good.
        """
        if self._draining():
            return _plain(503, "draining")
        if self._watch.silent_seconds() > self._lost_after_seconds:
            return _plain(503, "the catalogue does not answer")
        return _plain(200, "ok")

    async def health(self) -> Answer:
        """Say how everything is; 503 where nothing can be answered."""
        catalog_fault, search_fault = await asyncio.gather(
            upstreams.serving(self._upstreams.catalog_health),
            upstreams.serving(self._upstreams.search_health),
        )
        by_name = {
            "catalog": _upstream(catalog_fault),
            "search": _upstream(search_fault),
            "redis": _redis(self._l2.state),
        }
        status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
        if catalog_fault:
            status = "unhealthy"
        elif not self._watch.up or any(one.state == "down" for one in by_name.values()):
            status = "degraded"
        health = resources.Health(
            status=status,
            database="disconnected" if catalog_fault else "connected",
            memory=resources.Memory(rss_bytes=_rss_bytes(), l1_bytes=self._l1.size_bytes),
            uptime=round(self._now_monotonic() - self._started_monotonic, 3),
            timestamp=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            version=self._version,
            revision=self._watch.revision,
            upstreams=by_name,
            watch=self._watch_health(),
        )
        code = 503 if status == "unhealthy" else 200
        return _unkept(code, _ENCODER.encode(health), JSON, route="/api/health")

    def _watch_health(self) -> resources.WatchHealth:
        silent_seconds = self._watch.silent_seconds()
        return resources.WatchHealth(
            state="up" if self._watch.up else "down",
            silent_seconds=round(min(silent_seconds, 1e9), 3),
        )


def _upstream(fault: str) -> resources.UpstreamHealth:
    return resources.UpstreamHealth(state="down" if fault else "up", detail=fault)


def _redis(state: str) -> resources.UpstreamHealth:
    match state:
        case "up":
            return resources.UpstreamHealth(state="up", detail="")
        case "off":
            return resources.UpstreamHealth(state="off", detail="not configured")
        case _:
            return resources.UpstreamHealth(state="down", detail="does not answer")


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _plain(code: int, text: str) -> Answer:
    return _unkept(code, f"{text}\n".encode(), "text/plain; charset=utf-8", route="probe")


def _unkept(code: int, body: bytes, media_type: str, *, route: str) -> Answer:
    return Answer(
        status=code,
        body=body,
        media_type=media_type,
        cache_control="no-store",
        catalog_revision=FOREVER,
        route=route,
    )
