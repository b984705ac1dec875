"""One method for each thing that the old API answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from tantrum_kit.errors import InvalidInputError, NotFoundError
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import category_pb2, research_pb2, show_pb2

from tantrum_gateway import covers, depending, reads
from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.old_api import codec, selection, site_texts
from tantrum_gateway.old_api.jpeg_covers import DrawnCover
from tantrum_gateway.old_api.shapes import Row
from tantrum_gateway.old_api.snapshots import Entry, Snapshots
from tantrum_gateway.old_api.whole_lists import WholeList, whole_list
from tantrum_gateway.queries import Arguments
from tantrum_gateway.reads import JSON, Question, Reply
from tantrum_gateway.upstreams import Upstreams, call

_XML: Final = "application/xml; charset=utf-8"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_JPEG_COVER: Final = re.compile(r"show-([0-9]{1,9})-[a-zA-Z0-9_]*\.jpg")
_MAX_ID: Final = 2**31 - 1
_ENCODER: Final = msgspec.json.Encoder()

POPULAR_SHOWS: Final = 12
FOUND_SHOWS: Final = 20
SIMILAR_SHOWS: Final = 6


class OldReads:
    """Answers the old API's requests from the catalogue. Safe to share on one event loop."""

    def __init__(self, snapshots: Snapshots, *, site_url: str, drawn_cover: DrawnCover) -> None:
        self._snapshots = snapshots
        self._site_url = site_url
        self._drawn_cover = drawn_cover

    async def list_shows(self, upstreams: Upstreams, question: Question) -> Reply:
        arguments = question.arguments
        snapshot = await self._snapshots.at(upstreams, question.min_revision)
        revision = snapshot.catalog_revision
        themes = {name for names in arguments.get("themes", ()) for name in names}
        known = {name for entry in snapshot.entries for name in entry.row.themes}
        if not themes <= known:
            vocabulary = await _themes(upstreams, question)
            themes = _names_now(themes, vocabulary.items)
            revision = min(revision, vocabulary.catalog_revision)
        entries = selection.selected(snapshot.entries, arguments, themes)
        return _rows(entries[arguments.get("offset", 0) :], arguments.get("limit"), revision)

    async def get_show(self, upstreams: Upstreams, question: Question) -> Reply:
        response = await _show(upstreams, question, _id(question.key))
        depends = depending.on_shows([response.show])
        return _json(codec.row(response.show), response.catalog_revision, depends)

    async def list_popular_shows(self, upstreams: Upstreams, question: Question) -> Reply:
        snapshot = await self._snapshots.at(upstreams, question.min_revision)
        entries = selection.ordered(snapshot.entries, "popular")
        return _rows(entries, _limit(question.arguments, POPULAR_SHOWS), snapshot.catalog_revision)

    async def get_featured_show(self, upstreams: Upstreams, question: Question) -> Reply:
        snapshot = await self._snapshots.at(upstreams, question.min_revision)
        featured = next((one.row for one in snapshot.entries if one.row.is_featured), None)
        return _json(featured, snapshot.catalog_revision, depending.on(*depending.ALL_SHOWS))

    async def find_shows(self, upstreams: Upstreams, question: Question) -> Reply:
        query = question.arguments.get("q", "")
        snapshot = await self._snapshots.at(upstreams, question.min_revision)
        entries = selection.found(snapshot.entries, query) if query else []
        return _rows(entries, _limit(question.arguments, FOUND_SHOWS), snapshot.catalog_revision)

    async def list_similar_shows(self, upstreams: Upstreams, question: Question) -> Reply:
        show_id = _id(question.key)
        snapshot = await self._snapshots.at(upstreams, question.min_revision)
        row = next((one.row for one in snapshot.entries if one.row.id == show_id), None)
        if row is None:
            raise NotFoundError("Show not found")
        entries = selection.similar(snapshot.entries, row)
        return _rows(entries, _limit(question.arguments, SIMILAR_SHOWS), snapshot.catalog_revision)

    async def list_themes(self, upstreams: Upstreams, question: Question) -> Reply:
        themes = await _themes(upstreams, question)
        found = [codec.theme(one) for one in themes.items]
        return _json(found, themes.catalog_revision, depending.on_counts("themes"))

    async def list_platforms(self, upstreams: Upstreams, question: Question) -> Reply:
        platforms = await whole_list(
            upstreams.catalog.ListPlatforms,
            catalog_pb.ListPlatformsRequest,
            lambda page: page.platforms,
            min_revision=question.min_revision,
        )
        found = [codec.platform(one) for one in platforms.items]
        return _json(found, platforms.catalog_revision, depending.on_counts("platforms"))

    async def list_research(self, upstreams: Upstreams, question: Question) -> Reply:
        research = await _research(upstreams, question)
        found = [codec.research(one) for one in research.items]
        return _json(found, research.catalog_revision, depending.on("research"))

    async def get_research(self, upstreams: Upstreams, question: Question) -> Reply:
        try:
            response = await call(
                "catalog",
                upstreams.catalog.GetResearch,
                catalog_pb.GetResearchRequest(
                    id=_id(question.key), min_revision=question.min_revision
                ),
            )
        except NotFoundError as error:
            raise NotFoundError("Research summary not found") from error
        depends = depending.on(f"research:{response.research.id}")
        return _json(codec.research(response.research), response.catalog_revision, depends)

    async def list_categories(self, upstreams: Upstreams, question: Question) -> Reply:
        categories = await _categories(upstreams, question)
        themes = await _themes(upstreams, question)
        names = {theme.slug: theme.name for theme in themes.items}
        return _json(
            [codec.category(one, names) for one in categories.items],
            min(categories.catalog_revision, themes.catalog_revision),
            depending.on_categories(categories.items, "categories", "themes"),
        )

    async def list_category_shows(self, upstreams: Upstreams, question: Question) -> Reply:
        try:
            shows = await whole_list(
                upstreams.catalog.ListCategoryShows,
                catalog_pb.ListCategoryShowsRequest,
                lambda page: page.shows,
                min_revision=question.min_revision,
                id=_id(question.key),
            )
        except NotFoundError:
            return _json([], question.min_revision, depending.on_absence(question.key))
        found = [codec.category_show(one) for one in shows.items]
        depends = depending.on_category_shows(shows.items, question.key)
        return _json(found, shows.catalog_revision, depends)

    async def get_jpeg_cover(self, upstreams: Upstreams, question: Question) -> Reply:
        match = _JPEG_COVER.fullmatch(question.key)
        if match is None:
            raise NotFoundError("Image not found")
        response = await _show(upstreams, question, int(match[1]))
        show = response.show
        if show.HasField("image"):
            picture = Question(
                arguments=question.arguments,
                key=show.image.id,
                min_revision=response.catalog_revision,
            )
            reply = await reads.get_image(upstreams, picture)
            # The picture stays what it is, and the show may get another one.
            return replace(reply, depends=depending.on(f"show:{show.id}"))
        return Reply(
            body=await self._drawn_cover(covers.drawn(reads.cover_subject(show))),
            media_type="image/jpeg",
            catalog_revision=response.catalog_revision,
            depends=depending.on(f"show:{show.id}"),
        )

    async def get_sitemap(self, upstreams: Upstreams, question: Question) -> Reply:
        snapshot = await self._snapshots.at(upstreams, question.min_revision)
        categories = await _categories(upstreams, question)
        research = await _research(upstreams, question)
        sitemap = site_texts.sitemap(
            self._site_url,
            shows=[(entry.slug, entry.update_date) for entry in snapshot.entries],
            categories=[(one.slug, _day(one.update_time)) for one in categories.items],
            research=[(one.slug, _day(one.update_time)) for one in research.items],
        )
        return Reply(
            body=sitemap.encode(),
            media_type=_XML,
            catalog_revision=min(
                snapshot.catalog_revision, categories.catalog_revision, research.catalog_revision
            ),
            depends=depending.on("shows", "categories", "research"),
        )


async def _show(
    upstreams: Upstreams, question: Question, show_id: int
) -> catalog_pb.GetShowResponse:
    try:
        return await call(
            "catalog",
            upstreams.catalog.GetShow,
            catalog_pb.GetShowRequest(id=show_id, min_revision=question.min_revision),
        )
    except NotFoundError as error:
        raise NotFoundError("Show not found") from error


async def _themes(upstreams: Upstreams, question: Question) -> WholeList[show_pb2.Theme]:
    return await whole_list(
        upstreams.catalog.ListThemes,
        catalog_pb.ListThemesRequest,
        lambda page: page.themes,
        min_revision=question.min_revision,
    )


async def _categories(upstreams: Upstreams, question: Question) -> WholeList[category_pb2.Category]:
    return await whole_list(
        upstreams.catalog.ListCategories,
        catalog_pb.ListCategoriesRequest,
        lambda page: page.categories,
        min_revision=question.min_revision,
    )


async def _research(upstreams: Upstreams, question: Question) -> WholeList[research_pb2.Research]:
    return await whole_list(
        upstreams.catalog.ListResearch,
        catalog_pb.ListResearchRequest,
        lambda page: page.research,
        min_revision=question.min_revision,
    )


def _names_now(names: Iterable[str], themes: Iterable[show_pb2.Theme]) -> set[str]:
    """Return *names* with those that themes had earlier replaced: they are in old addresses."""
    name_by_alias = {alias: theme.name for theme in themes for alias in theme.aliases}
    return {name_by_alias.get(name, name) for name in names}


def _id(text: str) -> int:
    """Return the number in a path; 0, which nothing has, for one that is out of range."""
    if not _NUMBER.fullmatch(text):
        raise InvalidInputError.of("id", "must be a whole number")
    number = int(text)
    return number if number <= _MAX_ID else 0


def _limit(arguments: Arguments, default: int) -> int:
    limit: int = arguments.get("limit", default)
    return limit


def _rows(entries: Sequence[Entry], limit: int | None, catalog_revision: int) -> Reply:
    rows = [entry.json for entry in entries[:limit]]
    return _json(rows, catalog_revision, depending.on(*depending.ALL_SHOWS))


def _json(
    answer: Row | Sequence[Any] | msgspec.Struct | None,
    catalog_revision: int,
    depends: Dependencies,
) -> Reply:
    body = _ENCODER.encode(answer)
    return Reply(body=body, media_type=JSON, catalog_revision=catalog_revision, depends=depends)


def _day(time: Timestamp) -> str:
    return time.ToJsonString()[:10]
