"""What every resolver gets: the ways to read for the query it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import strawberry

from tantrum_gateway.graphql.catalog_reads import CatalogReads
from tantrum_gateway.graphql.search_reads import SearchReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The reads of one query."""

    catalog: CatalogReads
    search: SearchReads


Info: TypeAlias = strawberry.Info[Context, None]
