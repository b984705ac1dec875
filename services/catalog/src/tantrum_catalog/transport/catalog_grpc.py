"""CatalogService over gRPC: what changes the catalogue, and the watch of what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tantrum_kit.errors import InvalidInputError
from tantrum_kit.grpc_server import Context
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from tantrum_catalog.domain.catalog import Catalog
from tantrum_catalog.domain.category import CategoryId
from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.ports import CatalogStore
from tantrum_catalog.domain.research import ResearchId
from tantrum_catalog.domain.show import ShowId
from tantrum_catalog.domain.watch import CatalogWatch
from tantrum_catalog.transport import category_codec, research_codec, show_codec
from tantrum_catalog.transport.catalog_batches_grpc import CatalogBatchesServicer
from tantrum_catalog.transport.category_codec import category_to_proto
from tantrum_catalog.transport.change_codec import event_to_proto
from tantrum_catalog.transport.codec import expected_revision_of, optional, present, request_key_of
from tantrum_catalog.transport.research_codec import research_to_proto
from tantrum_catalog.transport.show_codec import image_to_proto, show_to_proto


class CatalogServicer(CatalogBatchesServicer):
    """The whole service."""

    def __init__(
        self, catalog: Catalog, store: CatalogStore, watch: CatalogWatch, tokens: PageTokens
    ) -> None:
        super().__init__(catalog, store, tokens)
        self._writer = store
        self._watch = watch

    async def CreateShow(
        self, request: pb.CreateShowRequest, context: Context
    ) -> pb.CreateShowResponse:
        show = present(request, "show", request.show)
        made = await self._catalog.create_show(
            show_codec.facts_of(show),
            slug=show.slug,
            request=request_key_of(request.request_id, show),
        )
        return pb.CreateShowResponse(show=show_to_proto(made.value), catalog_revision=made.revision)

    async def UpdateShow(
        self, request: pb.UpdateShowRequest, context: Context
    ) -> pb.UpdateShowResponse:
        show = present(request, "show", request.show)
        stored = await self._catalog.update_show(
            ShowId(show.id),
            show_codec.facts_change_of(show, request.update_mask),
            expected_revision=expected_revision_of(show.revision, field="show.revision"),
        )
        return pb.UpdateShowResponse(
            show=show_to_proto(stored.value), catalog_revision=stored.revision
        )

    async def DeleteShow(
        self, request: pb.DeleteShowRequest, context: Context
    ) -> pb.DeleteShowResponse:
        revision = await self._writer.delete_show(
            ShowId(request.id),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.DeleteShowResponse(catalog_revision=revision)

    async def SetFeaturedShow(
        self, request: pb.SetFeaturedShowRequest, context: Context
    ) -> pb.SetFeaturedShowResponse:
        found = await self._writer.set_featured_show(
            ShowId(request.id) if request.id else None,
            expected_id=optional(request, "expected_id"),
        )
        return pb.SetFeaturedShowResponse(
            show=None if found.value is None else show_to_proto(found.value),
            catalog_revision=found.revision,
        )

    async def CreateImage(
        self, request: pb.CreateImageRequest, context: Context
    ) -> pb.CreateImageResponse:
        image = await self._catalog.create_image(request.content)
        return pb.CreateImageResponse(image=image_to_proto(image))

    async def SetShowImage(
        self, request: pb.SetShowImageRequest, context: Context
    ) -> pb.SetShowImageResponse:
        stored = await self._catalog.set_show_image(
            ShowId(request.id),
            request.image_id or None,
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.SetShowImageResponse(
            show=show_to_proto(stored.value), catalog_revision=stored.revision
        )

    async def CreateCategory(
        self, request: pb.CreateCategoryRequest, context: Context
    ) -> pb.CreateCategoryResponse:
        category = present(request, "category", request.category)
        made = await self._catalog.create_category(
            category_codec.draft_of(category),
            slug=category.slug,
            request=request_key_of(request.request_id, category),
        )
        return pb.CreateCategoryResponse(
            category=category_to_proto(made.value), catalog_revision=made.revision
        )

    async def UpdateCategory(
        self, request: pb.UpdateCategoryRequest, context: Context
    ) -> pb.UpdateCategoryResponse:
        category = present(request, "category", request.category)
        stored = await self._catalog.update_category(
            CategoryId(category.id),
            category_codec.draft_change_of(category, request.update_mask),
            expected_revision=expected_revision_of(category.revision, field="category.revision"),
        )
        return pb.UpdateCategoryResponse(
            category=category_to_proto(stored.value), catalog_revision=stored.revision
        )

    async def DeleteCategory(
        self, request: pb.DeleteCategoryRequest, context: Context
    ) -> pb.DeleteCategoryResponse:
        revision = await self._writer.delete_category(
            CategoryId(request.id),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.DeleteCategoryResponse(catalog_revision=revision)

    async def ReorderCategories(
        self, request: pb.ReorderCategoriesRequest, context: Context
    ) -> pb.ReorderCategoriesResponse:
        stored = await self._writer.reorder_categories(
            [CategoryId(number) for number in request.ids],
            expected_ids=[CategoryId(number) for number in request.expected_ids],
        )
        return pb.ReorderCategoriesResponse(
            categories=[category_to_proto(category) for category in stored.value],
            catalog_revision=stored.revision,
        )

    async def CreateResearch(
        self, request: pb.CreateResearchRequest, context: Context
    ) -> pb.CreateResearchResponse:
        research = present(request, "research", request.research)
        made = await self._catalog.create_research(
            research_codec.facts_of(research),
            slug=research.slug,
            request=request_key_of(request.request_id, research),
        )
        return pb.CreateResearchResponse(
            research=research_to_proto(made.value), catalog_revision=made.revision
        )

    async def UpdateResearch(
        self, request: pb.UpdateResearchRequest, context: Context
    ) -> pb.UpdateResearchResponse:
        research = present(request, "research", request.research)
        stored = await self._catalog.update_research(
            ResearchId(research.id),
            research_codec.facts_change_of(research, request.update_mask),
            expected_revision=expected_revision_of(research.revision, field="research.revision"),
        )
        return pb.UpdateResearchResponse(
            research=research_to_proto(stored.value), catalog_revision=stored.revision
        )

    async def DeleteResearch(
        self, request: pb.DeleteResearchRequest, context: Context
    ) -> pb.DeleteResearchResponse:
        revision = await self._writer.delete_research(
            ResearchId(request.id),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.DeleteResearchResponse(catalog_revision=revision)

    async def WatchCatalog(
        self, request: pb.WatchCatalogRequest, context: Context
    ) -> AsyncIterator[pb.WatchCatalogResponse]:
        if request.from_revision < 0:
            raise InvalidInputError.of("from_revision", "must not be negative")
        async for event in self._watch.since(Revision(request.from_revision)):
            yield event_to_proto(event)
