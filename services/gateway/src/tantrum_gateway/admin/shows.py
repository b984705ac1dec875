"""Shows, their pictures, and which of them is featured."""

from __future__ import annotations

from typing import Final

from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import filter_pb2, show_pb2

from tantrum_gateway import filters, problems, reads
from tantrum_gateway.admin import answers, answers_codec, inputs, writing
from tantrum_gateway.admin.operations import (
    LISTED_SHOWS,
    PREFIX,
    READ,
    SHOWS,
    Call,
    Operation,
    Outcome,
)
from tantrum_gateway.admin.refusals import RefusalError

_IMAGE_BYTES_MAX: Final = 3 * 1_048_576
"""What the catalogue takes."""

_DIRECTIONS: Final = {
    "": filter_pb2.SORT_DIRECTION_UNSPECIFIED,
    "asc": filter_pb2.SORT_DIRECTION_ASCENDING,
    "desc": filter_pb2.SORT_DIRECTION_DESCENDING,
}


async def list_shows(call: Call) -> Outcome:
    selected = filters.conditions(call.arguments)
    selected.text = call.arguments.get("q", "")
    order, direction = call.arguments.get("orderBy", ("name", ""))
    response = await call.desk.ask(
        call.desk.upstreams.catalog.ListShows,
        pb.ListShowsRequest(
            filter=selected,
            order_by=reads.ORDERS[order],
            direction=_DIRECTIONS[direction],
            min_revision=call.min_revision,
            **call.page,
        ),
    )
    page = answers.EditedShowPage(
        shows=[answers_codec.show(one) for one in response.shows],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return Outcome(answer=page, catalog_revision=response.catalog_revision)


async def create_show(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.CreateShow,
        pb.CreateShowRequest(
            show=writing.filled(show_pb2.Show(), call.values), request_id=call.request_key
        ),
    )
    return _outcome(response.show, response.catalog_revision, made=True)


async def get_show(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.GetShow,
        pb.GetShowRequest(id=call.id, min_revision=call.min_revision),
    )
    return _outcome(response.show, response.catalog_revision)


async def update_show(call: Call) -> Outcome:
    async def write(revision: int) -> pb.UpdateShowResponse:
        show = writing.filled(show_pb2.Show(id=call.id, revision=revision), call.values)
        return await call.desk.ask(
            call.desk.upstreams.catalog.UpdateShow,
            pb.UpdateShowRequest(show=show, update_mask=writing.mask_of(call.values)),
        )

    response = await call.if_match.at(write)
    return _outcome(response.show, response.catalog_revision)


async def delete_show(call: Call) -> Outcome:
    async def write(revision: int) -> pb.DeleteShowResponse:
        return await call.desk.ask(
            call.desk.upstreams.catalog.DeleteShow,
            pb.DeleteShowRequest(id=call.id, revision=revision),
        )

    response = await call.if_match.at(write)
    return Outcome(catalog_revision=response.catalog_revision)


async def set_show_image(call: Call) -> Outcome:
    return await _with_image(call, call.body.image_id)


async def clear_show_image(call: Call) -> Outcome:
    return await _with_image(call, "")


async def create_image(call: Call) -> Outcome:
    if len(call.body) > _IMAGE_BYTES_MAX:
        raise RefusalError(problems.TOO_LARGE, 413, "A picture may have up to 3 MiB.")
    response = await call.desk.ask(
        call.desk.upstreams.catalog.CreateImage, pb.CreateImageRequest(content=call.body)
    )
    image = answers_codec.image(response.image)
    return Outcome(answer=image, location=image.url)


async def get_featured_show(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.ListShows,
        pb.ListShowsRequest(
            filter=filter_pb2.ShowFilter(featured=True),
            page_size=1,
            min_revision=call.min_revision,
        ),
    )
    return _featured(response.shows[0] if response.shows else None, response.catalog_revision)


async def set_featured_show(call: Call) -> Outcome:
    present = await get_featured_show(call)
    call.if_match.require(present.tag)
    response = await call.desk.ask(
        call.desk.upstreams.catalog.SetFeaturedShow,
        pb.SetFeaturedShowRequest(
            id=call.body.show_id or 0,
            expected_id=None if call.if_match.anything else int(present.tag),
        ),
    )
    show = response.show if response.HasField("show") else None
    return _featured(show, response.catalog_revision)


async def _with_image(call: Call, image_id: str) -> Outcome:
    async def write(revision: int) -> pb.SetShowImageResponse:
        return await call.desk.ask(
            call.desk.upstreams.catalog.SetShowImage,
            pb.SetShowImageRequest(id=call.id, image_id=image_id, revision=revision),
        )

    response = await call.if_match.at(write)
    return _outcome(response.show, response.catalog_revision)


def _outcome(show: show_pb2.Show, catalog_revision: int, *, made: bool = False) -> Outcome:
    return Outcome(
        answer=answers_codec.show(show),
        tag=str(show.revision),
        catalog_revision=catalog_revision,
        location=f"{PREFIX}/shows/{show.id}" if made else "",
    )


def _featured(show: show_pb2.Show | None, catalog_revision: int) -> Outcome:
    return Outcome(
        answer=answers.FeaturedShow(show=None if show is None else answers_codec.show(show)),
        tag=str(0 if show is None else show.id),
        catalog_revision=catalog_revision,
    )


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/shows",
        summary="List the shows that all conditions select",
        tag="Shows",
        run=list_shows,
        answer=answers.EditedShowPage,
        scope=READ,
        parameters=LISTED_SHOWS,
    ),
    Operation(
        method="POST",
        path="/shows",
        summary="Make a show",
        tag="Shows",
        run=create_show,
        answer=answers.EditedShow,
        status=201,
        scope=SHOWS,
        body=inputs.NewShow,
    ),
    Operation(
        method="GET",
        path="/shows/{id}",
        summary="Get a show",
        tag="Shows",
        run=get_show,
        answer=answers.EditedShow,
        scope=READ,
    ),
    Operation(
        method="PATCH",
        path="/shows/{id}",
        summary="Change a show",
        tag="Shows",
        run=update_show,
        answer=answers.EditedShow,
        scope=SHOWS,
        body=inputs.ShowInput,
        guarded=True,
    ),
    Operation(
        method="DELETE",
        path="/shows/{id}",
        summary="Remove a show",
        tag="Shows",
        run=delete_show,
        status=204,
        scope=SHOWS,
        guarded=True,
    ),
    Operation(
        method="PUT",
        path="/shows/{id}/image",
        summary="Give a show an uploaded picture",
        tag="Shows",
        run=set_show_image,
        answer=answers.EditedShow,
        scope=SHOWS,
        body=inputs.ShowImageInput,
        guarded=True,
    ),
    Operation(
        method="DELETE",
        path="/shows/{id}/image",
        summary="Take a show its picture, so that it has its drawn cover again",
        tag="Shows",
        run=clear_show_image,
        answer=answers.EditedShow,
        scope=SHOWS,
        guarded=True,
    ),
    Operation(
        method="POST",
        path="/images",
        summary="Upload a picture; the same content again is the same picture",
        tag="Shows",
        run=create_image,
        answer=answers.Image,
        status=201,
        scope=SHOWS,
        uploads=True,
    ),
    Operation(
        method="GET",
        path="/featured-show",
        summary="Get the featured show",
        tag="Shows",
        run=get_featured_show,
        answer=answers.FeaturedShow,
        scope=READ,
    ),
    Operation(
        method="PUT",
        path="/featured-show",
        summary="Make a show the featured one, or none",
        tag="Shows",
        run=set_featured_show,
        answer=answers.FeaturedShow,
        scope=SHOWS,
        body=inputs.FeaturedShowInput,
        guarded=True,
    ),
)
