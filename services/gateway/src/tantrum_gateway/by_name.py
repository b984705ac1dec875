"""The catalogue in search's place: shows that hold the text as it stands."""

from __future__ import annotations

from typing import Final

from tantrum_kit.errors import UnavailableError
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import filter_pb2
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from tantrum_gateway.upstreams import Upstreams, call

_TOKEN: Final = "names_"  # noqa: S105 - no secret
"""Begins the page tokens of lists that `found` has begun."""


def goes_on(request: search_pb.SearchShowsRequest) -> bool:
    """Say whether it asks for more of what `found` began: a list goes on as it began."""
    return request.page_token.startswith(_TOKEN)


async def found(
    upstreams: Upstreams, request: search_pb.SearchShowsRequest, *, min_revision: int
) -> search_pb.SearchShowsResponse:
    """
    Return what the catalogue has for a request to search.

    Raises:
        UnavailableError: the list began with the search, and so cannot go on here.
    """
    token = request.page_token
    if token and not goes_on(request):
        raise UnavailableError("The search does not answer just now; try again.")
    selected = filter_pb2.ShowFilter()
    selected.CopyFrom(request.filter)
    selected.text = request.query
    response = await call(
        "catalog",
        upstreams.catalog.ListShows,
        catalog_pb.ListShowsRequest(
            filter=selected,
            page_size=request.page_size,
            page_token=token.removeprefix(_TOKEN),
            min_revision=min_revision,
        ),
    )
    next_token = response.next_page_token
    return search_pb.SearchShowsResponse(
        hits=[search_pb.SearchHit(show=one) for one in response.shows],
        total_size=response.total_size,
        next_page_token=f"{_TOKEN}{next_token}" if next_token else "",
        catalog_revision=response.catalog_revision,
    )
