"""Connections of shows, wherever in the schema they are."""

from __future__ import annotations

from typing import Any

import strawberry
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from tantrum_gateway import codec, resources
from tantrum_gateway.graphql.connections import Connection, Place, connection, place
from tantrum_gateway.graphql.context import Info
from tantrum_gateway.graphql.inputs import ShowOrder


def show_connection(
    response: pb.ListShowsResponse | pb.ListSimilarShowsResponse | pb.ListCategoryShowsResponse,
    at: Place,
) -> Connection[resources.Show]:
    """Return the part of a page of shows that is wanted."""
    return connection(
        [codec.show(one) for one in response.shows],
        at,
        next_page_token=response.next_page_token,
        total_size=response.total_size,
        key_of=lambda show: show.id,
    )


def ordering(order_by: ShowOrder | None) -> dict[str, Any]:
    """Return the fields of a proto request that order."""
    if order_by is None:
        return {}
    direction = order_by.direction
    return {
        "order_by": order_by.field.value,
        "direction": direction.value if direction else None,
    }


async def similar_shows(
    root: strawberry.Parent[resources.Show],
    info: Info,
    *,
    first: int = 6,
    after: str | None = None,
    calmer: bool = False,
) -> Any:
    """Return a connection of shows that are like one."""
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListSimilarShowsRequest(
            id=root.id, calmer=calmer, page_size=at.page_size, page_token=at.page_token
        )
    )
    return show_connection(response, at)


async def category_shows(
    root: strawberry.Parent[resources.Category],
    info: Info,
    first: int = 20,
    after: str | None = None,
    order_by: ShowOrder | None = None,
) -> Any:
    """Return a connection of the shows of a category."""
    at = place(first, after)
    response = await info.context.catalog.get(
        pb.ListCategoryShowsRequest(
            id=root.id, page_size=at.page_size, page_token=at.page_token, **ordering(order_by)
        )
    )
    return show_connection(response, at)
