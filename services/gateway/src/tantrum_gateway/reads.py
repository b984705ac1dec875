"""One function for each thing that can be read: ask an upstream, answer with bytes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from tantrum_kit.errors import NotFoundError
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import filter_pb2, show_pb2
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from tantrum_gateway import by_name, codec, covers, depending, filters, resources
from tantrum_gateway.dependencies import ANYTHING, Dependencies
from tantrum_gateway.queries import Arguments
from tantrum_gateway.upstreams import Method, ResponseT, Upstreams, call

JSON: Final = "application/json; charset=utf-8"
SVG: Final = "image/svg+xml; charset=utf-8"

ORDERS: Final = {
    "name": filter_pb2.SHOW_ORDER_NAME,
    "stimulation": filter_pb2.SHOW_ORDER_STIMULATION,
    "release_year": filter_pb2.SHOW_ORDER_RELEASE_YEAR,
    "interactivity": filter_pb2.SHOW_ORDER_INTERACTIVITY,
    "popularity": filter_pb2.SHOW_ORDER_POPULARITY,
}
_DIRECTIONS: Final = {
    "": filter_pb2.SORT_DIRECTION_UNSPECIFIED,
    "asc": filter_pb2.SORT_DIRECTION_ASCENDING,
    "desc": filter_pb2.SORT_DIRECTION_DESCENDING,
}
HOME_SHOWS_PER_CATEGORY: Final = 12

SLUG: Final = re.compile(r"(?=.{1,120}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_ID: Final = re.compile(r"[0-9]+")
_IMAGE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_PICTURE_TYPES: Final = ("image/avif", "image/gif", "image/jpeg", "image/png", "image/webp")
_MAX_ID: Final = 2**31 - 1
_JSON_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks of an upstream."""

    arguments: Arguments
    key: str = ""
    """What stands in the path for its `{…}`."""
    min_revision: int = 0
    """The answer may not be made at an older catalogue revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The body that answers a question, and what it depends on."""

    body: bytes
    media_type: str = JSON
    catalog_revision: int
    depends: Dependencies = ANYTHING
    degraded: bool = False
    """Whether a better answer may be had soon; nobody keeps it."""


Read = Callable[[Upstreams, Question], Awaitable[Reply]]


async def list_shows(upstreams: Upstreams, question: Question) -> Reply:
    arguments = question.arguments
    selected = filters.conditions(arguments)
    selected.text = arguments.get("q", "")
    order, direction = _order(arguments)
    response = await call(
        "catalog",
        upstreams.catalog.ListShows,
        catalog_pb.ListShowsRequest(
            filter=selected, order_by=order, direction=direction, **_page(question)
        ),
    )
    return _show_page(question, response, depending.on_list(response.shows, selected, order))


async def get_show(upstreams: Upstreams, question: Question) -> Reply:
    response = await _get(
        upstreams.catalog.GetShow, catalog_pb.GetShowRequest, question, what="show"
    )
    depends = depending.on_shows([response.show])
    return _json(codec.show(response.show), response.catalog_revision, question, depends)


async def list_similar_shows(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog",
        upstreams.catalog.ListSimilarShows,
        catalog_pb.ListSimilarShowsRequest(
            calmer=question.arguments.get("calmer", False),
            **_key(question.key, what="show"),
            **_page(question, default_size=6),
        ),
    )
    return _show_page(question, response, depending.on_similar(response.shows))


async def compare_shows(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog",
        upstreams.catalog.BatchGetShows,
        catalog_pb.BatchGetShowsRequest(
            ids=question.arguments.get("ids"), min_revision=question.min_revision
        ),
    )
    if response.missing_ids:
        raise NotFoundError(f"no show {', '.join(map(str, response.missing_ids))}")
    comparison = codec.comparison([codec.show(one) for one in response.shows])
    depends = depending.on_shows(response.shows)
    return _json(comparison, response.catalog_revision, question, depends)


async def get_home(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog",
        upstreams.catalog.GetHome,
        catalog_pb.GetHomeRequest(
            shows_per_category=HOME_SHOWS_PER_CATEGORY, min_revision=question.min_revision
        ),
    )
    home = resources.Home(categories=[codec.home_category(row) for row in response.rows])
    depends = depending.on_home(
        [row.category for row in response.rows],
        [one for row in response.rows for one in row.shows],
    )
    return _json(home, response.catalog_revision, question, depends)


async def list_categories(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog",
        upstreams.catalog.ListCategories,
        catalog_pb.ListCategoriesRequest(**_page(question)),
    )
    page = resources.CategoryPage(
        categories=[codec.category(one) for one in response.categories],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    depends = depending.on_categories(response.categories, "categories")
    return _json(page, response.catalog_revision, question, depends)


async def get_category(upstreams: Upstreams, question: Question) -> Reply:
    response = await _get(
        upstreams.catalog.GetCategory, catalog_pb.GetCategoryRequest, question, what="category"
    )
    category = response.category
    depends = depending.on_categories([category], f"category:{category.id}")
    return _json(codec.category(category), response.catalog_revision, question, depends)


async def list_category_shows(upstreams: Upstreams, question: Question) -> Reply:
    order, direction = _order(question.arguments)
    response = await call(
        "catalog",
        upstreams.catalog.ListCategoryShows,
        catalog_pb.ListCategoryShowsRequest(
            order_by=order,
            direction=direction,
            **_key(question.key, what="category"),
            **_page(question),
        ),
    )
    return _show_page(question, response, depending.on_category_shows(response.shows, question.key))


async def list_themes(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog", upstreams.catalog.ListThemes, catalog_pb.ListThemesRequest(**_page(question))
    )
    page = resources.ThemePage(
        themes=[codec.theme(one) for one in response.themes],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return _json(page, response.catalog_revision, question, depending.on_counts("themes"))


async def list_platforms(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog",
        upstreams.catalog.ListPlatforms,
        catalog_pb.ListPlatformsRequest(**_page(question)),
    )
    page = resources.PlatformPage(
        platforms=[codec.platform(one) for one in response.platforms],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return _json(page, response.catalog_revision, question, depending.on_counts("platforms"))


async def list_research(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "catalog",
        upstreams.catalog.ListResearch,
        catalog_pb.ListResearchRequest(
            category=question.arguments.get("category", ""), **_page(question)
        ),
    )
    page = resources.ResearchPage(
        research=[codec.research(one) for one in response.research],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return _json(page, response.catalog_revision, question, depending.on("research"))


async def get_research(upstreams: Upstreams, question: Question) -> Reply:
    response = await _get(
        upstreams.catalog.GetResearch, catalog_pb.GetResearchRequest, question, what="research"
    )
    depends = depending.on(f"research:{response.research.id}")
    return _json(codec.research(response.research), response.catalog_revision, question, depends)


async def search_shows(upstreams: Upstreams, question: Question) -> Reply:
    request = _search(question)
    if by_name.goes_on(request):
        return await search_names(upstreams, question)
    response = await call("search", upstreams.search.SearchShows, request)
    depends = depending.on_search(request, response)
    hits = _hits(response, degraded=False)
    return _json(hits, response.catalog_revision, question, depends)


async def search_names(upstreams: Upstreams, question: Question) -> Reply:
    """Answer from the catalogue what the search cannot."""
    request = _search(question)
    response = await by_name.found(upstreams, request, min_revision=question.min_revision)
    return _degraded(_hits(response, degraded=True), response.catalog_revision, question)


async def suggest_shows(upstreams: Upstreams, question: Question) -> Reply:
    response = await call(
        "search",
        upstreams.search.SuggestShows,
        search_pb.SuggestShowsRequest(query=question.arguments.get("q", "")),
    )
    suggestions = codec.suggestions(response)
    depends = depending.on_suggestions(response)
    return _json(suggestions, response.catalog_revision, question, depends)


async def suggest_nothing(upstreams: Upstreams, question: Question) -> Reply:
    """Answer for the search at once that nothing comes to mind: nobody waits for suggestions."""
    nothing = resources.Suggestions(suggestions=[], degraded=True)
    return _degraded(nothing, question.min_revision, question)


async def get_cover(upstreams: Upstreams, question: Question) -> Reply:
    slug, dot, suffix = question.key.rpartition(".")
    if dot + suffix != ".svg" or _ID.fullmatch(slug):
        raise NotFoundError(f"no cover {question.key!r}")
    response = await call(
        "catalog",
        upstreams.catalog.GetShow,
        catalog_pb.GetShowRequest(
            min_revision=question.min_revision, **_key(slug, what="cover of a show")
        ),
    )
    return Reply(
        body=covers.drawn(cover_subject(response.show)).encode(),
        media_type=SVG,
        catalog_revision=response.catalog_revision,
        depends=depending.on(f"show:{response.show.id}"),
    )


async def get_image(upstreams: Upstreams, question: Question) -> Reply:
    if not _IMAGE_ID.fullmatch(question.key):
        raise NotFoundError(f"no image {question.key!r}")
    response = await call(
        "catalog", upstreams.catalog.GetImage, catalog_pb.GetImageRequest(id=question.key)
    )
    media_type = response.image.media_type
    return Reply(
        body=response.content,
        # Nothing that a browser would run, whatever somebody managed to upload.
        media_type=media_type if media_type in _PICTURE_TYPES else "application/octet-stream",
        catalog_revision=question.min_revision,
        depends=Dependencies(),
    )


def cover_subject(show: show_pb2.Show) -> covers.Subject:
    """Return what the cover of *show* is drawn from."""
    return covers.Subject(
        name=show.name,
        slug=show.slug,
        stimulation=show.stimulation,
        themes=tuple(theme.slug for theme in show.themes),
    )


async def _get(
    method: Method[ResponseT], request: Callable[..., Any], question: Question, *, what: str
) -> ResponseT:
    key = _key(question.key, what=what)
    return await call("catalog", method, request(min_revision=question.min_revision, **key))


def _key(text: str, *, what: str) -> dict[str, Any]:
    """Return the `id` or `slug` that *text* is. What can be neither names nothing that exists."""
    if _ID.fullmatch(text) and 1 <= int(text[:20]) <= _MAX_ID:
        return {"id": int(text)}
    if SLUG.fullmatch(text) and not _ID.fullmatch(text):
        return {"slug": text}
    raise NotFoundError(f"no {what} {text[:120]!r}")


def _page(question: Question, *, default_size: int = 20) -> dict[str, Any]:
    arguments = question.arguments
    return {
        "page_size": arguments.get("pageSize", default_size),
        "page_token": arguments.get("pageToken", ""),
        "min_revision": question.min_revision,
    }


def _search(question: Question) -> search_pb.SearchShowsRequest:
    page = _page(question)
    del page["min_revision"]  # the index says where it stands, and cannot be waited for
    selected = filters.conditions(question.arguments)
    return search_pb.SearchShowsRequest(
        query=question.arguments.get("q", ""), filter=selected, **page
    )


def _hits(response: search_pb.SearchShowsResponse, *, degraded: bool) -> resources.HitPage:
    return resources.HitPage(
        hits=[codec.hit(one) for one in response.hits],
        total_size=response.total_size,
        next_page_token=response.next_page_token,
        did_you_mean=response.did_you_mean or None,
        degraded=degraded,
    )


def _order(
    arguments: Arguments,
) -> tuple[filter_pb2.ShowOrder.ValueType, filter_pb2.SortDirection.ValueType]:
    name, direction = arguments.get("orderBy", ("", ""))
    return ORDERS.get(name, filter_pb2.SHOW_ORDER_UNSPECIFIED), _DIRECTIONS[direction]


def _show_page(
    question: Question,
    response: catalog_pb.ListShowsResponse
    | catalog_pb.ListSimilarShowsResponse
    | catalog_pb.ListCategoryShowsResponse,
    depends: Dependencies,
) -> Reply:
    page = resources.ShowPage(
        shows=[codec.show(one) for one in response.shows],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return _json(page, response.catalog_revision, question, depends)


def _json(
    answer: resources.Resource,
    catalog_revision: int,
    question: Question,
    depends: Dependencies,
) -> Reply:
    fields = question.arguments.get("fields")
    body = _JSON_ENCODER.encode(answer if fields is None else _only(answer, fields))
    return Reply(body=body, catalog_revision=catalog_revision, depends=depends)


def _degraded(answer: resources.Resource, catalog_revision: int, question: Question) -> Reply:
    reply = _json(answer, catalog_revision, question, ANYTHING)
    return dataclasses.replace(reply, degraded=True)


def _only(answer: resources.Resource, fields: Sequence[str]) -> Any:
    """Return *answer* with only *fields* of each show that is in it."""
    whole = msgspec.to_builtins(answer)
    if isinstance(answer, resources.Show):
        return {field: whole[field] for field in fields}
    rows = whole.get("categories", ()) if isinstance(answer, resources.Home) else [whole]
    for row in rows:
        for hit in row.get("hits", ()):
            hit["show"] = {field: hit["show"][field] for field in fields}
        if "shows" in row:
            row["shows"] = [{field: show[field] for field in fields} for show in row["shows"]]
    return whole
