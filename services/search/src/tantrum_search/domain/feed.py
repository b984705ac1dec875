"""
Keeping the index like the catalogue: list everything once, then watch.

What a revision changed is read again from the catalogue, which may answer as of a
later revision already. Such an answer is *staged*, and committed to the index when
the watch has reached that revision too; so a reader of the index never sees half
of a later write. The same holds for the first listing, whose pages may have been
read at different revisions.

When the connection is lost, the feed watches again from the revision that it has,
and the index goes on serving. Only when the catalogue's history does not reach
back that far (or lies behind: the database was restored) is everything listed
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog
from tantrum_kit import errors

from tantrum_search.domain.document import Document, document_of
from tantrum_search.domain.errors import HistoryUnavailableError, IndexBehindError
from tantrum_search.domain.lexicon import Lexicon
from tantrum_search.domain.ports import Catalog, ResourceKind, Revision, SearchBackend
from tantrum_search.domain.search import Index
from tantrum_search.domain.show import Show, ShowId, Slug, Theme

log = structlog.get_logger()

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
_LONGEST_HOLD_SECONDS: Final = 0.3
"""A stage is committed after this, whatever follows: fresh beats whole."""
_DOCUMENTS_AT_A_TIME: Final = 25


@dataclass(slots=True)
class _Stage:
    """Changes that are read, and not yet in the index."""

    since_monotonic: float
    document_by_id: dict[ShowId, Document] = field(default_factory=dict)
    removed: set[ShowId] = field(default_factory=set)
    complete: bool = False
    """Whether the documents are all that there are, not a change to what is there."""
    even_if_newer: bool = False
    target: int = 0
    """Latest revision that something in it was read at."""

    def put(self, document: Document) -> None:
        self.document_by_id[document.id] = document
        self.removed.discard(document.id)

    def remove(self, show_id: ShowId) -> None:
        self.document_by_id.pop(show_id, None)
        self.removed.add(show_id)


class Feed:
    """Follows one catalogue into one backend and one `Index`; to be run once."""

    def __init__(
        self,
        catalog: Catalog,
        backend: SearchBackend,
        index: Index,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._backend = backend
        self._index = index
        self._pause = pause
        self._themes: dict[Slug, Theme] = {}
        self._position: int | None = None
        """Revision that has been read to; None when everything has to be listed."""
        self._history_was_lost = False
        self._stage: _Stage | None = None
        self._failures = 0

    async def run(self) -> None:
        """Follow until cancelled, whatever fails."""
        while True:
            try:
                await self._follow()
            except HistoryUnavailableError:
                log.warning("catalog_history_lost", revision=self._position)
                self._position, self._history_was_lost = None, True
            except IndexBehindError:
                log.warning("index_fell_behind", revision=self._index.revision)
                self._position = None
            except errors.CallerError as error:
                log.warning("feed_interrupted", reason=error.reason, error=error.message)
            except Exception:
                log.exception("feed_failed")
            self._failures += 1
            longest = min(
                _LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 9)
            )
            await self._pause(random.uniform(longest / 2, longest))  # noqa: S311 - not a secret

    async def _follow(self) -> None:
        """Return when the catalogue ends the watch."""
        if self._position is None:
            self._position = await self._list()
        async with contextlib.aclosing(self._catalog.watch(self._position)) as revisions:
            async for revision in revisions:
                await self._take(revision)
                self._failures = 0

    async def _list(self) -> int:
        """Stage everything, and return the revision to watch from."""
        listing = await self._catalog.list_all()
        self._themes = {theme.slug: theme for theme in listing.themes}
        stage = self._new_stage()
        stage.complete = True
        stage.target = listing.last_revision
        stage.even_if_newer = self._history_was_lost or await self._is_from_lost_future(
            listing.last_revision
        )
        await self._analyse_into(stage, listing.shows)
        self._stage = stage
        log.info("catalog_listed", show_count=len(listing.shows), revision=listing.last_revision)
        return listing.first_revision

    async def _is_from_lost_future(self, revision: int) -> bool:
        """Say whether the stored index stands at a revision that the catalogue never had."""
        stored = await self._backend.stored_revision()
        if stored <= revision:
            return False
        try:
            async with contextlib.aclosing(self._catalog.watch(stored)) as revisions:
                await anext(revisions, None)
        except HistoryUnavailableError:
            return True
        return False

    async def _take(self, revision: Revision) -> None:
        """Stage what *revision* changed, and commit when nothing later is staged."""
        stage = self._stage or self._new_stage()
        kinds = {change.kind for change in revision.changes}
        if ResourceKind.THEME in kinds:
            read = await self._catalog.read_themes(revision.number)
            self._themes = {theme.slug: theme for theme in read.themes}
            stage.target = max(stage.target, read.revision)
        ids = self._affected(revision, stage)
        if ids:
            shows = await self._catalog.read_shows(ids, revision.number)
            stage.target = max(stage.target, shows.revision)
            await self._analyse_into(stage, shows.shows)
            for show_id in ids - {show.id for show in shows.shows}:
                stage.remove(show_id)
        self._stage = stage
        self._position = revision.number
        held_seconds = asyncio.get_running_loop().time() - stage.since_monotonic
        if revision.number >= stage.target or held_seconds > _LONGEST_HOLD_SECONDS:
            await self._commit(stage, revision.number)

    def _affected(self, revision: Revision, stage: _Stage) -> set[ShowId]:
        """Return the shows that read differently since *revision*."""
        ids = {ShowId(change.id) for change in revision.changes if change.kind is ResourceKind.SHOW}
        for change in revision.changes:
            if change.kind in {ResourceKind.THEME, ResourceKind.PLATFORM}:
                if self._index.lexicon is not None:
                    ids |= self._index.lexicon.labelled(change.slug)
                ids |= _labelled(stage.document_by_id.values(), change.slug)
        return ids

    async def _commit(self, stage: _Stage, revision: int) -> None:
        if stage.complete:
            await self._commit_everything(stage, revision)
        elif revision > self._index.revision:
            await self._backend.apply(
                stage.document_by_id.values(),
                stage.removed,
                from_revision=self._index.revision,
                revision=revision,
            )
            # No await from here: a request sees all of the revision or nothing.
            lexicon = self._index.lexicon
            if lexicon is not None:
                lexicon.set_themes(self._themes.values())
                for document in stage.document_by_id.values():
                    lexicon.put(document)
                for show_id in stage.removed:
                    lexicon.remove(show_id)
            self._index.revision = revision
        self._stage = None

    async def _commit_everything(self, stage: _Stage, revision: int) -> None:
        lexicon = Lexicon()
        lexicon.set_themes(self._themes.values())
        for count, document in enumerate(stage.document_by_id.values()):
            lexicon.put(document)
            if count % _DOCUMENTS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        await self._backend.replace(
            stage.document_by_id.values(), revision=revision, even_if_newer=stage.even_if_newer
        )
        self._index.lexicon, self._index.revision = lexicon, revision
        self._history_was_lost = False
        log.info("index_loaded", show_count=len(lexicon), revision=revision)

    async def _analyse_into(self, stage: _Stage, shows: Collection[Show]) -> None:
        aliases = {theme.slug: theme.aliases for theme in self._themes.values()}
        for count, show in enumerate(shows):
            stage.put(document_of(show, aliases))
            # Requests are answered meanwhile.
            if count % _DOCUMENTS_AT_A_TIME == 0:
                await asyncio.sleep(0)

    def _new_stage(self) -> _Stage:
        return _Stage(since_monotonic=asyncio.get_running_loop().time())


def _labelled(documents: Iterable[Document], slug: Slug) -> set[ShowId]:
    return {
        document.id
        for document in documents
        if slug in document.show.platforms or slug in {theme.slug for theme in document.show.themes}
    }
