"""
Hears of every write to the catalogue, so that no cache here outlives one.

List and watch, as Kubernetes' informers do: ask once for the revision, then
follow the stream from there. A stream that breaks is resumed at the revision
heard of last. Only where the catalogue says that it cannot be (the history is
gone, or the database was restored) does all start over.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

import structlog
from tantrum_kit import errors, grpc_client
from tvtantrum.catalog.v1 import catalog_service_pb2

from tantrum_gateway.upstreams import Upstreams

log = structlog.get_logger()

SILENCE_SECONDS: Final = 15.0
"""The catalogue sends a bookmark every few seconds: longer silence is a lost connection."""

_LIST_TIMEOUT_SECONDS: Final = 2.0
_MAX_BACKOFF_SECONDS: Final = 1.0
_REVISION_UNAVAILABLE: Final = "REVISION_UNAVAILABLE"


class Watch:
    """
    Knows the newest catalogue revision.

    Calls *on_revision* with each that it hears of, before `revision` tells
    anybody else, and *on_reset* when what was known before means nothing more.
    """

    def __init__(
        self,
        upstreams: Upstreams,
        *,
        on_revision: Callable[[int], None],
        on_reset: Callable[[], None],
        now_monotonic: Callable[[], float],
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._upstreams = upstreams
        self._on_revision = on_revision
        self._on_reset = on_reset
        self._now_monotonic = now_monotonic
        self._silence_seconds = silence_seconds
        self.revision = 0
        """0 until the catalogue has answered once."""
        self.up = False
        self.heard_monotonic: float | None = None
        """When the catalogue was heard of last."""
        self.reconnects = 0

    def silent_seconds(self) -> float:
        """Return how long nothing was heard; infinity if nothing ever was."""
        if self.heard_monotonic is None:
            return float("inf")
        return self._now_monotonic() - self.heard_monotonic

    async def run(self) -> None:
        """Watch until cancelled."""
        backoff_seconds = 0.0
        while True:
            reason = "the stream ended"
            was_up = False
            try:
                with grpc_client.errors_raised():
                    if self.revision == 0:
                        self._hear(await self._listed_revision())
                    await self._follow()
            except errors.CallerError as error:
                reason = error.message
                if error.reason == _REVISION_UNAVAILABLE:
                    self._reset()
            except Exception:  # the top of a background task
                log.exception("watch_failed")
                reason = "a failure of our own, or one that no kind of error stands for"
            was_up, self.up = self.up, False
            backoff_seconds = 0.05 if was_up else min(_MAX_BACKOFF_SECONDS, backoff_seconds * 2)
            backoff_seconds = max(0.05, backoff_seconds)
            self.reconnects += 1
            if was_up:
                log.warning("watch_lost", revision=self.revision, reason=reason)
            # Not all gateways at once, where the catalogue has just restarted.
            await asyncio.sleep(backoff_seconds * random.uniform(0.5, 1.0))  # noqa: S311

    async def _listed_revision(self) -> int:
        response = await self._upstreams.catalog.ListPlatforms(
            catalog_service_pb2.ListPlatformsRequest(page_size=1), timeout=_LIST_TIMEOUT_SECONDS
        )
        return response.catalog_revision

    async def _follow(self) -> None:
        call = self._upstreams.catalog.WatchCatalog(
            catalog_service_pb2.WatchCatalogRequest(from_revision=self.revision)
        )
        try:
            responses = aiter(call)
            while True:
                async with asyncio.timeout(self._silence_seconds):
                    response = await anext(responses, None)
                if response is None:
                    return
                self._hear(response.revision)
                if not self.up:
                    self.up = True
                    log.info("watch_established", revision=self.revision)
        except TimeoutError as error:
            raise errors.UnavailableError("the catalogue fell silent") from error
        finally:
            call.cancel()

    def _hear(self, revision: int) -> None:
        self.heard_monotonic = self._now_monotonic()
        if revision > self.revision:
            self._on_revision(revision)
            self.revision = revision

    def _reset(self) -> None:
        log.warning("watch_reset", revision=self.revision)
        self._on_reset()
        self.revision = 0
