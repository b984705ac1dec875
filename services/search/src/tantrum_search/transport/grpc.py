"""SearchService over gRPC."""

from __future__ import annotations

from tantrum_kit.grpc_server import Context
from tvtantrum.search.v1 import search_service_pb2 as pb
from tvtantrum.search.v1 import search_service_pb2_grpc as pb_grpc

from tantrum_search.domain.search import Page, Search
from tantrum_search.transport import codec
from tantrum_search.transport.filter_codec import filter_from_proto

SERVICE_NAME = "tvtantrum.search.v1.SearchService"


class SearchServicer(pb_grpc.SearchServiceServicer):
    """Decodes, asks the domain, encodes."""

    def __init__(self, search: Search) -> None:
        self._search = search

    async def SearchShows(
        self, request: pb.SearchShowsRequest, context: Context
    ) -> pb.SearchShowsResponse:
        page = Page(size=codec.page_size_from_proto(request.page_size), token=request.page_token)
        query = codec.query_from_proto(request.query)
        hits = await self._search.find(query, page, filter_from_proto(request.filter))
        return codec.hits_to_proto(hits)

    async def SuggestShows(
        self, request: pb.SuggestShowsRequest, context: Context
    ) -> pb.SuggestShowsResponse:
        limit = codec.limit_from_proto(request.limit)
        completions = await self._search.suggest(codec.query_from_proto(request.query), limit)
        return codec.completions_to_proto(completions)
