"""Research summaries."""

from __future__ import annotations

from typing import Final

from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import research_pb2

from tantrum_gateway import codec, resources
from tantrum_gateway.admin import inputs, writing
from tantrum_gateway.admin.operations import (
    LISTED_RESEARCH,
    PREFIX,
    READ,
    RESEARCH,
    Call,
    Operation,
    Outcome,
)


async def list_research(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.ListResearch,
        pb.ListResearchRequest(
            category=call.arguments.get("category", ""),
            min_revision=call.min_revision,
            **call.page,
        ),
    )
    page = resources.ResearchPage(
        research=[codec.research(one) for one in response.research],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return Outcome(answer=page, catalog_revision=response.catalog_revision)


async def create_research(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.CreateResearch,
        pb.CreateResearchRequest(
            research=writing.filled(research_pb2.Research(), call.values),
            request_id=call.request_key,
        ),
    )
    return _outcome(response.research, response.catalog_revision, made=True)


async def get_research(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.catalog.GetResearch,
        pb.GetResearchRequest(id=call.id, min_revision=call.min_revision),
    )
    return _outcome(response.research, response.catalog_revision)


async def update_research(call: Call) -> Outcome:
    async def write(revision: int) -> pb.UpdateResearchResponse:
        research = research_pb2.Research(id=call.id, revision=revision)
        return await call.desk.ask(
            call.desk.upstreams.catalog.UpdateResearch,
            pb.UpdateResearchRequest(
                research=writing.filled(research, call.values),
                update_mask=writing.mask_of(call.values),
            ),
        )

    response = await call.if_match.at(write)
    return _outcome(response.research, response.catalog_revision)


async def delete_research(call: Call) -> Outcome:
    async def write(revision: int) -> pb.DeleteResearchResponse:
        return await call.desk.ask(
            call.desk.upstreams.catalog.DeleteResearch,
            pb.DeleteResearchRequest(id=call.id, revision=revision),
        )

    response = await call.if_match.at(write)
    return Outcome(catalog_revision=response.catalog_revision)


def _outcome(
    research: research_pb2.Research, catalog_revision: int, *, made: bool = False
) -> Outcome:
    return Outcome(
        answer=codec.research(research),
        tag=str(research.revision),
        catalog_revision=catalog_revision,
        location=f"{PREFIX}/research/{research.id}" if made else "",
    )


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/research",
        summary="List research summaries, newest first",
        tag="Research",
        run=list_research,
        answer=resources.ResearchPage,
        scope=READ,
        parameters=LISTED_RESEARCH,
    ),
    Operation(
        method="POST",
        path="/research",
        summary="Make a research summary",
        tag="Research",
        run=create_research,
        answer=resources.Research,
        status=201,
        scope=RESEARCH,
        body=inputs.NewResearch,
    ),
    Operation(
        method="GET",
        path="/research/{id}",
        summary="Get a research summary",
        tag="Research",
        run=get_research,
        answer=resources.Research,
        scope=READ,
    ),
    Operation(
        method="PATCH",
        path="/research/{id}",
        summary="Change a research summary",
        tag="Research",
        run=update_research,
        answer=resources.Research,
        scope=RESEARCH,
        body=inputs.ResearchInput,
        guarded=True,
    ),
    Operation(
        method="DELETE",
        path="/research/{id}",
        summary="Remove a research summary",
        tag="Research",
        run=delete_research,
        status=204,
        scope=RESEARCH,
        guarded=True,
    ),
)
