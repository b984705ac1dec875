"""The schema, built once for the process."""

from __future__ import annotations

from typing import Final

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from tantrum_gateway.graphql import types
from tantrum_gateway.graphql.query import Query

_DATE_TIME: Final = strawberry.scalar(
    name="DateTime",
    description="A time in UTC, as RFC 3339 has it.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=str,
    parse_value=str,
)

_SCHEMA: Final = strawberry.Schema(
    Query,
    types=[types.Show, types.Category, types.Research],
    config=StrawberryConfig(scalar_map={types.DateTime: _DATE_TIME}),
)

SDL: Final = f"{_SCHEMA.as_str()}\n"
"""The schema in GraphQL's own language."""

CORE: Final[GraphQLSchema] = _SCHEMA._schema  # noqa: SLF001 - executing by ourselves, documents are made ready once
"""The same for graphql-core."""
