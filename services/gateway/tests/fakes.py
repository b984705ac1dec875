# ruff: noqa: N802 - methods are named as in the protos
"""
A catalog and a search of the tests' own: real gRPC servers over shows in memory.

They serve what the product ships (`data/catalogue`), note each call, and fail or
wait when a test tells them to. Filters are as far as the gateway's tests need.
"""

from __future__ import annotations

import asyncio
import contextlib
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import Struct
from tantrum_kit import errors, grpc_server, status
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import (
    catalog_service_pb2_grpc,
    category_pb2,
    filter_pb2,
    research_pb2,
    show_pb2,
)
from tvtantrum.search.v1 import search_service_pb2 as search_pb
from tvtantrum.search.v1 import search_service_pb2_grpc

CATALOGUE = Path(__file__).parents[3] / "data" / "catalogue"
TOKENS = PageTokens(b"a key for tests that signs tokens")
LEVELS = ("", "low", "low-moderate", "moderate", "moderate-high", "high")
PNG = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 2_000


def make_show(**changes: Any) -> show_pb2.Show:
    """A show with every field filled; *changes* replace or, with None, clear some."""
    fields: dict[str, Any] = {
        "id": 1,
        "slug": "blue-day",
        "name": "Blue Day",
        "description": "A blue day.",
        "min_age": 3,
        "max_age": 6,
        "stimulation": 2,
        "senses": show_pb2.Senses(dialogue=show_pb2.LEVEL_LOW, music=show_pb2.LEVEL_HIGH),
        "animation_style": "2D",
        "themes": [show_pb2.Label(slug="nature", name="Nature")],
        "platforms": [show_pb2.Label(slug="tv", name="TV")],
        "episode_minutes": 7,
        "creator": "Somebody",
        "release_year": 2018,
        "end_year": 2020,
        "ongoing": False,
        "seasons": 3,
        "youtube": False,
        "featured": False,
        "revision": 1,
    }
    fields |= changes
    return show_pb2.Show(**{name: value for name, value in fields.items() if value is not None})


@cache
def shipped() -> dict[str, list[dict[str, Any]]]:
    """What `data/catalogue` holds, by kind."""
    tables = ("shows", "themes", "platforms", "categories", "research")
    merged: dict[str, list[dict[str, Any]]] = {}
    for table in tables:
        merged |= tomllib.loads((CATALOGUE / f"{table}.toml").read_text())
    return merged


def shipped_shows() -> list[show_pb2.Show]:
    return [show_pb2.Show.FromString(content) for content in _shipped_shows()]


@cache
def _shipped_shows() -> list[bytes]:
    """What the shows are copied from, by name."""
    names = {
        kind: {entry["slug"]: entry["name"] for entry in shipped()[kind]}
        for kind in ("theme", "platform")
    }
    shows = []
    for number, raw in enumerate(shipped()["show"], start=1):
        entry = {**raw, "legacy": Struct()}
        entry["legacy"].update(raw["legacy"])
        for kind in ("theme", "platform"):
            entry[f"{kind}s"] = [
                show_pb2.Label(slug=slug, name=names[kind][slug])
                for slug in entry.get(f"{kind}s", ())
            ]
        entry["senses"] = show_pb2.Senses(
            **{sense: LEVELS.index(level) for sense, level in entry.get("senses", {}).items()}
        )
        shows.append(show_pb2.Show(**{"id": number, "revision": 1, **entry}))
    shows.sort(key=lambda show: (show.name.casefold(), show.id))
    return [show.SerializeToString() for show in shows]


class Fake:
    """What both servicers share: a note of each call, and obedience."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.deadlines_seconds: list[float] = []
        self.request_ids: list[str] = []
        self.own_counts: Counter[str] = Counter()
        """Calls that the gateway made for itself, which nothing holds up."""
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.revision = 7

    @property
    def counts(self) -> Counter[str]:
        return Counter(method for method, _ in self.calls)

    async def note(self, method: str, request: Any, context: Any) -> None:
        metadata = dict(context.invocation_metadata())
        if "x-request-id" not in metadata:
            self.own_counts[method] += 1
            return
        self.calls.append((method, request))
        self.deadlines_seconds.append(context.time_remaining())
        self.request_ids.append(str(metadata["x-request-id"]))
        revision = self.revision
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if getattr(request, "min_revision", 0) > revision:
            raise errors.UnavailableError("that revision does not exist yet")


def paged(items: list[Any], request: Any, *, default_size: int = 20) -> tuple[list[Any], str]:
    """The page that *request* wants, and the token of the next."""
    question = type(request).FromString(request.SerializeToString())
    for field in ("page_size", "page_token", "min_revision"):
        if field in question.DESCRIPTOR.fields_by_name:
            question.ClearField(field)
    asked = question.SerializeToString(deterministic=True)
    start = 0
    if request.page_token:
        start = int(TOKENS.open(request.page_token, question=asked)[0] or 0)
    size = min(request.page_size or default_size, 100)
    token = ""
    if start + size < len(items):
        token = TOKENS.seal([start + size], question=asked)
    return items[start : start + size], token


def matching(shows: list[show_pb2.Show], wanted: filter_pb2.ShowFilter) -> list[show_pb2.Show]:
    tests: list[Callable[[show_pb2.Show], bool]] = []
    if wanted.text:
        text = wanted.text.casefold()
        tests.append(
            lambda show: any(
                text in field.casefold() for field in (show.name, show.description, show.creator)
            )
        )
    if wanted.HasField("min_age"):
        tests.append(lambda s: not s.HasField("max_age") or s.max_age >= wanted.min_age)
    if wanted.HasField("max_age"):
        tests.append(lambda s: s.min_age <= wanted.max_age)
    if wanted.HasField("min_stimulation"):
        tests.append(lambda s: s.stimulation >= wanted.min_stimulation)
    if wanted.HasField("max_stimulation"):
        tests.append(lambda s: s.stimulation <= wanted.max_stimulation)
    if wanted.themes:
        every = wanted.theme_match != filter_pb2.MATCH_ANY
        needed = set(wanted.themes)
        tests.append(
            lambda s: (
                needed <= {theme.slug for theme in s.themes}
                if every
                else bool(needed & {theme.slug for theme in s.themes})
            )
        )
    for condition in wanted.senses:
        field = show_pb2.Senses.DESCRIPTOR.fields_by_number[condition.sense].name
        tests.append(lambda s, f=field, c=condition: getattr(s.senses, f) in c.levels)
    return [show for show in shows if all(test(show) for test in tests)]


def put(kind: catalog_pb.ResourceKind.ValueType, resource: Any) -> catalog_pb.Change:
    """The change that makes or changes a resource."""
    changed = catalog_pb.CHANGE_TYPE_PUT
    return catalog_pb.Change(kind=kind, type=changed, id=resource.id, slug=resource.slug)


class FakeCatalog(Fake, catalog_service_pb2_grpc.CatalogServiceServicer):
    def __init__(self, shows: list[show_pb2.Show] | None = None) -> None:
        super().__init__()
        self.shows = shipped_shows() if shows is None else shows
        self.categories = [
            category_pb2.Category(
                id=number,
                slug=entry["slug"],
                name=entry["name"],
                description=entry["description"],
                display_order=entry["display_order"],
                active=True,
                rules=category_pb2.CategoryRules(
                    logic=filter_pb2.MATCH_ALL,
                    rules=[
                        category_pb2.CategoryRule(
                            field="stimulation",
                            operator="range",
                            range=category_pb2.CategoryRuleRange(min=1, max=2),
                        )
                    ],
                ),
                show_count=len(self.shows),
                revision=1,
            )
            for number, entry in enumerate(shipped()["category"], start=1)
        ]
        self.research = [
            research_pb2.Research(
                id=number,
                slug=entry["slug"],
                title=entry["title"],
                summary=entry["summary"],
                category=entry["category"],
                key_findings=entry["key_findings"],
                authors=entry["authors"],
                publish_date=str(entry.get("published_year", "")),
                doi=entry.get("doi", ""),
                revision=1,
            )
            for number, entry in enumerate(shipped()["research"], start=1)
        ]
        self.answers_at: int | None = None
        """Where set, the revision that `GetShow` answers at."""
        self.history_from = 0
        self.changes: dict[int, list[catalog_pb.Change]] = {}
        """What each revision wrote."""
        self.watchers = 0
        self.silent = False
        self._written = asyncio.Condition()

    async def write(self, *shows: show_pb2.Show) -> None:
        """Replace *shows* by id in one write, and tell the watchers."""
        for show in shows:
            show.revision = self.revision + 1
        by_id = {show.id: show for show in self.shows} | {show.id: show for show in shows}
        self.shows = sorted(by_id.values(), key=lambda show: (show.name.casefold(), show.id))
        await self.note_changes(*(put(catalog_pb.RESOURCE_KIND_SHOW, show) for show in shows))

    async def note_changes(self, *changes: catalog_pb.Change) -> None:
        """Take the next revision for *changes*, and tell the watchers; none may mean anything."""
        self.revision += 1
        self.changes[self.revision] = list(changes)
        async with self._written:
            self._written.notify_all()

    async def restore(self, revision: int) -> None:
        """Be as after the restore of an older database: the newest revision is *revision*."""
        self.revision = revision
        async with self._written:
            self._written.notify_all()

    def _one(self, request: Any, items: list[Any], what: str) -> Any:
        key = getattr(request, request.WhichOneof("key"))
        for item in items:
            if key in (item.id, item.slug):
                return item
        raise errors.NotFoundError(f"no {what} {key!r}")

    def _active(self) -> list[category_pb2.Category]:
        return [one for one in self.categories if one.active]

    def _category(self, request: Any) -> category_pb2.Category:
        known = self.categories if request.include_inactive else self._active()
        one: category_pb2.Category = self._one(request, known, "category")
        return one

    async def GetShow(self, request, context):
        await self.note("GetShow", request, context)
        show = self._one(request, self.shows, "show")
        revision = self.revision if self.answers_at is None else self.answers_at
        return catalog_pb.GetShowResponse(show=show, catalog_revision=revision)

    async def BatchGetShows(self, request, context):
        await self.note("BatchGetShows", request, context)
        by_id = {show.id: show for show in self.shows}
        return catalog_pb.BatchGetShowsResponse(
            shows=[by_id[one] for one in request.ids if one in by_id],
            missing_ids=[one for one in request.ids if one not in by_id],
            catalog_revision=self.revision,
        )

    async def ListShows(self, request, context):
        await self.note("ListShows", request, context)
        shows = matching(self.shows, request.filter)
        if request.order_by == filter_pb2.SHOW_ORDER_STIMULATION:
            backwards = request.direction == filter_pb2.SORT_DIRECTION_DESCENDING
            shows = sorted(shows, key=lambda show: show.stimulation, reverse=backwards)
        return self._shows(catalog_pb.ListShowsResponse, shows, request)

    def _shows(self, response: Any, shows: list[Any], request: Any, **sizes: int) -> Any:
        page, token = paged(shows, request, **sizes)
        return response(
            shows=page,
            next_page_token=token,
            total_size=len(shows),
            catalog_revision=self.revision,
        )

    async def ListSimilarShows(self, request, context):
        await self.note("ListSimilarShows", request, context)
        like = self._one(request, self.shows, "show")
        shows = [
            show
            for show in self.shows
            if show.id != like.id and (not request.calmer or show.stimulation < like.stimulation)
        ]
        return self._shows(catalog_pb.ListSimilarShowsResponse, shows, request, default_size=6)

    async def GetHome(self, request, context):
        await self.note("GetHome", request, context)
        rows = [
            catalog_pb.HomeRow(category=one, shows=self.shows[: request.shows_per_category])
            for one in self._active()
        ]
        return catalog_pb.GetHomeResponse(rows=rows, catalog_revision=self.revision)

    async def ListCategories(self, request, context):
        await self.note("ListCategories", request, context)
        categories = self.categories if request.include_inactive else self._active()
        page, token = paged(categories, request)
        return catalog_pb.ListCategoriesResponse(
            categories=page,
            next_page_token=token,
            total_size=len(categories),
            catalog_revision=self.revision,
        )

    async def GetCategory(self, request, context):
        await self.note("GetCategory", request, context)
        one = self._category(request)
        return catalog_pb.GetCategoryResponse(category=one, catalog_revision=self.revision)

    async def ListCategoryShows(self, request, context):
        await self.note("ListCategoryShows", request, context)
        self._category(request)
        return self._shows(catalog_pb.ListCategoryShowsResponse, self.shows, request)

    async def ListThemes(self, request, context):
        await self.note("ListThemes", request, context)
        themes = [
            show_pb2.Theme(
                slug=one["slug"], name=one["name"], aliases=one.get("aliases", ()), show_count=1
            )
            for one in shipped()["theme"]
        ]
        page, token = paged(themes, request)
        return catalog_pb.ListThemesResponse(
            themes=page,
            next_page_token=token,
            total_size=len(themes),
            catalog_revision=self.revision,
        )

    async def ListPlatforms(self, request, context):
        await self.note("ListPlatforms", request, context)
        platforms = [
            show_pb2.Platform(slug=one["slug"], name=one["name"], url=one.get("url", ""))
            for one in shipped()["platform"]
        ]
        page, token = paged(platforms, request)
        return catalog_pb.ListPlatformsResponse(
            platforms=page,
            next_page_token=token,
            total_size=len(platforms),
            catalog_revision=self.revision,
        )

    async def ListResearch(self, request, context):
        await self.note("ListResearch", request, context)
        found = [one for one in self.research if request.category in ("", one.category)]
        page, token = paged(found, request)
        return catalog_pb.ListResearchResponse(
            research=page,
            next_page_token=token,
            total_size=len(found),
            catalog_revision=self.revision,
        )

    async def GetResearch(self, request, context):
        await self.note("GetResearch", request, context)
        one = self._one(request, self.research, "research")
        return catalog_pb.GetResearchResponse(research=one, catalog_revision=self.revision)

    async def GetImage(self, request, context):
        await self.note("GetImage", request, context)
        if request.id != "picture-1":
            raise errors.NotFoundError(f"no image {request.id!r}")
        image = show_pb2.Image(id=request.id, media_type="image/png", width=8, height=12)
        return catalog_pb.GetImageResponse(image=image, content=PNG)

    async def BatchRead(self, request, context):
        await self.note("BatchRead", request, context)
        results = []
        for read in request.reads:
            name = read.WhichOneof("request")
            method = getattr(self, "".join(word.capitalize() for word in name.split("_")))
            try:
                response = await method(getattr(read, name), context)
                results.append(catalog_pb.ReadResult(**{name: response}))
            except errors.CallerError as error:
                details = status.details_of(error, domain="fake")
                results.append(catalog_pb.ReadResult(error=details))
        return catalog_pb.BatchReadResponse(results=results)

    async def WatchCatalog(self, request, context):
        at = request.from_revision
        if at > self.revision or at < self.history_from:
            error = errors.PreconditionFailedError("the history does not go back that far")
            error.reason = "REVISION_UNAVAILABLE"
            raise error
        self.watchers += 1
        try:
            yield catalog_pb.WatchCatalogResponse(revision=at)
            while True:
                async with self._written:
                    while self.revision == at:
                        await self._written.wait()
                if self.revision < at:
                    return
                at += 1
                if not self.silent:
                    yield catalog_pb.WatchCatalogResponse(
                        revision=at, changes=self.changes.get(at, ())
                    )
        finally:
            self.watchers -= 1


class FakeSearch(Fake, search_service_pb2_grpc.SearchServiceServicer):
    def __init__(self, catalog: FakeCatalog) -> None:
        super().__init__()
        self._catalog = catalog
        self.lags_by = 0

    def _found(self, query: str) -> list[show_pb2.Show]:
        words = query.casefold().split()
        return [
            show
            for show in self._catalog.shows
            if all(word in show.name.casefold() for word in words)
        ]

    async def SearchShows(self, request, context):
        await self.note("SearchShows", request, context)
        found = matching(self._found(request.query), request.filter)
        page, token = paged(found, request)
        return search_pb.SearchShowsResponse(
            hits=[
                search_pb.SearchHit(
                    show=show,
                    highlights=[
                        search_pb.Highlight(
                            field=search_pb.HIGHLIGHT_FIELD_NAME,
                            text=show.name,
                            spans=[search_pb.Span(start=0, end=1)],
                        )
                    ],
                )
                for show in page
            ],
            next_page_token=token,
            total_size=len(found),
            did_you_mean="bluey" if request.query == "bluye" else "",
            catalog_revision=self._catalog.revision - self.lags_by,
            words=words_told(request.query),
        )

    async def SuggestShows(self, request, context):
        await self.note("SuggestShows", request, context)
        return search_pb.SuggestShowsResponse(
            suggestions=[
                search_pb.Suggestion(
                    kind=search_pb.SUGGESTION_KIND_SHOW, text=show.name, slug=show.slug
                )
                for show in self._found(request.query)[: request.limit or 8]
            ],
            catalog_revision=self._catalog.revision,
            words=words_told(request.query),
        )


def words_told(query: str) -> list[search_pb.QueryWord]:
    """The words of *query*, each the beginning of what it is to find."""
    return [
        search_pb.QueryWord(required=True, forms=[search_pb.TermForm(text=text, beginning=True)])
        for text in query.casefold().split()
    ]


@contextlib.asynccontextmanager
async def catalog_served(
    catalog: FakeCatalog, *, address: str = "127.0.0.1:0"
) -> AsyncIterator[str]:
    """Serve *catalog* and yield its address."""
    async with _served(
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server,
        "tvtantrum.catalog.v1.CatalogService",
        catalog,
        address,
    ) as served:
        yield served


@contextlib.asynccontextmanager
async def search_served(search: FakeSearch, *, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    """Serve *search* and yield its address."""
    async with _served(
        search_service_pb2_grpc.add_SearchServiceServicer_to_server,
        "tvtantrum.search.v1.SearchService",
        search,
        address,
    ) as served:
        yield served


@contextlib.asynccontextmanager
async def _served(add: Any, name: str, servicer: Any, address: str) -> AsyncIterator[str]:
    async def ready() -> bool:
        return True

    async with grpc_server.serving(
        address,
        servicers=lambda server: add(servicer, server),
        service_names=[name],
        ready=ready,
        drain_seconds=0,
        grace_seconds=0,
    ) as port:
        yield f"127.0.0.1:{port}"
