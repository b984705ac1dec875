"""
Hears of every write to the catalogue, so that no cache here outlives one.

List and watch, as Kubernetes' informers do: ask for the revision, then follow the stream.
A stream that breaks is resumed at the revision heard of last. Only where the catalogue says
that it cannot be (the history is gone, or the database was restored) does all start over.

The first time it begins some way back, so that what Redis has from earlier can be judged.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

import structlog
from tantrum_kit import errors, grpc_client
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from tantrum_gateway.dependencies import CATALOGUE, HISTORY_MAX, Change, History, ShowChange
from tantrum_gateway.known_shows import KnownShows
from tantrum_gateway.upstreams import Upstreams

log = structlog.get_logger()

_LIST_TIMEOUT_SECONDS: Final = 2.0
_MAX_BACKOFF_SECONDS: Final = 1.0
_REVISION_UNAVAILABLE: Final = "REVISION_UNAVAILABLE"

# Tags by kind: of lists of all, and what precedes number and slug of one.
_TAGS: Final = {
    pb.RESOURCE_KIND_SHOW: ("shows", "show"),
    pb.RESOURCE_KIND_CATEGORY: ("categories", "category"),
    pb.RESOURCE_KIND_RESEARCH: ("research", "research"),
    pb.RESOURCE_KIND_THEME: ("themes", "theme"),
    pb.RESOURCE_KIND_PLATFORM: ("platforms", "platform"),
}


class Watch:
    """
    Knows the newest catalogue revision, and what the latest ones touched.

    Calls *on_start* when nothing is known of what was before, *on_change* with each change
    that it hears of, before `revision` tells anybody else, and *on_reset* when the catalogue
    has gone back to an earlier state. The catalogue sends a bookmark every second: silence for
    *silence_seconds* is a lost connection.
    """

    def __init__(
        self,
        upstreams: Upstreams,
        shows: KnownShows,
        *,
        on_start: Callable[[], None],
        on_change: Callable[[Change], None],
        on_reset: Callable[[], None],
        now_monotonic: Callable[[], float],
        silence_seconds: float,
    ) -> None:
        self._upstreams = upstreams
        self._shows = shows
        self._on_start = on_start
        self._on_change = on_change
        self._on_reset = on_reset
        self._now_monotonic = now_monotonic
        self._silence_seconds = silence_seconds
        self._news = asyncio.Event()
        self._earlier: History | None = None
        """Begins before `history`, and is to take its place once it has caught up."""
        self.history = History()
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

    async def reached(self, revision: int, *, timeout_seconds: float) -> bool:
        """Wait until *revision* was heard of; say False if the watch is lost, or too late."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self.up and self.revision < revision:
                    await self._news.wait()
        except TimeoutError:
            return False
        return self.revision >= revision

    async def run(self) -> None:
        """Watch until cancelled."""
        backoff_seconds = 0.0
        while True:
            reason = "the stream ended"
            was_up = False
            try:
                with grpc_client.errors_raised():
                    await self._follow(await self._listed_revision())
            except errors.CallerError as error:
                reason = error.message
                if error.reason == _REVISION_UNAVAILABLE:
                    self._give_up_history()
            except Exception:  # the top of a background task
                log.exception("watch_failed")
                reason = "a failure of our own, or one that no kind of error stands for"
            was_up, self.up = self.up, False
            self._tell()
            backoff_seconds = 0.05 if was_up else min(_MAX_BACKOFF_SECONDS, backoff_seconds * 2)
            backoff_seconds = max(0.05, backoff_seconds)
            self.reconnects += 1
            if was_up:
                log.warning("watch_lost", revision=self.revision, reason=reason)
            # Not all gateways at once, where the catalogue has just restarted.
            await asyncio.sleep(backoff_seconds * random.uniform(0.5, 1.0))  # noqa: S311

    async def _listed_revision(self) -> int:
        """Ask for the newest revision; the first time, begin there."""
        response = await self._upstreams.catalog.ListPlatforms(
            pb.ListPlatformsRequest(page_size=1), timeout=_LIST_TIMEOUT_SECONDS
        )
        revision = response.catalog_revision
        self.heard_monotonic = self._now_monotonic()
        if self.revision == 0:
            self._on_start()
            self._shows.forget_all()
            self.history.start(revision)
            self._earlier = History()
            self._earlier.start(max(0, revision - HISTORY_MAX))
            self.revision = revision
        return revision

    async def _follow(self, newest: int) -> None:
        """Hear all that there is to be heard; *newest* is what there was at the beginning."""
        begin = self.revision if self._earlier is None else self._earlier.head
        call = self._upstreams.catalog.WatchCatalog(pb.WatchCatalogRequest(from_revision=begin))
        try:
            responses = aiter(call)
            while True:
                async with asyncio.timeout(self._silence_seconds):
                    response = await anext(responses, None)
                if response is None:
                    return
                await self._hear(response, newest)
                if not self.up and response.revision >= newest:
                    self.up = True
                    log.info("watch_established", revision=self.revision)
        except TimeoutError as error:
            raise errors.UnavailableError("the catalogue fell silent") from error
        finally:
            call.cancel()

    async def _hear(self, response: pb.WatchCatalogResponse, newest: int) -> None:
        self.heard_monotonic = self._now_monotonic()
        revision = response.revision
        if self._earlier is not None:
            if revision > self._earlier.head:
                self._earlier.add(_change_of(response, shows=None))
            if self._earlier.head >= self.revision:
                self.history, self._earlier = self._earlier, None
                self.revision = self.history.head
        elif revision > self.revision:
            written = [one for one in response.changes if one.kind == pb.RESOURCE_KIND_SHOW]
            # One by one, what was missed would take long to look at.
            missed = revision <= newest
            if any(one.kind == pb.RESOURCE_KIND_THEME for one in response.changes):
                self._shows.forget_themes(revision)
            if missed:
                self._shows.forget(written)
            shows = None if missed else await self._shows.changed(written, revision)
            change = _change_of(response, shows=shows)
            self.history.add(change)
            self._on_change(change)
            self.revision = revision
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _give_up_history(self) -> None:
        if self._earlier is not None:
            self._earlier = None
            return
        log.warning("watch_reset", revision=self.revision)
        self._on_reset()
        self.revision = 0


def _change_of(
    response: pb.WatchCatalogResponse, *, shows: tuple[ShowChange, ...] | None
) -> Change:
    """Return what a revision touches; *shows* is what it did to shows, None if that is unknown."""
    kinds = {one.kind for one in response.changes}
    tags = {CATALOGUE}
    for one in response.changes:
        if one.kind in _TAGS:
            all_of_kind, prefix = _TAGS[one.kind]
            tags |= {all_of_kind, f"{prefix}:{one.id}", f"{prefix}:{one.slug}"}
    return Change(
        revision=response.revision,
        tags=frozenset(tags),
        shows=shows or (),
        # A theme or platform that is renamed or merged comes with all shows that have it.
        shows_unknown=shows is None and pb.RESOURCE_KIND_SHOW in kinds,
        # A kind that is newer than this gateway may mean anything.
        everything=not kinds or not kinds <= _TAGS.keys(),
    )
