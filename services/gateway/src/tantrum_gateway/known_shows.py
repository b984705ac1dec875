"""
What the gateway knows of every show, to tell what a change of one touches.

The catalogue's feed says that a show changed, and not what of it. So the shows are read once
in the background, and each again when it has changed. Whatever is not known for certain (a
show was written twice meanwhile, the catalogue does not answer, there are too many shows)
counts as unknown, and touches more than it may have to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from tantrum_kit import errors, grpc_client
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import show_pb2

from tantrum_gateway.dependencies import Facts, ShowChange
from tantrum_gateway.selectors import facts_of, themes_of
from tantrum_gateway.upstreams import Upstreams

log = structlog.get_logger()

MAX_SHOWS: Final = 5_000
"""Above, nothing is known of any: 3 KiB each."""

_MAX_CHANGES: Final = 50
"""Of more shows in one revision, an import's, each is unknown."""

_TIMEOUT_SECONDS: Final = 0.5
_PAGE_SIZE: Final = 100
_RETRY_SECONDS: Final = 1.0
_UNKNOWN: Final = 2**62


class KnownShows:
    """The facts of all shows as of their last changes."""

    def __init__(self, upstreams: Upstreams, *, at_most: int = MAX_SHOWS) -> None:
        self._upstreams = upstreams
        self._at_most = at_most
        self._known: dict[int, tuple[int, Facts]] = {}
        """Revision and facts by id; the revision is `_UNKNOWN` where the facts are out of date."""
        self._complete = False
        self._titles_by_theme: dict[str, tuple[str, ...]] | None = None
        self._themes_revision = 0
        """When the themes known were so; or, while there are none, when they changed last."""
        self._wanted = asyncio.Event()

    def forget_all(self) -> None:
        """Know nothing, and read all shows and themes again in the background."""
        self._known.clear()
        self._complete = False
        self.forget_themes(0)

    def forget_themes(self, revision: int) -> None:
        """Know no themes older than *revision*, and read them again in the background."""
        self._titles_by_theme = None
        self._themes_revision = revision
        self._wanted.set()

    def forget(self, changes: Sequence[pb.Change]) -> None:
        """Know nothing of the shows that *changes* wrote."""
        for change in changes:
            if change.kind == pb.RESOURCE_KIND_SHOW:
                self._known[change.id] = (_UNKNOWN, {})

    async def run(self) -> None:
        """Until cancelled: read all shows whenever that is wanted."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                with grpc_client.errors_raised():
                    await self._read_themes()
                    if not self._complete:
                        await self._read_all()
            except errors.CallerError:
                self._wanted.set()
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # the top of a background task
                log.exception("reading_shows_failed")
                self._wanted.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def changed(
        self, changes: Sequence[pb.Change], revision: int
    ) -> tuple[ShowChange, ...] | None:
        """Return what *revision* did to the shows that it wrote; None if that is not known."""
        if not changes:
            return ()
        type_by_id = {change.id: change.type for change in changes}
        shows = await self._read(list(type_by_id), revision)
        if shows is None:
            self.forget(changes)
            return None
        found = []
        for show_id, change_type in type_by_id.items():
            show = shows.get(show_id)
            # Or it was written again meanwhile, and nobody will ever know what it was now.
            as_told = (show is None) == (change_type == pb.CHANGE_TYPE_DELETE)
            exact = as_told and (show is None or show.revision == revision)
            found.append(self._one(show_id, show, revision) if exact else None)
            self._learn(show_id, show)
        told = tuple(one for one in found if one is not None)
        return told if len(told) == len(found) else None

    def _one(self, show_id: int, show: show_pb2.Show | None, revision: int) -> ShowChange | None:
        known = self._known.get(show_id)
        if known is None:
            if show is None or not self._complete:
                return None
            return self._change(None, facts_of(show), revision)
        if known[0] >= revision:
            return None
        return self._change(known[1], facts_of(show) if show else None, revision)

    def _change(self, before: Facts | None, after: Facts | None, revision: int) -> ShowChange:
        titles: Mapping[str, tuple[str, ...]] | None = None
        # Themes that are ahead may be another's than those of this revision.
        if self._titles_by_theme is not None and self._themes_revision <= revision:
            slugs = {slug for show in (before, after) if show for slug in themes_of(show)}
            if slugs <= self._titles_by_theme.keys():
                titles = {slug: self._titles_by_theme[slug] for slug in slugs}
        return ShowChange(before=before, after=after, theme_titles=titles)

    def _learn(self, show_id: int, show: show_pb2.Show | None) -> None:
        if show is None:
            self._known.pop(show_id, None)
        elif show_id in self._known or len(self._known) < self._at_most:
            self._known[show_id] = (show.revision, facts_of(show))
        else:
            log.info("too_many_shows", at_most=self._at_most)
            self._known.clear()
            self._complete = False

    async def _read(self, ids: Sequence[int], revision: int) -> dict[int, show_pb2.Show] | None:
        if len(ids) > _MAX_CHANGES:
            return None
        try:
            with grpc_client.errors_raised():
                response = await self._upstreams.catalog.BatchGetShows(
                    pb.BatchGetShowsRequest(ids=ids, min_revision=revision),
                    timeout=_TIMEOUT_SECONDS,
                )
        except errors.CallerError:
            return None
        return {show.id: show for show in response.shows}

    async def _read_themes(self) -> None:
        titles_by_theme: dict[str, tuple[str, ...]] = {}
        first_revision = 0
        token = ""
        while True:
            response = await self._upstreams.catalog.ListThemes(
                pb.ListThemesRequest(
                    page_size=_PAGE_SIZE, page_token=token, min_revision=self._themes_revision
                ),
                timeout=_TIMEOUT_SECONDS,
            )
            first_revision = first_revision or response.catalog_revision
            if response.catalog_revision != first_revision:
                self._wanted.set()  # somebody has written between two pages
                return
            for theme in response.themes:
                titles_by_theme[theme.slug] = (theme.name, *theme.aliases)
            token = response.next_page_token
            if not token:
                break
        if first_revision >= self._themes_revision:
            self._titles_by_theme, self._themes_revision = titles_by_theme, first_revision

    async def _read_all(self) -> None:
        token = ""
        while True:
            response = await self._upstreams.catalog.ListShows(
                pb.ListShowsRequest(page_size=_PAGE_SIZE, page_token=token),
                timeout=_TIMEOUT_SECONDS,
            )
            if response.total_size > self._at_most:
                log.info("too_many_shows", shows_count=response.total_size, at_most=self._at_most)
                return
            for show in response.shows:
                known = self._known.get(show.id)
                if known is None or known[0] < show.revision:
                    self._known[show.id] = (show.revision, facts_of(show))
            token = response.next_page_token
            if not token:
                self._complete = True
                return
