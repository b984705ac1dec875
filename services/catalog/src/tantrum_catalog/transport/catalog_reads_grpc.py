"""CatalogService over gRPC: what only reads."""

from __future__ import annotations

from tantrum_kit.errors import InvalidInputError
from tantrum_kit.grpc_server import Context
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1.catalog_service_pb2_grpc import CatalogServiceServicer

from tantrum_catalog.domain.catalog import Catalog
from tantrum_catalog.domain.category import CategoryId
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.errors import (
    CategoryNotFoundError,
    ImageNotFoundError,
    ResearchNotFoundError,
    ShowNotFoundError,
)
from tantrum_catalog.domain.order import ShowOrder
from tantrum_catalog.domain.ports import CatalogReader, ShowQuery, label_cursor_of
from tantrum_catalog.domain.research import ResearchId
from tantrum_catalog.domain.show import ShowId
from tantrum_catalog.transport.category_codec import category_to_proto, raw_rules_of
from tantrum_catalog.transport.codec import key_of, min_revision_of, present
from tantrum_catalog.transport.filter_codec import filter_of, ordering_of
from tantrum_catalog.transport.paging import Pager, page_size_of
from tantrum_catalog.transport.research_codec import research_to_proto
from tantrum_catalog.transport.show_codec import (
    image_to_proto,
    platform_to_proto,
    show_to_proto,
    theme_to_proto,
)

_BATCH_MAX = 500
_HOME_SHOWS_MAX = 50


class CatalogReadsServicer(CatalogServiceServicer):
    """The part of the service that only reads."""

    def __init__(self, catalog: Catalog, reader: CatalogReader, tokens: PageTokens) -> None:
        self._catalog = catalog
        self._reader = reader
        self._pager = Pager(tokens)

    async def GetShow(self, request: pb.GetShowRequest, context: Context) -> pb.GetShowResponse:
        found = await self._reader.show(
            key_of(request, ShowId, not_found=ShowNotFoundError),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.GetShowResponse(show=show_to_proto(found.value), catalog_revision=found.revision)

    async def BatchGetShows(
        self, request: pb.BatchGetShowsRequest, context: Context
    ) -> pb.BatchGetShowsResponse:
        checks = Checks("")
        checks.require(
            1 <= len(request.ids) <= _BATCH_MAX, "ids", f"must be 1 to {_BATCH_MAX} numbers"
        )
        checks.require(
            len(set(request.ids)) == len(request.ids), "ids", "must not name a show twice"
        )
        checks.finish()
        ids = [ShowId(number) for number in request.ids]
        found = await self._reader.shows_by_id(
            ids, min_revision=min_revision_of(request.min_revision)
        )
        return pb.BatchGetShowsResponse(
            shows=[show_to_proto(found.value[one]) for one in ids if one in found.value],
            missing_ids=[one for one in ids if one not in found.value],
            catalog_revision=found.revision,
        )

    async def ListShows(
        self, request: pb.ListShowsRequest, context: Context
    ) -> pb.ListShowsResponse:
        ordering = ordering_of(request.order_by, request.direction)
        query = ShowQuery(
            condition=filter_of(request.filter).condition(),
            ordering=ordering,
            after=self._pager.after(request),
            limit=page_size_of(request.page_size),
        )
        found = await self._reader.page_of_shows(
            query, min_revision=min_revision_of(request.min_revision)
        )
        return pb.ListShowsResponse(
            shows=[show_to_proto(show) for show in found.value.items],
            next_page_token=self._pager.next_token(request, found.value, ordering.cursor_of),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def ListSimilarShows(
        self, request: pb.ListSimilarShowsRequest, context: Context
    ) -> pb.ListSimilarShowsResponse:
        found = await self._catalog.similar_shows(
            key_of(request, ShowId, not_found=ShowNotFoundError),
            calmer=request.calmer,
            after=self._pager.after(request),
            limit=page_size_of(request.page_size, default=6),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.ListSimilarShowsResponse(
            shows=[show_to_proto(similar.show) for similar in found.value.items],
            next_page_token=self._pager.next_token(
                request, found.value, lambda similar: similar.cursor
            ),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def GetHome(self, request: pb.GetHomeRequest, context: Context) -> pb.GetHomeResponse:
        found = await self._reader.home(
            shows_per_category=page_size_of(
                request.shows_per_category,
                default=12,
                at_most=_HOME_SHOWS_MAX,
                field="shows_per_category",
            ),
            min_revision=min_revision_of(request.min_revision),
        )
        rows = [
            pb.HomeRow(
                category=category_to_proto(row.category),
                shows=[show_to_proto(show) for show in row.shows],
            )
            for row in found.value
        ]
        return pb.GetHomeResponse(rows=rows, catalog_revision=found.revision)

    async def ListCategories(
        self, request: pb.ListCategoriesRequest, context: Context
    ) -> pb.ListCategoriesResponse:
        found = await self._reader.page_of_categories(
            include_inactive=request.include_inactive,
            after=self._pager.after(request),
            limit=page_size_of(request.page_size),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.ListCategoriesResponse(
            categories=[category_to_proto(category) for category in found.value.items],
            next_page_token=self._pager.next_token(
                request, found.value, lambda category: category.cursor
            ),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def GetCategory(
        self, request: pb.GetCategoryRequest, context: Context
    ) -> pb.GetCategoryResponse:
        found = await self._catalog.category(
            key_of(request, CategoryId, not_found=CategoryNotFoundError),
            include_inactive=request.include_inactive,
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.GetCategoryResponse(
            category=category_to_proto(found.value), catalog_revision=found.revision
        )

    async def ListCategoryShows(
        self, request: pb.ListCategoryShowsRequest, context: Context
    ) -> pb.ListCategoryShowsResponse:
        ordering = ordering_of(request.order_by, request.direction, default=ShowOrder.POPULARITY)
        found = await self._catalog.category_shows(
            key_of(request, CategoryId, not_found=CategoryNotFoundError),
            include_inactive=request.include_inactive,
            ordering=ordering,
            after=self._pager.after(request),
            limit=page_size_of(request.page_size),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.ListCategoryShowsResponse(
            shows=[show_to_proto(show) for show in found.value.items],
            next_page_token=self._pager.next_token(request, found.value, ordering.cursor_of),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def PreviewCategory(
        self, request: pb.PreviewCategoryRequest, context: Context
    ) -> pb.PreviewCategoryResponse:
        found = await self._catalog.preview_category(
            raw_rules_of(present(request, "rules", request.rules)),
            limit=page_size_of(request.limit, default=12, field="limit"),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.PreviewCategoryResponse(
            shows=[show_to_proto(show) for show in found.value.items],
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def ListThemes(
        self, request: pb.ListThemesRequest, context: Context
    ) -> pb.ListThemesResponse:
        found = await self._reader.page_of_themes(
            after=self._pager.after(request),
            limit=page_size_of(request.page_size),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.ListThemesResponse(
            themes=[theme_to_proto(theme) for theme in found.value.items],
            next_page_token=self._pager.next_token(request, found.value, label_cursor_of),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def ListPlatforms(
        self, request: pb.ListPlatformsRequest, context: Context
    ) -> pb.ListPlatformsResponse:
        found = await self._reader.page_of_platforms(
            after=self._pager.after(request),
            limit=page_size_of(request.page_size),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.ListPlatformsResponse(
            platforms=[platform_to_proto(platform) for platform in found.value.items],
            next_page_token=self._pager.next_token(request, found.value, label_cursor_of),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def ListResearch(
        self, request: pb.ListResearchRequest, context: Context
    ) -> pb.ListResearchResponse:
        checks = Checks("")
        checks.line("category", request.category, at_most=100)
        checks.finish()
        found = await self._reader.page_of_research(
            category=request.category,
            after=self._pager.after(request),
            limit=page_size_of(request.page_size),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.ListResearchResponse(
            research=[research_to_proto(research) for research in found.value.items],
            next_page_token=self._pager.next_token(
                request, found.value, lambda research: research.cursor
            ),
            total_size=found.value.total,
            catalog_revision=found.revision,
        )

    async def GetResearch(
        self, request: pb.GetResearchRequest, context: Context
    ) -> pb.GetResearchResponse:
        found = await self._reader.research(
            key_of(request, ResearchId, not_found=ResearchNotFoundError),
            min_revision=min_revision_of(request.min_revision),
        )
        return pb.GetResearchResponse(
            research=research_to_proto(found.value), catalog_revision=found.revision
        )

    async def GetImage(self, request: pb.GetImageRequest, context: Context) -> pb.GetImageResponse:
        if not request.id:
            raise InvalidInputError.of("id", "is required")
        if not request.id.isascii() or not request.id.isprintable():
            raise ImageNotFoundError(request.id)
        found = await self._reader.image(request.id)
        return pb.GetImageResponse(image=image_to_proto(found.image), content=found.content)
