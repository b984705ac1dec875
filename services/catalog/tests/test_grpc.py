"""Statuses and answers of CatalogService: a real server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import aio
from hypothesis import given, settings
from hypothesis import strategies as st
from tantrum_catalog import app
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.domain.show import Image, StoredImage
from tantrum_catalog.storage.memory import MemoryCatalogStore
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher
from tantrum_catalog.storage.stores import memory_stores
from tantrum_kit import errors
from tantrum_kit.status import error_of, error_of_details
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, research_pb2, show_pb2

from .make import (
    make_catalogue,
    make_category,
    make_facts,
    make_new_show,
    make_research,
    make_rules,
)


class BrokenCatalogStore(MemoryCatalogStore):
    async def show(self, key, *, min_revision):
        raise RuntimeError("password=hunter2")

    async def home(self, *, shows_per_category, min_revision):
        raise CatalogUnavailableError

    async def vocabulary(self, *, min_revision):
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def served(store, **options):
    """A catalogue that is served, and a real client of it."""
    stores = dataclasses.replace(memory_stores(), catalog=store)
    found = app.Options(
        address="127.0.0.1:0",
        page_token_key=b"only-for-this-test",
        watch_poll_seconds=0.005,
        **options,
    )
    async with (
        app.serving(stores, ThreadedPasswordHasher(), found) as port,
        aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield pb_grpc.CatalogServiceStub(channel)


@pytest.fixture
async def store():
    store = MemoryCatalogStore()
    shows = [
        make_new_show(
            number,
            name=f"Show {number}",
            stimulation=1 + number % 5,
            themes=("music",) if number % 2 else ("nature", "stem"),
        )
        for number in range(1, 26)
    ]
    odd = make_category(name="Odd", rules=make_rules(("themes", "contains", "music")))
    hidden = make_category(name="Hidden", active=False)
    await store.load(
        make_catalogue(
            *shows,
            categories=[("odd", odd), ("hidden", hidden)],
            research=[("a-study", make_research())],
        )
    )
    return store


@pytest.fixture
async def stub(store):
    async with served(store) as stub:
        yield stub


async def failure_of(call):
    """The error that a call fails with, as its server raised it."""
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    error = error_of(caught.value)
    assert error is not None, caught.value.details()
    return error


def fields(error):
    return [violation.field for violation in error.violations]


async def test_a_show_is_got_by_number_and_by_slug(stub):
    by_id = await stub.GetShow(pb.GetShowRequest(id=3), timeout=5)
    by_slug = await stub.GetShow(pb.GetShowRequest(slug="show-3"), timeout=5)

    assert (by_id.show.name, by_id.show.revision, by_id.catalog_revision) == ("Show 3", 1, 1)
    assert by_slug == by_id


@pytest.mark.parametrize(
    ("request_", "kind", "reason"),
    [
        (pb.GetShowRequest(id=99), errors.NotFoundError, "SHOW_NOT_FOUND"),
        (pb.GetShowRequest(slug="none"), errors.NotFoundError, "SHOW_NOT_FOUND"),
        (pb.GetShowRequest(slug="no\x00slug"), errors.NotFoundError, "SHOW_NOT_FOUND"),
        (pb.GetShowRequest(slug=""), errors.NotFoundError, "SHOW_NOT_FOUND"),
        (pb.GetShowRequest(), errors.InvalidInputError, "INVALID_INPUT"),
        (pb.GetShowRequest(id=1, min_revision=-1), errors.InvalidInputError, "INVALID_INPUT"),
        (pb.GetShowRequest(id=1, min_revision=2), errors.UnavailableError, "REVISION_NOT_REACHED"),
    ],
    ids=str,
)
async def test_a_show_that_cannot_be_got_says_why(stub, request_, kind, reason):
    error = await failure_of(stub.GetShow(request_, timeout=5))

    assert isinstance(error, kind)
    assert error.reason == reason


async def test_a_batch_keeps_its_order_and_names_what_is_missing(stub):
    answer = await stub.BatchGetShows(pb.BatchGetShowsRequest(ids=[9, 99, 1, -1]), timeout=5)

    assert [show.id for show in answer.shows] == [9, 1]
    assert list(answer.missing_ids) == [99, -1]
    for ids in ([], [1, 1], range(501)):
        error = await failure_of(stub.BatchGetShows(pb.BatchGetShowsRequest(ids=ids), timeout=5))
        assert fields(error) == ["ids"]


async def test_several_reads_in_one_call_are_as_each_by_itself(stub):
    calls = [
        ("get_show", stub.GetShow, pb.GetShowRequest(id=9)),
        ("batch_get_shows", stub.BatchGetShows, pb.BatchGetShowsRequest(ids=[1, 99])),
        ("list_shows", stub.ListShows, pb.ListShowsRequest(page_size=3)),
        ("list_similar_shows", stub.ListSimilarShows, pb.ListSimilarShowsRequest(id=1)),
        ("get_home", stub.GetHome, pb.GetHomeRequest()),
        ("list_categories", stub.ListCategories, pb.ListCategoriesRequest()),
        ("list_themes", stub.ListThemes, pb.ListThemesRequest(page_size=2)),
        ("list_platforms", stub.ListPlatforms, pb.ListPlatformsRequest()),
        ("list_research", stub.ListResearch, pb.ListResearchRequest()),
        ("get_show", stub.GetShow, pb.GetShowRequest(slug="none-such")),
        ("get_category", stub.GetCategory, pb.GetCategoryRequest(slug="none-such")),
        ("list_category_shows", stub.ListCategoryShows, pb.ListCategoryShowsRequest(id=99)),
        ("get_research", stub.GetResearch, pb.GetResearchRequest(id=99)),
        ("list_shows", stub.ListShows, pb.ListShowsRequest(page_size=-1)),
    ]

    reads = [pb.Read(**{name: request}) for name, _, request in calls]
    answer = await stub.BatchRead(pb.BatchReadRequest(reads=reads), timeout=5)

    for (name, method, request), result in zip(calls, answer.results, strict=True):
        if result.WhichOneof("response") == "error":
            alone = await failure_of(method(request, timeout=5))
            batched = error_of_details(result.error)
            assert (type(batched), batched.reason) == (type(alone), alone.reason)
            assert (batched.message, batched.facts) == (alone.message, alone.facts)
            assert getattr(batched, "violations", ()) == getattr(alone, "violations", ())
        else:
            assert getattr(result, name) == await method(request, timeout=5)
    failed = [result.WhichOneof("response") == "error" for result in answer.results]
    assert failed == [False] * 9 + [True] * 5


async def test_a_batch_of_reads_has_a_bound_and_no_empty_read(stub):
    for count in (0, 101):
        reads = [pb.Read(get_show=pb.GetShowRequest(id=1))] * count
        error = await failure_of(stub.BatchRead(pb.BatchReadRequest(reads=reads), timeout=5))
        assert fields(error) == ["reads"]
    answer = await stub.BatchRead(pb.BatchReadRequest(reads=[pb.Read()]), timeout=5)
    assert fields(error_of_details(answer.results[0].error)) == ["request"]


async def test_a_bug_in_one_read_of_a_batch_leaks_nothing():
    reads = [pb.Read(get_show=pb.GetShowRequest(id=1))]
    async with served(BrokenCatalogStore()) as stub:
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.BatchRead(pb.BatchReadRequest(reads=reads), timeout=5)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in (caught.value.details() or "")


async def test_a_list_has_20_by_default_and_never_more_than_100(stub):
    sizes = {}
    for size in (0, 7, 100, 101, 2**31 - 1):
        answer = await stub.ListShows(pb.ListShowsRequest(page_size=size), timeout=5)
        sizes[size] = (len(answer.shows), answer.total_size, bool(answer.next_page_token))
    assert sizes[0] == (20, 25, True)
    assert sizes[7] == (7, 25, True)
    assert sizes[101] == sizes[100] == sizes[2**31 - 1] == (25, 25, False)

    error = await failure_of(stub.ListShows(pb.ListShowsRequest(page_size=-1), timeout=5))
    assert fields(error) == ["page_size"]


async def test_a_page_token_fits_its_list_and_arguments_only(stub):
    question = {"order_by": filter_pb2.SHOW_ORDER_STIMULATION, "page_size": 5}
    token = (await stub.ListShows(pb.ListShowsRequest(**question), timeout=5)).next_page_token

    other_size = pb.ListShowsRequest(**question | {"page_size": 3}, page_token=token)
    assert len((await stub.ListShows(other_size, timeout=5)).shows) == 3
    for foreign in (
        pb.ListShowsRequest(page_token=token),
        pb.ListShowsRequest(**question, page_token=token + "A"),
        pb.ListShowsRequest(**question, page_token="x"),
        pb.ListShowsRequest(
            **question, page_token=token, filter=filter_pb2.ShowFilter(ongoing=False)
        ),
    ):
        error = await failure_of(stub.ListShows(foreign, timeout=5))
        assert (error.reason, fields(error)) == ("PAGE_TOKEN", ["page_token"])
    error = await failure_of(stub.ListThemes(pb.ListThemesRequest(page_token=token), timeout=5))
    assert error.reason == "PAGE_TOKEN"


async def test_every_violation_of_a_filter_is_told(stub):
    wanted = filter_pb2.ShowFilter(min_age=20, min_stimulation=3, max_stimulation=2)

    error = await failure_of(stub.ListShows(pb.ListShowsRequest(filter=wanted), timeout=5))

    assert fields(error) == ["filter.min_age", "filter.max_stimulation"]


async def all_pages(call, make_request, items):
    """Every item of a list, page by page."""
    found, token = [], ""
    while True:
        answer = await call(make_request(page_token=token), timeout=5)
        found += list(items(answer))
        token = answer.next_page_token
        if not token:
            assert answer.total_size == len(found)
            return found


async def test_every_list_is_walked_to_its_end(stub):
    def by(message, **arguments):
        return lambda page_token: message(page_token=page_token, page_size=2, **arguments)

    shows = await all_pages(
        stub.ListShows,
        by(pb.ListShowsRequest, order_by=filter_pb2.SHOW_ORDER_RELEASE_YEAR),
        lambda answer: answer.shows,
    )
    similar = await all_pages(
        stub.ListSimilarShows, by(pb.ListSimilarShowsRequest, id=1), lambda answer: answer.shows
    )
    odd = await all_pages(
        stub.ListCategoryShows,
        by(pb.ListCategoryShowsRequest, slug="odd"),
        lambda answer: answer.shows,
    )
    themes = await all_pages(
        stub.ListThemes, by(pb.ListThemesRequest), lambda answer: answer.themes
    )
    platforms = await all_pages(
        stub.ListPlatforms, by(pb.ListPlatformsRequest), lambda answer: answer.platforms
    )
    categories = await all_pages(
        stub.ListCategories,
        by(pb.ListCategoriesRequest, include_inactive=True),
        lambda answer: answer.categories,
    )
    research = await all_pages(
        stub.ListResearch, by(pb.ListResearchRequest), lambda answer: answer.research
    )

    assert sorted(show.id for show in shows) == list(range(1, 26))
    assert sorted(show.id for show in similar) == list(range(2, 26))
    assert sorted(show.id for show in odd) == list(range(1, 26, 2))
    assert [(theme.slug, theme.show_count) for theme in themes] == [
        ("music", 13),
        ("nature", 12),
        ("stem", 12),
    ]
    assert [platform.slug for platform in platforms] == ["tv", "youtube"]
    assert [category.slug for category in categories] == ["odd", "hidden"]
    assert [one.slug for one in research] == ["a-study"]


@given(st.integers(1, 30), st.sampled_from(range(6)), st.sampled_from(range(3)))
@settings(max_examples=20)
async def test_any_order_and_page_size_give_every_show_once(size, order, direction):
    store = MemoryCatalogStore()
    await store.load(make_catalogue(*(make_new_show(number) for number in range(1, 12))))
    async with served(store) as stub:

        async def call(request, *, timeout):  # noqa: ASYNC109 - as a stub's
            answer = await stub.ListShows(request, timeout=timeout)
            if await store.head() < 10:
                slug = f"added-{await store.head()}"
                await store.create_show(make_facts(), slug=slug, request=None)
            return answer

        found, token = [], ""
        while True:
            request = pb.ListShowsRequest(
                page_size=size, order_by=order, direction=direction, page_token=token
            )
            answer = await call(request, timeout=5)
            found += [show.id for show in answer.shows]
            token = answer.next_page_token
            if not token:
                break

    assert len(set(found)) == len(found)
    assert set(range(1, 12)) <= set(found)


async def test_home_has_the_active_categories(stub):
    answer = await stub.GetHome(pb.GetHomeRequest(), timeout=5)
    short = await stub.GetHome(pb.GetHomeRequest(shows_per_category=2), timeout=5)

    [row] = answer.rows
    assert (row.category.slug, row.category.show_count, len(row.shows)) == ("odd", 13, 12)
    assert row.category.rules.rules[0].text == "music"
    assert [show.id for show in short.rows[0].shows] == [show.id for show in row.shows[:2]]
    error = await failure_of(stub.GetHome(pb.GetHomeRequest(shows_per_category=-1), timeout=5))
    assert fields(error) == ["shows_per_category"]


async def test_similar_shows_are_6_by_default_and_calmer_when_asked(stub):
    answer = await stub.ListSimilarShows(pb.ListSimilarShowsRequest(slug="show-4"), timeout=5)
    calmer = await stub.ListSimilarShows(
        pb.ListSimilarShowsRequest(id=4, calmer=True, page_size=100), timeout=5
    )

    assert len(answer.shows) == 6
    assert {show.stimulation for show in calmer.shows} == {1, 2, 3, 4}


async def test_a_category_its_shows_and_a_preview(stub):
    category = (await stub.GetCategory(pb.GetCategoryRequest(slug="odd"), timeout=5)).category
    preview = await stub.PreviewCategory(
        pb.PreviewCategoryRequest(rules=category.rules, limit=3), timeout=5
    )

    assert (category.id, category.display_order, category.active) == (1, 1, True)
    assert (len(preview.shows), preview.total_size) == (3, 13)
    error = await failure_of(stub.PreviewCategory(pb.PreviewCategoryRequest(), timeout=5))
    assert fields(error) == ["rules"]
    bad = category_pb2.CategoryRules(
        rules=[category_pb2.CategoryRule(field="themes", operator="is", text="music")]
    )
    error = await failure_of(stub.PreviewCategory(pb.PreviewCategoryRequest(rules=bad), timeout=5))
    assert fields(error) == ["rules.rules[0].operator"]


@pytest.mark.parametrize("key", [{"id": 2}, {"slug": "hidden"}], ids=["by number", "by slug"])
async def test_a_category_that_is_not_active_is_there_for_who_asks_for_it(stub, key):
    got = await stub.GetCategory(pb.GetCategoryRequest(include_inactive=True, **key), timeout=5)
    listed = await stub.ListCategoryShows(
        pb.ListCategoryShowsRequest(include_inactive=True, page_size=1, **key), timeout=5
    )
    next_page = pb.ListCategoryShowsRequest(
        include_inactive=True, page_size=1, page_token=listed.next_page_token, **key
    )

    assert (got.category.slug, got.category.active) == ("hidden", False)
    assert listed.shows[0] != (await stub.ListCategoryShows(next_page, timeout=5)).shows[0]
    for call in (
        stub.GetCategory(pb.GetCategoryRequest(**key), timeout=5),
        stub.ListCategoryShows(pb.ListCategoryShowsRequest(**key), timeout=5),
    ):
        error = await failure_of(call)
        assert (type(error), error.reason) == (errors.NotFoundError, "CATEGORY_NOT_FOUND")


async def test_a_show_is_made_changed_and_removed(stub):
    show = show_pb2.Show(name="New", description="d", stimulation=1, min_age=2)
    show.themes.add(slug="music")

    made = (await stub.CreateShow(pb.CreateShowRequest(show=show, request_id="r1"), timeout=5)).show
    again = await stub.CreateShow(pb.CreateShowRequest(show=show, request_id="r1"), timeout=5)
    assert (made.id, made.slug, made.themes[0].name, again.show) == (26, "new", "Music", made)

    made.name = "Newer"
    changed = await stub.UpdateShow(
        pb.UpdateShowRequest(show=made, update_mask=FieldMask(paths=["name"])), timeout=5
    )
    assert (changed.show.name, changed.show.slug, changed.catalog_revision) == ("Newer", "new", 3)

    stale = pb.UpdateShowRequest(show=made, update_mask=FieldMask(paths=["name"]))
    error = await failure_of(stub.UpdateShow(stale, timeout=5))
    assert (type(error), error.reason) == (errors.ConflictError, "SHOW_CHANGED")
    error = await failure_of(stub.DeleteShow(pb.DeleteShowRequest(id=26, revision=2), timeout=5))
    assert error.facts == {"expected_revision": "2", "stored_revision": "3"}
    gone = await stub.DeleteShow(pb.DeleteShowRequest(id=26), timeout=5)
    assert gone.catalog_revision == 4
    error = await failure_of(stub.DeleteShow(pb.DeleteShowRequest(id=26), timeout=5))
    assert isinstance(error, errors.NotFoundError)


@pytest.mark.parametrize(
    ("request_", "kind", "told"),
    [
        (pb.CreateShowRequest(), errors.InvalidInputError, ["show"]),
        (
            pb.CreateShowRequest(show=show_pb2.Show(name="x")),
            errors.InvalidInputError,
            ["show.description", "show.stimulation"],
        ),
        (
            pb.CreateShowRequest(
                show=show_pb2.Show(name="x", description="d", stimulation=1), request_id="r" * 101
            ),
            errors.InvalidInputError,
            ["request_id"],
        ),
        (
            pb.CreateShowRequest(
                show=show_pb2.Show(
                    name="x",
                    description="d",
                    stimulation=1,
                    themes=[show_pb2.Label(slug="music"), show_pb2.Label(slug="none")],
                )
            ),
            errors.InvalidInputError,
            ["show.themes[1]"],
        ),
        (
            pb.CreateShowRequest(
                show=show_pb2.Show(name="x", description="d", stimulation=1, slug="show-1")
            ),
            errors.AlreadyExistsError,
            None,
        ),
    ],
    ids=["nothing", "incomplete", "long request id", "unknown theme", "slug taken"],
)
async def test_a_show_that_cannot_be_made_says_why(stub, request_, kind, told):
    error = await failure_of(stub.CreateShow(request_, timeout=5))

    assert type(error) is kind
    assert told is None or fields(error) == told


async def test_one_show_is_featured(stub):
    found = await stub.SetFeaturedShow(pb.SetFeaturedShowRequest(id=2), timeout=5)
    none = await stub.SetFeaturedShow(pb.SetFeaturedShowRequest(), timeout=5)

    assert found.show.featured
    assert not none.HasField("show")
    error = await failure_of(stub.SetFeaturedShow(pb.SetFeaturedShowRequest(id=99), timeout=5))
    assert error.reason == "SHOW_NOT_FOUND"


async def test_categories_are_made_changed_reordered_and_removed(stub):
    rule = category_pb2.CategoryRule(field="stimulationScore", operator="range", text="1-2")
    category = category_pb2.Category(
        name="Calm", active=True, rules=category_pb2.CategoryRules(rules=[rule])
    )

    made = (
        await stub.CreateCategory(pb.CreateCategoryRequest(category=category), timeout=5)
    ).category
    assert (made.slug, made.display_order, made.show_count) == ("calm", 3, 10)
    assert made.rules.rules[0] == category_pb2.CategoryRule(
        field="stimulation",
        operator="range",
        range=category_pb2.CategoryRuleRange(min=1, max=2),
    )

    made.description = "Quiet."
    update = pb.UpdateCategoryRequest(
        category=made, update_mask=FieldMask(paths=["description", "rules"])
    )
    changed = await stub.UpdateCategory(update, timeout=5)
    assert changed.category.description == "Quiet."
    error = await failure_of(stub.UpdateCategory(update, timeout=5))
    assert error.reason == "CATEGORY_CHANGED"

    reordered = await stub.ReorderCategories(pb.ReorderCategoriesRequest(ids=[3, 1, 2]), timeout=5)
    assert [one.slug for one in reordered.categories] == ["calm", "odd", "hidden"]
    error = await failure_of(
        stub.ReorderCategories(pb.ReorderCategoriesRequest(ids=[1, 2]), timeout=5)
    )
    assert fields(error) == ["ids"]
    await stub.DeleteCategory(pb.DeleteCategoryRequest(id=3), timeout=5)
    error = await failure_of(stub.GetCategory(pb.GetCategoryRequest(id=3), timeout=5))
    assert error.reason == "CATEGORY_NOT_FOUND"


async def test_research_is_got_made_changed_and_removed(stub):
    first = (await stub.GetResearch(pb.GetResearchRequest(slug="a-study"), timeout=5)).research
    assert first.title == "A Study"
    research = research_pb2.Research(title="B", summary="s", category="c", publish_date="2020")
    made = (
        await stub.CreateResearch(pb.CreateResearchRequest(research=research), timeout=5)
    ).research
    listed = await stub.ListResearch(pb.ListResearchRequest(category="c"), timeout=5)
    assert ([one.id for one in listed.research], listed.total_size) == ([made.id], 1)

    made.title = "C"
    changed = await stub.UpdateResearch(
        pb.UpdateResearchRequest(research=made, update_mask=FieldMask(paths=["title"])), timeout=5
    )
    assert (changed.research.title, changed.research.slug) == ("C", "b")
    await stub.DeleteResearch(pb.DeleteResearchRequest(id=made.id), timeout=5)
    error = await failure_of(stub.GetResearch(pb.GetResearchRequest(id=made.id), timeout=5))
    assert error.reason == "RESEARCH_NOT_FOUND"
    error = await failure_of(stub.ListResearch(pb.ListResearchRequest(category="\x00"), timeout=5))
    assert fields(error) == ["category"]


async def test_an_image_is_got_by_its_id(stub, store):
    image = Image(id="abc", media_type="image/png", width=1, height=2)
    await store.put_image(StoredImage(image=image, content=b"png"))

    found = await stub.GetImage(pb.GetImageRequest(id="abc"), timeout=5)

    assert (found.image.media_type, found.content) == ("image/png", b"png")
    for image_id in ("x", "\x00"):
        error = await failure_of(stub.GetImage(pb.GetImageRequest(id=image_id), timeout=5))
        assert error.reason == "IMAGE_NOT_FOUND"


async def test_a_watch_goes_on_over_a_reconnect(stub, store):
    async def write(slug):
        await store.create_show(make_facts(), slug=slug, request=None)

    watch = stub.WatchCatalog(pb.WatchCatalogRequest(from_revision=1), timeout=10)
    bookmark = await watch.read()
    await write("two")
    second = await watch.read()
    watch.cancel()
    await write("three")
    again = stub.WatchCatalog(pb.WatchCatalogRequest(from_revision=second.revision), timeout=10)
    third = await again.read()
    await write("four")
    fourth = await again.read()

    assert (bookmark.revision, len(bookmark.changes)) == (1, 0)
    assert [answer.revision for answer in (second, third, fourth)] == [2, 3, 4]
    assert [answer.changes[0].slug for answer in (second, third, fourth)] == [
        "two",
        "three",
        "four",
    ]
    assert third.changes[0].kind == pb.RESOURCE_KIND_SHOW
    assert third.changes[0].type == pb.CHANGE_TYPE_PUT
    again.cancel()


async def test_a_watch_from_the_whole_history_starts_with_the_load(stub):
    watch = stub.WatchCatalog(pb.WatchCatalogRequest(), timeout=10)

    answer = await watch.read()

    assert (answer.revision, len(answer.changes)) == (1, 25 + 3 + 2 + 2 + 1)
    watch.cancel()


@pytest.mark.parametrize(
    ("revision", "kind", "reason"),
    [
        (2, errors.PreconditionFailedError, "REVISION_UNAVAILABLE"),
        (-1, errors.InvalidInputError, "INVALID_INPUT"),
    ],
)
async def test_a_watch_that_cannot_be_says_why(stub, revision, kind, reason):
    watch = stub.WatchCatalog(pb.WatchCatalogRequest(from_revision=revision), timeout=5)

    error = await failure_of(watch.read())

    assert (type(error), error.reason) == (kind, reason)


async def test_a_bug_is_internal_and_leaks_nothing():
    async with served(BrokenCatalogStore()) as stub:
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.GetShow(pb.GetShowRequest(id=1), timeout=5)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "internal error"


async def test_an_outage_is_unavailable_and_slowness_runs_into_the_deadline():
    async with served(BrokenCatalogStore()) as stub:
        with pytest.raises(aio.AioRpcError) as gone:
            await stub.GetHome(pb.GetHomeRequest(), timeout=5)
        request = pb.PreviewCategoryRequest(rules=category_pb2.CategoryRules())
        with pytest.raises(aio.AioRpcError) as slow:
            await stub.PreviewCategory(request, timeout=0.1)

    assert gone.value.code() is grpc.StatusCode.UNAVAILABLE
    assert slow.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
