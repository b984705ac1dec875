from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tantrum_kit import status
from tantrum_kit.errors import InvalidInputError
from tantrum_search import app
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.transport.catalog import GrpcCatalog, channel
from tvtantrum.catalog.v1 import filter_pb2, show_pb2
from tvtantrum.search.v1 import search_service_pb2 as pb
from tvtantrum.search.v1 import search_service_pb2_grpc as pb_grpc

from .builders import KEY, Library, make_message
from .eventually import eventually
from .fake_catalog import FakeCatalog, served

SHOWS = [
    make_message(id=1, name="Bluey", slug="bluey", description="A puppy plays.", stimulation=3),
    make_message(id=2, name="Blue's Clues", slug="blues-clues", themes=["problem-solving"]),
    make_message(id=3, name="Peppa Pig", slug="peppa-pig", aliases=["Peppa"]),
]
THEMES = [show_pb2.Theme(slug="problem-solving", name="Problem Solving")]


@contextlib.asynccontextmanager
async def connected(catalog: FakeCatalog | None = None) -> AsyncIterator[aio.Channel]:
    """A real client of a real server that follows a real, if small, catalogue."""
    async with (
        served(catalog or FakeCatalog(Library(SHOWS, THEMES))) as catalog_address,
        channel(catalog_address) as to_catalog,
        app.serving(
            GrpcCatalog(to_catalog),
            MemoryBackend(),
            address="127.0.0.1:0",
            page_token_key=KEY,
            drain_seconds=0,
            shutdown_grace_seconds=0,
        ) as port,
        aio.insecure_channel(f"127.0.0.1:{port}") as to_search,
    ):
        await eventually(lambda: serving(to_search))
        yield to_search


async def serving(to_search: aio.Channel) -> bool:
    answer = await health_pb2_grpc.HealthStub(to_search).Check(health_pb2.HealthCheckRequest())
    return answer.status == health_pb2.HealthCheckResponse.SERVING


async def violations(call) -> set[str]:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    error = status.error_of(caught.value)
    assert isinstance(error, InvalidInputError)
    return {violation.field for violation in error.violations}


async def test_a_hit_carries_the_show_its_highlights_and_the_revision():
    async with connected() as to_search:
        answer = await pb_grpc.SearchServiceStub(to_search).SearchShows(
            pb.SearchShowsRequest(query="blues cleus")
        )

    assert [hit.show for hit in answer.hits] == [SHOWS[1]]
    assert answer.total_size == 1
    assert answer.did_you_mean == "blues clues"
    assert [
        [(form.text, form.beginning, form.errors) for form in word.forms] for word in answer.words
    ] == [
        [("blues", False, 1), ("bluescleus", True, 0)],
        [("cleus", True, 1), ("bluescleus", True, 0)],
    ]
    assert answer.catalog_revision == 1
    [highlight] = answer.hits[0].highlights
    assert highlight.field == pb.HIGHLIGHT_FIELD_NAME
    assert [highlight.text[span.start : span.end] for span in highlight.spans] == [
        "Blue's",
        "Clues",
    ]


async def test_an_empty_query_finds_everything_by_popularity():
    async with connected() as to_search:
        answer = await pb_grpc.SearchServiceStub(to_search).SearchShows(pb.SearchShowsRequest())

    assert [hit.show.name for hit in answer.hits] == ["Blue's Clues", "Bluey", "Peppa Pig"]
    assert not any(hit.highlights for hit in answer.hits)


async def test_pages_join_up_and_a_page_size_may_change_between_them():
    async with connected() as to_search:
        stub = pb_grpc.SearchServiceStub(to_search)
        first = await stub.SearchShows(pb.SearchShowsRequest(page_size=1))
        rest = await stub.SearchShows(
            pb.SearchShowsRequest(page_size=500, page_token=first.next_page_token)
        )

    assert [hit.show.id for answer in (first, rest) for hit in answer.hits] == [2, 1, 3]
    assert rest.next_page_token == ""


async def test_suggestions_complete_shows_and_themes():
    async with connected() as to_search:
        stub = pb_grpc.SearchServiceStub(to_search)
        answer = await stub.SuggestShows(pb.SuggestShowsRequest(query="p"))
        nothing_typed = await stub.SuggestShows(pb.SuggestShowsRequest())

    assert [(each.kind, each.text, each.slug) for each in answer.suggestions] == [
        (pb.SUGGESTION_KIND_SHOW, "Peppa Pig", "peppa-pig"),
        (pb.SUGGESTION_KIND_THEME, "Problem Solving", "problem-solving"),
    ]
    assert answer.catalog_revision == 1
    assert not nothing_typed.suggestions


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        pytest.param(pb.SearchShowsRequest(page_size=-1), {"page_size"}, id="negative size"),
        pytest.param(pb.SearchShowsRequest(query="a" * 201), {"query"}, id="query too long"),
        pytest.param(pb.SearchShowsRequest(page_token="x"), {"page_token"}, id="made-up token"),
        pytest.param(
            pb.SearchShowsRequest(filter=filter_pb2.ShowFilter(text="x")),
            {"filter.text"},
            id="text in the filter",
        ),
        pytest.param(
            pb.SearchShowsRequest(
                filter=filter_pb2.ShowFilter(
                    min_age=9,
                    max_age=3,
                    min_stimulation=0,
                    themes=["x"] * 51,
                    platforms=["\0"],
                    creators=[""],
                    theme_match=9,
                    senses=[
                        filter_pb2.SenseCondition(sense=0, levels=[1]),
                        filter_pb2.SenseCondition(sense=1, levels=[9]),
                        filter_pb2.SenseCondition(sense=1),
                    ],
                )
            ),
            {
                "filter.max_age",
                "filter.min_stimulation",
                "filter.themes",
                "filter.platforms[0]",
                "filter.creators[0]",
                "filter.theme_match",
                "filter.senses[0].sense",
                "filter.senses[1].levels",
                "filter.senses[2].sense",
                "filter.senses[2].levels",
            },
            id="all that is wrong with a filter at once",
        ),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(request_, fields):
    async with connected() as to_search:
        assert await violations(pb_grpc.SearchServiceStub(to_search).SearchShows(request_)) == (
            fields
        )


async def test_a_token_serves_its_own_query_and_filter_only():
    async with connected() as to_search:
        stub = pb_grpc.SearchServiceStub(to_search)
        first = await stub.SearchShows(pb.SearchShowsRequest(page_size=1))
        others = [
            pb.SearchShowsRequest(query="b", page_token=first.next_page_token),
            pb.SearchShowsRequest(
                filter=filter_pb2.ShowFilter(min_age=0), page_token=first.next_page_token
            ),
        ]

        for other in others:
            assert await violations(stub.SearchShows(other)) == {"page_token"}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(pb.SuggestShowsRequest(limit=-1), id="limit"),
        pytest.param(pb.SuggestShowsRequest(query="a" * 201), id="query"),
    ],
)
async def test_a_wrong_request_for_suggestions_is_refused(request_):
    async with connected() as to_search:
        assert await violations(pb_grpc.SearchServiceStub(to_search).SuggestShows(request_))


async def test_nothing_is_found_before_the_catalogue_was_heard():
    async with (
        channel("127.0.0.1:1") as to_nobody,
        app.serving(
            GrpcCatalog(to_nobody, call_seconds=0.2),
            MemoryBackend(),
            address="127.0.0.1:0",
            page_token_key=KEY,
            drain_seconds=0,
            shutdown_grace_seconds=0,
        ) as port,
        aio.insecure_channel(f"127.0.0.1:{port}") as to_search,
    ):
        stub = pb_grpc.SearchServiceStub(to_search)
        for call in (
            stub.SearchShows(pb.SearchShowsRequest()),
            stub.SuggestShows(pb.SuggestShowsRequest(query="b")),
        ):
            with pytest.raises(aio.AioRpcError) as caught:
                await call
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert not await serving(to_search)
