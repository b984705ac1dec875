"""The root of the schema: everything that can be asked for."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import strawberry
from tantrum_kit.errors import InvalidInputError, NotFoundError
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from tantrum_gateway import codec, resources
from tantrum_gateway.graphql import nodes, types
from tantrum_gateway.graphql.connections import Connection, PageInfo, connection, place
from tantrum_gateway.graphql.context import Context, Info
from tantrum_gateway.graphql.inputs import Key, ShowFilter, ShowOrder, conditions, typed
from tantrum_gateway.graphql.lists import ordering, show_connection

MAX_COMPARED: Final = 4
MAX_NODES: Final = 50
MAX_HOME_SHOWS: Final = 50
MAX_SUGGESTIONS: Final = 20


async def node(info: Info, id: strawberry.ID) -> Any:
    return await _named(info.context, id)


async def many_nodes(info: Info, ids: list[strawberry.ID]) -> Any:
    _bounded("ids", len(ids), at_least=0, at_most=MAX_NODES, what="ids")
    return await asyncio.gather(*(_named(info.context, one) for one in ids))


async def show(info: Info, by: Key) -> Any:
    return await _show(info.context, by.fields("Show"))


async def shows(
    info: Info,
    *,
    first: int = 20,
    after: str | None = None,
    text: str = "",
    filter: ShowFilter | None = None,
    order_by: ShowOrder | None = None,
) -> Any:
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListShowsRequest(
            filter=conditions(filter, text=text),
            page_size=at.page_size,
            page_token=at.page_token,
            **ordering(order_by),
        )
    )
    return show_connection(response, at)


async def compare(info: Info, shows: list[Key]) -> Any:
    _bounded("shows", len(shows), at_least=1, at_most=MAX_COMPARED, what="shows")
    found = await asyncio.gather(*(_show(info.context, by.fields("Show")) for by in shows))
    there = [one for one in found if one is not None]
    if len(there) < len(found):
        raise NotFoundError(f"there is no show for shows[{found.index(None)}]")
    return codec.comparison(there)


async def home(info: Info, shows_per_category: int = 12) -> Any:
    _bounded("showsPerCategory", shows_per_category, at_least=1, at_most=MAX_HOME_SHOWS)
    response = await info.context.catalog.get(
        pb.GetHomeRequest(shows_per_category=shows_per_category)
    )
    return resources.Home(categories=[codec.home_category(row) for row in response.rows])


async def category(info: Info, by: Key) -> Any:
    return await _category(info.context, by.fields("Category"))


async def categories(info: Info, first: int = 20, after: str | None = None) -> Any:
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListCategoriesRequest(page_size=at.page_size, page_token=at.page_token)
    )
    return connection(
        [codec.category(one) for one in response.categories],
        at,
        next_page_token=response.next_page_token,
        total_size=response.total_size,
        key_of=lambda category: category.id,
    )


async def themes(info: Info, first: int = 20, after: str | None = None) -> Any:
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListThemesRequest(page_size=at.page_size, page_token=at.page_token)
    )
    return connection(
        [codec.theme(one) for one in response.themes],
        at,
        next_page_token=response.next_page_token,
        total_size=response.total_size,
        key_of=lambda theme: theme.slug,
    )


async def platforms(info: Info, first: int = 20, after: str | None = None) -> Any:
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListPlatformsRequest(page_size=at.page_size, page_token=at.page_token)
    )
    return connection(
        [codec.platform(one) for one in response.platforms],
        at,
        next_page_token=response.next_page_token,
        total_size=response.total_size,
        key_of=lambda platform: platform.slug,
    )


async def research(
    info: Info, first: int = 20, after: str | None = None, category: str = ""
) -> Any:
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListResearchRequest(category=category, page_size=at.page_size, page_token=at.page_token)
    )
    return connection(
        [codec.research(one) for one in response.research],
        at,
        next_page_token=response.next_page_token,
        total_size=response.total_size,
        key_of=lambda summary: summary.id,
    )


async def research_summary(info: Info, by: Key) -> Any:
    return await _research(info.context, by.fields("Research"))


async def search(
    info: Info,
    query: str,
    first: int = 20,
    after: str | None = None,
    filter: ShowFilter | None = None,
) -> Any:
    at = place(first, after)
    response = await info.context.search.hits(
        search_pb.SearchShowsRequest(
            query=typed(query),
            filter=conditions(filter),
            page_size=at.page_size,
            page_token=at.page_token,
        )
    )
    page = connection(
        [codec.hit(one) for one in response.hits],
        at,
        next_page_token=response.next_page_token,
        total_size=response.total_size,
        key_of=lambda hit: hit.show.id,
    )
    return HitPage(page, did_you_mean=response.did_you_mean or None)


async def suggest(info: Info, query: str, limit: int = 8) -> Any:
    _bounded("limit", limit, at_least=1, at_most=MAX_SUGGESTIONS)
    response = await info.context.search.suggestions(
        search_pb.SuggestShowsRequest(query=typed(query), limit=limit)
    )
    return codec.suggestions(response).suggestions


_KEYS: Final = "Null where there is none."


@strawberry.type(description="Everything that can be asked for. What fails is null, by itself.")
class Query:
    node: types.Node | None = strawberry.field(
        resolver=node, description=f"The thing with an id. {_KEYS}"
    )
    nodes: list[types.Node | None] | None = strawberry.field(
        resolver=many_nodes, description=f"The things with up to {MAX_NODES} ids. {_KEYS}"
    )
    show: types.Show | None = strawberry.field(resolver=show, description=f"One show. {_KEYS}")
    shows: Connection[types.Show] | None = strawberry.field(
        resolver=shows,
        description="The shows that a filter selects, by name without `orderBy`. `text` is a "
        "plain substring of name, description or creator, without regard to case.",
    )
    compare: types.Comparison | None = strawberry.field(
        resolver=compare, description=f"Up to {MAX_COMPARED} shows side by side."
    )
    home: types.Home | None = strawberry.field(
        resolver=home, description="The home page: all active categories with their first shows."
    )
    category: types.Category | None = strawberry.field(
        resolver=category, description=f"One category. {_KEYS}"
    )
    categories: Connection[types.Category] | None = strawberry.field(
        resolver=categories, description="The active categories in order."
    )
    themes: Connection[types.Theme] | None = strawberry.field(
        resolver=themes, description="The themes by name."
    )
    platforms: Connection[types.Platform] | None = strawberry.field(
        resolver=platforms, description="The platforms by name."
    )
    research: Connection[types.Research] | None = strawberry.field(
        resolver=research, description="Research, newest first; of one `category` if it is given."
    )
    research_summary: types.Research | None = strawberry.field(
        resolver=research_summary, description=f"One research summary. {_KEYS}"
    )
    search: types.HitConnection | None = strawberry.field(
        resolver=search,
        description="Shows by what people type, best first; words may hold typing errors, and "
        "the last may be unfinished.",
    )
    suggest: list[types.Suggestion] | None = strawberry.field(
        resolver=suggest, description="Completions of what somebody is typing, best first."
    )


class HitPage:
    """A connection of hits, with what search says of the query."""

    def __init__(self, page: Connection[resources.Hit], *, did_you_mean: str | None) -> None:
        self.edges = page.edges
        self.nodes = page.nodes
        self.page_info: PageInfo = page.page_info
        self.total_count = page.total_count
        self.did_you_mean = did_you_mean


async def _named(context: Context, id: str) -> Any:
    type_name, number = nodes.named_by(id) or ("", 0)
    read = _READ_BY_TYPE.get(type_name)
    return await read(context, {"id": number}) if read else None


async def _show(context: Context, key: dict[str, Any] | None) -> resources.Show | None:
    response = await _found(context, pb.GetShowRequest, key)
    return response and codec.show(response.show)


async def _category(context: Context, key: dict[str, Any] | None) -> resources.Category | None:
    response = await _found(context, pb.GetCategoryRequest, key)
    return response and codec.category(response.category)


async def _research(context: Context, key: dict[str, Any] | None) -> resources.Research | None:
    response = await _found(context, pb.GetResearchRequest, key)
    return response and codec.research(response.research)


_READ_BY_TYPE: Final = {"Show": _show, "Category": _category, "Research": _research}


async def _found(context: Context, request: Any, key: dict[str, Any] | None) -> Any:
    """Return the response for a key, None where nothing has it."""
    if key is None:
        return None
    try:
        return await context.catalog.get(request(**key))
    except NotFoundError:
        return None


def _bounded(name: str, value: int, *, at_least: int, at_most: int, what: str = "") -> None:
    if not at_least <= value <= at_most:
        of_what = f" {what}" if what else ""
        raise InvalidInputError.of(name, f"must be {at_least} to {at_most}{of_what}")
