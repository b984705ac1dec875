"""
Tells a CDN (Cloudflare) to drop what changes have touched, in the background.

Every gateway does so for itself: purging twice does no harm, and none of them has to know
whether another one lives. Names wait here while the CDN limits or fails, each only once, and
when there are too many of them everything is purged instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Final, Literal

import httpx
import structlog

from tantrum_gateway import metrics
from tantrum_gateway.answers import Answer
from tantrum_gateway.dependencies import Change

log = structlog.get_logger()

By = Literal["tags", "urls"]

NAMES_PER_CALL: Final = 30
"""What Cloudflare takes at once on every plan."""

_MAX_WAITING: Final = 3_000
_BURST: Final = 25
"""Calls that may come at once after a quiet time; Cloudflare's bucket is as large."""

_TIMEOUT_SECONDS: Final = 10.0
_BACKOFF_SECONDS: Final = 1.0
_MAX_BACKOFF_SECONDS: Final = 60.0
_FIELD: Final = {"tags": "tags", "urls": "files"}

_PATHS: Final = {
    "shows": ("/v1/shows", "/v1/home"),
    "categories": ("/v1/categories", "/v1/home"),
    "research": ("/v1/research",),
    "themes": ("/v1/themes",),
    "platforms": ("/v1/platforms",),
    "show:": ("/v1/shows/{}", "/v1/shows/{}/similar", "/covers/{}.svg"),
    "category:": ("/v1/categories/{}", "/v1/categories/{}/shows"),
    "research:": ("/v1/research/{}",),
}
"""By tag, or by what it begins with: what anybody may have asked for, here or elsewhere."""


class Purger:
    """
    Purges by tag or by URL. To be used from one thread.

    At most *calls_per_minute* in the long run. A call that fails is made again, later and
    later, until it succeeds.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        path: str,
        *,
        by: By,
        public_url: str,
        calls_per_minute: float,
        now_monotonic: Callable[[], float],
        backoff_seconds: float = _BACKOFF_SECONDS,
    ) -> None:
        self._client = client
        self._path = path
        self._by = by
        self._public_url = public_url.rstrip("/")
        self._calls_per_second = calls_per_minute / 60
        self._now_monotonic = now_monotonic
        self._first_backoff_seconds = self._backoff_seconds = backoff_seconds
        self._waiting: dict[str, None] = {}
        self._everything = False
        self._news = asyncio.Event()
        self._calls_allowed = float(_BURST)
        self._counted_monotonic = now_monotonic()

    def changed(self, change: Change, touched: Iterable[Answer]) -> None:
        """Have what *change* touches purged; *touched* are the answers that were kept here."""
        if change.everything:
            self.reset()
            return
        names = change.tags if self._by == "tags" else set(self._urls(change.tags, touched))
        self._waiting.update(dict.fromkeys(sorted(names)))
        if len(self._waiting) > _MAX_WAITING:
            self.reset()
        self._news.set()

    def reset(self) -> None:
        """Have everything purged."""
        self._waiting.clear()
        self._everything = True
        self._news.set()

    async def run(self) -> None:
        """Purge until cancelled."""
        while True:
            await self._news.wait()
            await self._until_allowed()
            if self._everything:
                self._everything = False
                if not await self._call({"purge_everything": True}):
                    self.reset()
            else:
                names = list(itertools.islice(self._waiting, NAMES_PER_CALL))
                for name in names:
                    del self._waiting[name]
                if not await self._call({_FIELD[self._by]: names}):
                    # Not in place of what came meanwhile: that is after it, and wants it gone too.
                    self._waiting = dict.fromkeys([*names, *self._waiting])
            if not self._waiting and not self._everything:
                self._news.clear()

    async def _until_allowed(self) -> None:
        while True:
            now_monotonic = self._now_monotonic()
            earned = (now_monotonic - self._counted_monotonic) * self._calls_per_second
            self._calls_allowed = min(float(_BURST), self._calls_allowed + earned)
            self._counted_monotonic = now_monotonic
            if self._calls_allowed >= 1:
                self._calls_allowed -= 1
                return
            await asyncio.sleep((1 - self._calls_allowed) / self._calls_per_second)

    async def _call(self, body: dict[str, object]) -> bool:
        """Say whether the CDN has purged; wait a while if not."""
        pause_seconds = self._backoff_seconds
        try:
            response = await self._client.post(self._path, json=body)
            if response.status_code == httpx.codes.OK and response.json().get("success"):
                metrics.PURGES_OK.inc()
                self._backoff_seconds = self._first_backoff_seconds
                return True
            reason = f"HTTP {response.status_code}"
            with contextlib.suppress(KeyError, ValueError):
                pause_seconds = max(pause_seconds, float(response.headers["retry-after"]))
        except (httpx.HTTPError, ValueError) as error:
            reason = type(error).__name__
        metrics.PURGES_FAILED.inc()
        log.warning("purge_failed", reason=reason, waiting_count=len(self._waiting))
        self._backoff_seconds = min(_MAX_BACKOFF_SECONDS, 2 * self._backoff_seconds)
        await asyncio.sleep(min(_MAX_BACKOFF_SECONDS, pause_seconds))
        return False

    def _urls(self, tags: Iterable[str], touched: Iterable[Answer]) -> Iterator[str]:
        for tag in tags:
            kind, colon, name = tag.partition(":")
            for path in _PATHS.get(kind + colon, ()):
                yield self._public_url + path.format(name)
        for answer in touched:
            for (_, raw_path, query, _), _ in answer.ways:
                address = raw_path + b"?" + query if query else raw_path
                yield self._public_url + address.decode("latin-1")


@contextlib.asynccontextmanager
async def connected(
    *,
    api_url: str,
    zone_id: str,
    token: str,
    by: By,
    public_url: str,
    calls_per_minute: float,
    now_monotonic: Callable[[], float],
) -> AsyncIterator[Purger]:
    """Yield a purger of a Cloudflare zone, still to be run."""
    async with httpx.AsyncClient(
        base_url=api_url,
        headers={"authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_SECONDS,
    ) as client:
        yield Purger(
            client,
            f"zones/{zone_id}/purge_cache",
            by=by,
            public_url=public_url,
            calls_per_minute=calls_per_minute,
            now_monotonic=now_monotonic,
        )
