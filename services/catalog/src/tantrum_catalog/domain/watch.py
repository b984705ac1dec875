"""
Follows the revision feed once a process, for any number of watchers.

One task asks the feed for what is new; a shared, bounded tail of it serves the
watchers that keep up, without a query of their own. A watcher pulls at its own
pace from its own place: one that fell behind the tail reads pages from the feed
until it is back. So nothing is queued for anybody, and a watcher sees every
batch once and in order whatever its speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Final, TypeAlias

import structlog
from tantrum_kit.errors import CallerError, UnavailableError

from tantrum_catalog.domain.change import Batch, Revision
from tantrum_catalog.domain.errors import CatalogUnavailableError, RevisionUnavailableError
from tantrum_catalog.domain.ports import ChangeFeed

log = structlog.get_logger()

_PAGE: Final = 100
_TAIL_MAX: Final = 1_000


class WatchStoppedError(UnavailableError):
    """The server is shutting down; another one will go on from the same revision."""

    reason = "WATCH_STOPPED"

    def __init__(self) -> None:
        super().__init__("the server is shutting down; watch again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Says that nothing came after a revision up to now."""

    revision: Revision
    time: dt.datetime


WatchEvent: TypeAlias = Batch | Bookmark


class CatalogWatch:
    """
    Streams what is written, to many.

    While `running`, the feed is read every *poll_seconds*; a watcher that has
    nothing to be told gets a bookmark every *bookmark_seconds*.
    """

    def __init__(
        self,
        feed: ChangeFeed,
        *,
        poll_seconds: float,
        bookmark_seconds: float,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._feed = feed
        self._poll_seconds = poll_seconds
        self._bookmark_seconds = bookmark_seconds
        self._now = now
        self._tail: deque[Batch] = deque(maxlen=_TAIL_MAX)
        self._head: Revision | None = None
        """The newest revision that the task has seen; None before the first."""
        self._news = asyncio.Event()
        """Set, and replaced, whenever watchers should look again."""
        self._read_time: dt.datetime | None = None
        """When the feed was last read; None while it cannot be."""
        self._starts_count = 0
        """How often the task began to follow; whatever was seen before may be undone."""
        self._stopped = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the feed in the body. At its end all watchers fail with `WatchStoppedError`."""
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow())
            try:
                yield
            finally:
                self._stopped = True
                self._tell()
                following.cancel()

    async def since(self, revision: Revision) -> AsyncIterator[WatchEvent]:
        """
        Yield every batch after *revision*, in order, and bookmarks, without an end.

        The first is a bookmark when there is nothing to catch up on.

        Raises:
            RevisionUnavailableError: the feed cannot go on from the last revision.
            UnavailableError: the feed cannot be read, or the server shuts down.
        """
        self._require_running()
        # Asked of the feed itself, since the tail cannot tell the future from the past.
        batches: Sequence[Batch] = await self._feed.since(revision, limit=_PAGE)
        if not batches:
            yield Bookmark(revision=revision, time=self._now())
        starts_count = self._starts_count
        while True:
            for batch in batches:
                yield batch
                revision = batch.revision
            self._require_running()
            news = self._news
            if starts_count == self._starts_count:
                batches = await self._after(revision)
            else:
                starts_count = self._starts_count
                batches = await self._feed.since(revision, limit=_PAGE)
            if not batches and not await self._waited(news):
                yield self._bookmark(revision)

    async def _after(self, revision: Revision) -> Sequence[Batch]:
        if self._head is None or revision >= self._head:
            return ()
        if self._tail and self._tail[0].revision <= revision + 1:
            return tuple(dropwhile(lambda batch: batch.revision <= revision, self._tail))[:_PAGE]
        return await self._feed.since(revision, limit=_PAGE)

    async def _waited(self, news: asyncio.Event) -> bool:
        """Wait for news; say False if it is time for a bookmark instead."""
        try:
            async with asyncio.timeout(self._bookmark_seconds):
                await news.wait()
        except TimeoutError:
            return False
        return True

    def _require_running(self) -> None:
        if self._stopped:
            raise WatchStoppedError

    def _bookmark(self, revision: Revision) -> Bookmark:
        """A bookmark is a promise, so there is none while the feed cannot be read."""
        if self._read_time is None:
            raise CatalogUnavailableError
        return Bookmark(revision=revision, time=self._read_time)

    async def _follow(self) -> None:
        while True:
            try:
                # Not longer, or bookmarks would go on while a read hangs.
                async with asyncio.timeout(self._bookmark_seconds):
                    await self._poll()
            except (CallerError, TimeoutError) as error:
                self._note_failure(str(error) or type(error).__name__)
            except Exception as error:
                log.exception("feed_reading_failed")
                self._note_failure(type(error).__name__)
            await asyncio.sleep(self._poll_seconds)

    def _note_failure(self, reason: str) -> None:
        if self._read_time is not None:
            log.warning("feed_lost", reason=reason)
        self._read_time = None

    async def _poll(self) -> None:
        if self._head is None:
            await self._start_anew()
            return
        try:
            batches = await self._feed.since(self._head, limit=_PAGE)
        except RevisionUnavailableError as error:
            # The database was restored to an earlier state, or pruned past us.
            log.warning("feed_restarted", reason=error.message)
            await self._start_anew()
            return
        self._read_time = self._now()
        if batches:
            self._tail.extend(batches)
            self._head = batches[-1].revision
            self._tell()

    async def _start_anew(self) -> None:
        """Go on from the head, and have every watcher ask the feed where it stands."""
        self._tail.clear()
        self._head = await self._feed.head()
        self._starts_count += 1
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
