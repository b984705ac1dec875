"""A catalogue in memory, behind a real gRPC server on loopback."""

# ruff: noqa: N802 - methods are named as in the protos

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tantrum_kit import errors, grpc_server
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from tvtantrum.catalog.v1 import show_pb2

from .builders import Library


class RevisionUnavailableError(errors.PreconditionFailedError):
    reason = "REVISION_UNAVAILABLE"


class FakeCatalog(pb_grpc.CatalogServiceServicer):
    """
    Lists, batches and watches as the contract says; writes are methods of its own.

    `list_count` and `watch_from` tell what was asked of it.
    """

    __abstractmethods__ = frozenset()  # what search does not call is not there

    def __init__(self, library: Library | None = None) -> None:
        self.show_by_id = {show.id: show for show in library.messages} if library else {}
        self.theme_by_slug = (
            {theme.slug: theme for theme in library.theme_messages} if library else {}
        )
        self.revision = 1
        self.oldest_revision = 0
        self.list_count = 0
        self.watch_from: list[int] = []
        self.silent = False
        self.after_first_page = lambda: None
        self.before_batch = lambda: None
        self._changes_by_revision: dict[int, list[pb.Change]] = {}
        self._written = asyncio.Condition()
        self._streams = 0

    async def put(self, *shows: show_pb2.Show) -> int:
        """Write *shows* in one revision."""
        changes = []
        for show in shows:
            self.show_by_id[show.id] = show
            changes.append(_change(pb.RESOURCE_KIND_SHOW, pb.CHANGE_TYPE_PUT, id=show.id))
        return await self._write(changes)

    async def delete(self, show_id: int) -> int:
        del self.show_by_id[show_id]
        return await self._write(
            [_change(pb.RESOURCE_KIND_SHOW, pb.CHANGE_TYPE_DELETE, id=show_id)]
        )

    async def put_theme(self, theme: show_pb2.Theme) -> int:
        self.theme_by_slug[theme.slug] = theme
        for show in self.show_by_id.values():
            for label in show.themes:
                if label.slug == theme.slug:
                    label.name = theme.name
        return await self._write(
            [_change(pb.RESOURCE_KIND_THEME, pb.CHANGE_TYPE_PUT, slug=theme.slug)]
        )

    async def restore(self, revision: int) -> None:
        """Go back to *revision*, as a database that was restored does."""
        self.revision = revision
        self._changes_by_revision = {}
        self.oldest_revision = revision
        async with self._written:
            self._written.notify_all()

    async def end_streams(self) -> None:
        """End every watch, in good order."""
        self._streams += 1
        async with self._written:
            self._written.notify_all()

    async def ListShows(self, request, context):
        self.list_count += 1
        ids = sorted(self.show_by_id)
        start = int(request.page_token or 0)
        page = ids[start : start + request.page_size]
        more = start + len(page) < len(ids)
        response = pb.ListShowsResponse(
            shows=[self.show_by_id[each] for each in page],
            next_page_token=str(start + len(page)) if more else "",
            total_size=len(ids),
            catalog_revision=self.revision,
        )
        if start == 0:
            written = self.after_first_page()
            if written is not None:
                await written
        return response

    async def BatchGetShows(self, request, context):
        written = self.before_batch()
        if written is not None:
            await written
        return pb.BatchGetShowsResponse(
            shows=[self.show_by_id[each] for each in request.ids if each in self.show_by_id],
            missing_ids=[each for each in request.ids if each not in self.show_by_id],
            catalog_revision=self.revision,
        )

    async def ListThemes(self, request, context):
        themes = list(self.theme_by_slug.values())
        start = int(request.page_token or 0)
        end = start + request.page_size
        return pb.ListThemesResponse(
            themes=themes[start:end],
            next_page_token=str(end) if end < len(themes) else "",
            total_size=len(themes),
            catalog_revision=self.revision,
        )

    async def WatchCatalog(self, request, context):
        self.watch_from.append(request.from_revision)
        position = request.from_revision
        if not self.oldest_revision <= position <= self.revision:
            raise RevisionUnavailableError("that history is not here")
        if position == self.revision and not self.silent:
            yield pb.WatchCatalogResponse(revision=position)
        streams = self._streams
        while True:
            while not self.silent and position < self.revision:
                position += 1
                changes = self._changes_by_revision[position]
                yield pb.WatchCatalogResponse(revision=position, changes=changes)
            async with self._written:
                while position == self.revision or self.silent:
                    await self._written.wait()
                    if streams != self._streams:
                        return
            if position > self.revision:
                raise RevisionUnavailableError("that history is not here")

    async def _write(self, changes) -> int:
        self.revision += 1
        self._changes_by_revision[self.revision] = changes
        async with self._written:
            self._written.notify_all()
        return self.revision


@contextlib.asynccontextmanager
async def served(catalog: FakeCatalog, *, port: int = 0) -> AsyncIterator[str]:
    """Serve *catalog* on loopback and yield its address."""

    async def ready() -> bool:
        return True

    async with grpc_server.serving(
        f"127.0.0.1:{port}",
        servicers=lambda server: pb_grpc.add_CatalogServiceServicer_to_server(catalog, server),
        service_names=["tvtantrum.catalog.v1.CatalogService"],
        ready=ready,
        drain_seconds=0,
        grace_seconds=0,
    ) as bound:
        yield f"127.0.0.1:{bound}"


def _change(kind, type_, *, id=0, slug="") -> pb.Change:
    return pb.Change(kind=kind, type=type_, id=id, slug=slug)
