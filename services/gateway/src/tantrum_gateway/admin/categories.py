"""Categories: the rows of the home page, what their rules would select, and their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import category_pb2

from tantrum_gateway import codec, resources
from tantrum_gateway.admin import answers, inputs, writing
from tantrum_gateway.admin.operations import (
    CATEGORIES,
    PAGED,
    PREFIX,
    READ,
    Call,
    Operation,
    Outcome,
)

_PAGE_SIZE_MAX: Final = 100


async def list_categories(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.ListCategories,
        pb.ListCategoriesRequest(
            include_inactive=True, min_revision=call.min_revision, **call.page
        ),
    )
    page = resources.CategoryPage(
        categories=[codec.category(one) for one in response.categories],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return Outcome(answer=page, catalog_revision=response.catalog_revision)


async def create_category(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.CreateCategory,
        pb.CreateCategoryRequest(
            category=writing.filled(category_pb2.Category(active=True), call.values),
            request_id=call.request_key,
        ),
    )
    return _outcome(response.category, response.catalog_revision, made=True)


async def get_category(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.GetCategory,
        pb.GetCategoryRequest(id=call.id, include_inactive=True, min_revision=call.min_revision),
    )
    return _outcome(response.category, response.catalog_revision)


async def update_category(call: Call) -> Outcome:
    async def write(revision: int) -> pb.UpdateCategoryResponse:
        category = category_pb2.Category(id=call.id, revision=revision)
        # What null clears gets its default, which a create without it has too.
        category.active = True
        return await call.desk.ask(
            call.desk.upstreams.catalog.UpdateCategory,
            pb.UpdateCategoryRequest(
                category=writing.filled(category, call.values),
                update_mask=writing.mask_of(call.values),
            ),
        )

    response = await call.if_match.at(write)
    return _outcome(response.category, response.catalog_revision)


async def delete_category(call: Call) -> Outcome:
    async def write(revision: int) -> pb.DeleteCategoryResponse:
        return await call.desk.ask(
            call.desk.upstreams.catalog.DeleteCategory,
            pb.DeleteCategoryRequest(id=call.id, revision=revision),
        )

    response = await call.if_match.at(write)
    return Outcome(catalog_revision=response.catalog_revision)


async def preview_category(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.PreviewCategory,
        pb.PreviewCategoryRequest(
            rules=writing.rules_of(call.body.rules),
            limit=call.body.limit,
            min_revision=call.min_revision,
        ),
    )
    preview = answers.CategoryPreview(
        shows=[codec.show(one) for one in response.shows], total_size=response.total_size
    )
    return Outcome(answer=preview, catalog_revision=response.catalog_revision)


async def get_category_order(call: Call) -> Outcome:
    return _order(*await _ordered_ids(call))


async def reorder_categories(call: Call) -> Outcome:
    present_ids, catalog_revision = await _ordered_ids(call)
    call.if_match.require(_order(present_ids, catalog_revision).tag)
    response = await call.desk.ask(
        call.desk.upstreams.catalog.ReorderCategories,
        pb.ReorderCategoriesRequest(
            ids=call.body.ids, expected_ids=() if call.if_match.anything else present_ids
        ),
    )
    return _order((one.id for one in response.categories), response.catalog_revision)


async def _ordered_ids(call: Call) -> tuple[list[int], int]:
    """Return the numbers of all categories in order, and the revision that it is theirs at."""
    ids: list[int] = []
    request = pb.ListCategoriesRequest(
        include_inactive=True, page_size=_PAGE_SIZE_MAX, min_revision=call.min_revision
    )
    while True:
        response = await call.desk.ask(call.desk.upstreams.catalog.ListCategories, request)
        ids += [one.id for one in response.categories]
        if not response.next_page_token:
            return ids, response.catalog_revision
        request.page_token = response.next_page_token


def _outcome(
    category: category_pb2.Category, catalog_revision: int, *, made: bool = False
) -> Outcome:
    return Outcome(
        answer=codec.category(category),
        tag=str(category.revision),
        catalog_revision=catalog_revision,
        location=f"{PREFIX}/categories/{category.id}" if made else "",
    )


def _order(ids: Iterable[int], catalog_revision: int) -> Outcome:
    order = answers.CategoryOrder(ids=list(ids))
    digest = hashlib.sha256(",".join(map(str, order.ids)).encode())
    return Outcome(answer=order, tag=digest.hexdigest()[:32], catalog_revision=catalog_revision)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/categories",
        summary="List all categories in order, inactive ones too",
        tag="Categories",
        run=list_categories,
        answer=resources.CategoryPage,
        scope=READ,
        parameters=PAGED,
    ),
    Operation(
        method="POST",
        path="/categories",
        summary="Make a category, last in the order",
        tag="Categories",
        run=create_category,
        answer=resources.Category,
        status=201,
        scope=CATEGORIES,
        body=inputs.NewCategory,
    ),
    Operation(
        method="GET",
        path="/categories/{id}",
        summary="Get a category",
        tag="Categories",
        run=get_category,
        answer=resources.Category,
        scope=READ,
    ),
    Operation(
        method="PATCH",
        path="/categories/{id}",
        summary="Change a category; `rules` are given whole",
        tag="Categories",
        run=update_category,
        answer=resources.Category,
        scope=CATEGORIES,
        body=inputs.CategoryInput,
        guarded=True,
    ),
    Operation(
        method="DELETE",
        path="/categories/{id}",
        summary="Remove a category",
        tag="Categories",
        run=delete_category,
        status=204,
        scope=CATEGORIES,
        guarded=True,
    ),
    Operation(
        method="POST",
        path="/category-preview",
        summary="Say which shows some rules would select",
        tag="Categories",
        run=preview_category,
        answer=answers.CategoryPreview,
        scope=READ,
        body=inputs.CategoryTrial,
    ),
    Operation(
        method="GET",
        path="/category-order",
        summary="Get the order of the categories",
        tag="Categories",
        run=get_category_order,
        answer=answers.CategoryOrder,
        scope=READ,
    ),
    Operation(
        method="PUT",
        path="/category-order",
        summary="Put the categories into a new order",
        tag="Categories",
        run=reorder_categories,
        answer=answers.CategoryOrder,
        scope=CATEGORIES,
        body=inputs.CategoryOrderInput,
        guarded=True,
    ),
)
