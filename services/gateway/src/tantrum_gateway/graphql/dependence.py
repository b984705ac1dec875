"""What an answer of GraphQL depends on: on all that its reads do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from google.protobuf.message import Message
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from tantrum_gateway import depending
from tantrum_gateway.dependencies import Dependencies

_ON: Final[dict[type[Message], Callable[[Any, Any], Dependencies]]] = {
    pb.GetShowRequest: lambda _, response: depending.on_shows([response.show]),
    pb.ListShowsRequest: lambda request, response: depending.on_list(
        response.shows, request.filter, request.order_by
    ),
    pb.ListSimilarShowsRequest: lambda _, response: depending.on_similar(response.shows),
    pb.GetHomeRequest: lambda _, response: depending.on_home(
        [row.category for row in response.rows],
        [show for row in response.rows for show in row.shows],
    ),
    pb.ListCategoriesRequest: lambda _, response: depending.on_categories(
        response.categories, "categories"
    ),
    pb.GetCategoryRequest: lambda _, response: depending.on_categories(
        [response.category], f"category:{response.category.id}"
    ),
    pb.ListCategoryShowsRequest: lambda request, response: depending.on_category_shows(
        response.shows, str(request.id)
    ),
    pb.ListThemesRequest: lambda *_: depending.on_counts("themes"),
    pb.ListPlatformsRequest: lambda *_: depending.on_counts("platforms"),
    pb.ListResearchRequest: lambda *_: depending.on("research"),
    pb.GetResearchRequest: lambda _, response: depending.on(f"research:{response.research.id}"),
    search_pb.SearchShowsRequest: depending.on_search,
    search_pb.SuggestShowsRequest: lambda _, response: depending.on_suggestions(response),
}


def on_read(request: Message, response: Message) -> Dependencies:
    """Return what the *response* to a request of catalog or search depends on."""
    return _ON[type(request)](request, response)


def on_missing(request: Any) -> Dependencies:
    """Depend on there still being nothing that a request names."""
    return depending.on_absence(str(getattr(request, request.WhichOneof("key"))))


def on_all(parts: Iterable[Dependencies]) -> Dependencies:
    """Depend on all that the *parts* do."""
    parts = list(parts)
    return Dependencies(
        tags=frozenset().union(*(part.tags for part in parts)),
        selectors=frozenset().union(*(part.selectors for part in parts)),
    )
