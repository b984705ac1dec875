"""What editors read and write: shapes, preconditions, repetitions, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tantrum_kit import errors
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, show_pb2
from tvtantrum.catalog.v1 import idempotency_service_pb2 as idempotency_pb

from .conftest import eventually
from .editing import EditedSite, edited
from .fakes import PNG

PROBLEM = "application/problem+json; charset=utf-8"
NEW_SHOW = {
    "name": "Blue Day",
    "description": "A blue day.",
    "ages": {"min": 3},
    "stimulation": 2,
    "senses": {"music": "low", "musicTempo": None},
    "themes": [{"slug": "music"}],
    "aliases": ["Azure Day"],
}
RULES = {
    "logic": "OR",
    "rules": [
        {"field": "stimulation", "operator": "range", "value": {"max": 2}},
        {"field": "themes", "operator": "in", "value": ["music", "nature"]},
        {"field": "creator", "operator": "contains", "value": "BBC"},
        {"field": "ongoing", "operator": "equals", "value": True},
    ],
}


@pytest.fixture
async def site() -> AsyncIterator[EditedSite]:
    async with edited() as one:
        yield one


def wrong_fields(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == PROBLEM
    problem = response.json()
    assert problem["type"] == "/problems/invalid-parameter"
    return {one["pointer"]: one["detail"] for one in problem["errors"]}


async def test_a_show_is_made_read_changed_and_removed(site: EditedSite):
    made = await site.desk.ask("POST", "/shows", NEW_SHOW)
    path = made.headers["location"].removeprefix("/v1/admin")
    read = await site.desk.ask("GET", path)
    changed = await site.desk.ask("PATCH", path, {"name": "Red Day"}, if_match=read.headers["etag"])
    removed = await site.desk.ask("DELETE", path, if_match=changed.headers["etag"])
    gone = await site.desk.ask("GET", path)

    assert (made.status_code, read.status_code, changed.status_code) == (201, 200, 200)
    assert made.json() == read.json()
    assert (read.json()["name"], changed.json()["name"]) == ("Blue Day", "Red Day")
    assert read.headers["etag"] == f'"{read.json()["revision"]}"'
    assert int(made.headers["catalog-revision"]) == made.json()["revision"]
    assert read.json()["ages"] == {"min": 3, "max": None}
    assert read.json()["senses"]["music"] == "low"
    assert read.json()["aliases"] == ["Azure Day"]
    assert (removed.status_code, gone.status_code) == (204, 404)
    assert {one.headers["cache-control"] for one in (made, read, changed, removed, gone)} == {
        "no-store"
    }


async def test_a_write_is_done_in_the_editors_name(site: EditedSite):
    await site.desk.ask("POST", "/shows", NEW_SHOW, x_request_id="from-the-edge")

    writer = site.catalog.last_writer
    assert writer["x-editor-id"] == "1"
    assert "x-api-token-id" not in writer
    assert writer["x-request-id"] == "from-the-edge"


async def test_a_patch_is_a_merge_patch(site: EditedSite):
    await site.desk.ask(
        "PATCH",
        "/shows/1",
        {
            "ages": {"max": None},
            "senses": {"music": "high", "dialogue": None},
            "creator": None,
            "platforms": [],
            "seasons": 4,
        },
        content_type="application/merge-patch+json",
        if_match="*",
    )

    method, request = site.catalog.calls[-1]
    assert method == "UpdateShow"
    assert set(request.update_mask.paths) == {
        "max_age", "senses.music", "senses.dialogue", "creator", "platforms", "seasons",
    }  # fmt: skip
    assert request.show == show_pb2.Show(
        id=1, senses=show_pb2.Senses(music=show_pb2.LEVEL_HIGH), seasons=4
    )


async def test_null_clears_an_object_field_by_field(site: EditedSite):
    await site.desk.ask("PATCH", "/shows/1", {"senses": None}, if_match="*")

    _, request = site.catalog.calls[-1]
    assert len(request.update_mask.paths) == 7
    assert {path.partition(".")[0] for path in request.update_mask.paths} == {"senses"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        pytest.param({}, {"#": "must change something"}, id="nothing"),
        pytest.param({"name": None}, {"#/name": "expected `str`, got `null`"}, id="null"),
        pytest.param(
            {"ages": {"min": None}}, {"#/ages/min": "expected `int`, got `null`"}, id="inner null"
        ),
        pytest.param(
            {"stimulation": "2"}, {"#/stimulation": "expected `int`, got `str`"}, id="text"
        ),
        pytest.param(
            {"stimulation": 2.5}, {"#/stimulation": "expected `int`, got `float`"}, id="fraction"
        ),
        pytest.param(
            {"revision": 3, "a/b": 1},
            {
                "#/revision": "cannot be written, or is no such field",
                "#/a~1b": "cannot be written, or is no such field",
            },
            id="unknown",
        ),
        pytest.param(
            {"senses": {"music": "loud", "smell": "low"}, "themes": [{"slug": "a"}, {}]},
            {
                "#/senses/smell": "cannot be written, or is no such field",
                "#/senses/music": "invalid enum value 'loud'",
                "#/themes/1": "object missing required field `slug`",
            },
            id="several, deep",
        ),
        pytest.param(
            {"stimulation": 2**40}, {"#/stimulation": "expected `int` <= 2147483647"}, id="huge"
        ),
    ],
)
async def test_every_field_that_is_wrong_is_named(site: EditedSite, body, wrong):
    response = await site.desk.ask("PATCH", "/shows/1", body, if_match="*")

    assert wrong_fields(response) == wrong


async def test_what_is_missing_is_named(site: EditedSite):
    response = await site.desk.ask("POST", "/shows", {"ages": {}})

    assert wrong_fields(response) == {
        f"#/{name}": "is required" for name in ("name", "description", "ages/min", "stimulation")
    }


async def test_what_the_catalogue_refuses_names_the_bodys_fields(site: EditedSite):
    site.catalog.error = errors.InvalidInputError.listing(
        [
            errors.Violation(field="show.max_age", description="is below min_age"),
            errors.Violation(field="show.senses.music_tempo", description="there is no level 9"),
            errors.Violation(field="show.themes[1]", description="no such theme"),
        ]
    )

    response = await site.desk.ask("POST", "/shows", NEW_SHOW)

    assert set(wrong_fields(response)) == {"#/ages/max", "#/senses/musicTempo", "#/themes/1"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"{", 400, id="half"),
        pytest.param(b"[]", 400, id="an array"),
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b'{"name": "\xff"}', 400, id="no UTF-8"),
        pytest.param(b'{"name": "\\ud800"}', 400, id="half a character"),
        pytest.param(b'{"name":' + b"[" * 100_000, 400, id="deep"),
        pytest.param(b'{"name": "' + b"x" * 300_000 + b'"}', 413, id="long"),
    ],
)
async def test_what_is_no_body_is_refused(site: EditedSite, content: bytes, status: int):
    response = await site.desk.ask(
        "POST", "/shows", content=content, content_type="application/json"
    )

    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    assert not site.catalog.counts["CreateShow"]


@pytest.mark.parametrize(
    ("method", "path", "media_type", "header"),
    [
        ("POST", "/shows", "application/merge-patch+json", "accept"),
        ("POST", "/shows", "text/plain", "accept"),
        ("PATCH", "/shows/1", "application/json-patch+json", "accept-patch"),
        ("PUT", "/featured-show", "application/x-www-form-urlencoded", "accept"),
        ("POST", "/images", "image/svg+xml", "accept"),
        ("POST", "/session", "text/plain", "accept"),
    ],
)
async def test_bodies_of_other_types_are_415(
    site: EditedSite, method: str, path: str, media_type: str, header: str
):
    response = await site.desk.ask(
        method, path, content=b"{}", content_type=media_type, if_match="*"
    )

    assert response.status_code == 415
    assert response.headers[header]


GUARDED = [
    ("PATCH", "/shows/1", {"name": "New"}),
    ("DELETE", "/shows/1", None),
    ("PUT", "/shows/1/image", {"imageId": "picture-1"}),
    ("DELETE", "/shows/1/image", None),
    ("PUT", "/featured-show", {"showId": 1}),
    ("PATCH", "/categories/1", {"active": False}),
    ("DELETE", "/categories/1", None),
    ("PUT", "/category-order", {"ids": [1]}),
    ("PATCH", "/research/1", {"title": "New"}),
    ("DELETE", "/research/1", None),
    ("PATCH", "/themes/music", {"name": "Songs"}),
    ("DELETE", "/themes/music", None),
    ("POST", "/themes/music/merge", {"into": "music"}),
    ("PATCH", "/editors/1", {"name": "New"}),
]


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
async def test_a_write_has_to_say_what_it_changes(site: EditedSite, method: str, path: str, body):
    without = await site.desk.ask(method, path, body)
    stale = await site.desk.ask(method, path, body, if_match='"999999"')
    weak = await site.desk.ask(method, path, body, if_match='W/"1"')
    garbled = await site.desk.ask(method, path, body, if_match="1")

    assert (without.status_code, without.json()["type"]) == (428, "/problems/precondition-required")
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/conflict")
    assert (weak.status_code, garbled.status_code) == (412, 400)
    assert site.catalog.revision == 7


async def test_one_tag_of_a_list_is_enough(site: EditedSite):
    response = await site.desk.ask(
        "PATCH", "/shows/1", {"name": "New"}, if_match='"5", W/"1" , "1","other"'
    )

    assert response.status_code == 200


async def test_of_two_who_read_the_same_only_the_first_wins(site: EditedSite):
    tag = (await site.desk.ask("GET", "/shows/1")).headers["etag"]

    statuses = [
        (await site.desk.ask("PATCH", "/shows/1", {"name": name}, if_match=tag)).status_code
        for name in ("Mine", "Theirs")
    ]

    assert statuses == [200, 412]
    assert (await site.desk.ask("GET", "/shows/1")).json()["name"] == "Mine"


async def test_what_one_has_is_not_sent_again(site: EditedSite):
    tag = (await site.desk.ask("GET", "/shows/1")).headers["etag"]

    response = await site.desk.ask("GET", "/shows/1", if_none_match=f'"x", W/{tag}')

    assert (response.status_code, response.content) == (304, b"")


async def test_a_repeated_create_is_done_once_and_answered_as_it_was(site: EditedSite):
    first = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")
    second = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")
    other = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="two")

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 201)
    assert second.json() == first.json() != other.json()
    assert second.headers["idempotency-replayed"] == "true"
    for name in ("etag", "location", "catalog-revision", "content-type"):
        assert second.headers[name] == first.headers[name]
    assert site.catalog.counts["CreateShow"] == 2
    keys = {request.request_id for name, request in site.catalog.calls if name == "CreateShow"}
    assert len(keys) == 2


async def test_a_key_stands_for_one_request_only(site: EditedSite):
    await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")

    changed = await site.desk.ask(
        "POST", "/shows", NEW_SHOW | {"name": "Other"}, idempotency_key="one"
    )
    elsewhere = await site.desk.ask("POST", "/themes", {"name": "A"}, idempotency_key="one")

    assert (changed.status_code, elsewhere.status_code) == (422, 422)
    assert changed.json()["type"] == "/problems/idempotency-key-reused"


async def test_a_repetition_while_the_first_is_under_way_is_409(site: EditedSite):
    site.catalog.gate.clear()
    first = asyncio.create_task(site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one"))
    await eventually(lambda: site.catalog.counts["CreateShow"] == 1)

    second = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")
    site.catalog.gate.set()

    assert second.status_code == 409
    assert second.json()["type"] == "/problems/still-running"
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 201


async def test_a_key_whose_request_failed_is_free_again(site: EditedSite):
    site.catalog.error = errors.UnavailableError("no database")
    failed = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")
    site.catalog.error = None

    again = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")

    assert (failed.status_code, again.status_code) == (503, 201)
    ids = {request.request_id for name, request in site.catalog.calls if name == "CreateShow"}
    assert len(ids) == 1


async def test_a_write_whose_answer_cannot_be_noted_is_a_write_all_the_same(site: EditedSite):
    site.idempotency.complete_error = errors.UnavailableError("no database")

    response = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="one")

    assert response.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_what_is_no_key_is_refused(site: EditedSite, key: str):
    response = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key=key)

    assert response.status_code == 400


async def test_a_repeated_api_token_is_not_told_again(site: EditedSite):
    body = {"name": "a program", "scopes": ["read"]}

    first = await site.desk.ask("POST", "/api-tokens", body, idempotency_key="one")
    second = await site.desk.ask("POST", "/api-tokens", body, idempotency_key="one")

    token = first.json()["token"]
    assert token.startswith("tvt_")
    assert second.json() == {**first.json(), "token": None}
    [(_, stored)] = site.idempotency.kept.values()
    assert isinstance(stored, idempotency_pb.StoredResponse)
    assert token.encode() not in stored.body


async def test_an_own_read_shows_the_own_write(site: EditedSite):
    written = await site.desk.ask("PATCH", "/shows/1", {"name": "New"}, if_match="*")
    revision = int(written.headers["catalog-revision"])
    cookies = [one for one in written.headers.get_list("set-cookie") if "revision" in one]

    await site.desk.ask("GET", "/shows")
    program = await site.desk.with_api_token("read")
    await program.ask("GET", "/shows/1", catalog_revision=str(revision))

    assert len(cookies) == 1
    assert "Max-Age=60" in cookies[0]
    reads = {
        name: request.min_revision
        for name, request in site.catalog.calls
        if name in ("ListShows", "GetShow")
    }
    assert all(min_revision >= revision for min_revision in reads.values())
    assert len(reads) == 2


async def test_the_featured_show_is_set_and_cleared(site: EditedSite):
    none = await site.desk.ask("PUT", "/featured-show", {"showId": None}, if_match="*")
    one = await site.desk.ask("PUT", "/featured-show", {"showId": 3}, if_match=none.headers["etag"])
    late = await site.desk.ask(
        "PUT", "/featured-show", {"showId": 4}, if_match=none.headers["etag"]
    )
    cleared = await site.desk.ask(
        "PUT", "/featured-show", {"showId": None}, if_match=one.headers["etag"]
    )

    assert none.json() == {"show": None}
    assert one.json()["show"]["id"] == 3
    assert (late.status_code, cleared.json()) == (412, {"show": None})


async def test_a_picture_is_uploaded_and_given_to_a_show(site: EditedSite):
    uploaded = await site.desk.ask("POST", "/images", content=PNG, content_type="image/png")
    given = await site.desk.ask(
        "PUT", "/shows/1/image", {"imageId": uploaded.json()["id"]}, if_match='"1"'
    )
    taken = await site.desk.ask("DELETE", "/shows/1/image", if_match=given.headers["etag"])

    assert uploaded.status_code == 201
    assert uploaded.headers["location"] == uploaded.json()["url"] == "/images/picture-1"
    assert given.json()["cover"]["url"] == "/images/picture-1"
    assert taken.json()["image"] is None


async def test_a_picture_is_bounded_and_looked_at(site: EditedSite):
    large = b"\0" * (3 * 1_048_576 + 1)
    too_large = await site.desk.ask("POST", "/images", content=large, content_type="image/png")
    no_picture = await site.desk.ask("POST", "/images", content=b"x", content_type="image/png")

    assert (too_large.status_code, no_picture.status_code) == (413, 400)


async def test_a_category_is_made_with_rules_of_every_kind(site: EditedSite):
    made = await site.desk.ask("POST", "/categories", {"name": "Calm", "rules": RULES})

    _, request = site.catalog.calls[-1]
    assert made.status_code == 201
    assert request.category.active
    assert request.category.rules == category_pb2.CategoryRules(
        logic=filter_pb2.MATCH_ANY,
        rules=[
            category_pb2.CategoryRule(
                field="stimulation",
                operator="range",
                range=category_pb2.CategoryRuleRange(max=2),
            ),
            category_pb2.CategoryRule(
                field="themes",
                operator="in",
                texts=category_pb2.CategoryRuleTexts(values=["music", "nature"]),
            ),
            category_pb2.CategoryRule(field="creator", operator="contains", text="BBC"),
            category_pb2.CategoryRule(field="ongoing", operator="equals", flag=True),
        ],
    )


async def test_rules_are_changed_whole(site: EditedSite):
    half = await site.desk.ask("PATCH", "/categories/1", {"rules": {"logic": "OR"}}, if_match="*")
    whole = await site.desk.ask(
        "PATCH", "/categories/1", {"rules": RULES, "active": None}, if_match="*"
    )

    assert set(wrong_fields(half)) == {"#/rules"}
    assert whole.json()["rules"]["logic"] == "OR"
    assert whole.json()["active"] is True


async def test_rules_are_tried_without_a_write(site: EditedSite):
    response = await site.desk.ask("POST", "/category-preview", {"rules": RULES, "limit": 2})

    assert response.status_code == 200
    assert (len(response.json()["shows"]), response.json()["totalSize"]) == (2, 302)
    assert site.catalog.revision == 7


async def test_categories_are_listed_inactive_too_and_reordered(site: EditedSite):
    await site.desk.ask("PATCH", "/categories/1", {"active": False}, if_match="*")
    listed = (await site.desk.ask("GET", "/categories?pageSize=50")).json()["categories"]
    order = await site.desk.ask("GET", "/category-order")
    backwards = order.json()["ids"][::-1]

    moved = await site.desk.ask(
        "PUT", "/category-order", {"ids": backwards}, if_match=order.headers["etag"]
    )
    late = await site.desk.ask(
        "PUT", "/category-order", {"ids": backwards}, if_match=order.headers["etag"]
    )
    short = await site.desk.ask(
        "PUT", "/category-order", {"ids": [1]}, if_match=moved.headers["etag"]
    )

    assert [one["active"] for one in listed if one["id"] == 1] == [False]
    assert moved.json() == {"ids": backwards}
    assert late.status_code == 412
    assert wrong_fields(short) == {"#/ids": "must name every category exactly once"}


async def test_research_is_made_changed_and_removed(site: EditedSite):
    body = {"title": "T", "summary": "S", "category": "Sleep", "keyFindings": ["one"]}
    made = await site.desk.ask("POST", "/research", body)
    path = made.headers["location"].removeprefix("/v1/admin")
    changed = await site.desk.ask("PATCH", path, {"doi": "10.1/x"}, if_match=made.headers["etag"])
    removed = await site.desk.ask("DELETE", path, if_match=changed.headers["etag"])

    assert (made.json()["keyFindings"], changed.json()["doi"]) == (["one"], "10.1/x")
    assert removed.status_code == 204
    assert (await site.desk.ask("GET", "/research?category=Sleep")).json()["totalSize"] == 0


async def test_themes_are_made_renamed_merged_and_removed(site: EditedSite):
    made = await site.desk.ask("POST", "/themes", {"name": "Songs"})
    path = made.headers["location"].removeprefix("/v1/admin")
    named = await site.desk.ask("PATCH", path, {"name": "Song"}, if_match=made.headers["etag"])
    merged = await site.desk.ask(
        "POST", f"{path}/merge", {"into": "music"}, if_match=named.headers["etag"]
    )
    kept = await site.desk.ask("GET", "/themes/music")
    removed = await site.desk.ask("DELETE", "/themes/music", if_match=kept.headers["etag"])

    assert path == "/themes/songs"
    assert named.json()["name"] == "Song"
    assert merged.json()["changedShowCount"] == 3
    assert merged.json()["theme"]["slug"] == "music"
    assert removed.status_code == 204
    assert (await site.desk.ask("GET", path)).status_code == 404
    assert (await site.desk.ask("GET", "/platforms")).json()["platforms"]


async def test_lists_of_shows_have_every_filter_and_page(site: EditedSite):
    first = (await site.desk.ask("GET", "/shows?maxStimulation=2&pageSize=2")).json()
    token = first["nextPageToken"]
    second = await site.desk.ask("GET", f"/shows?maxStimulation=2&pageSize=2&pageToken={token}")
    wrong = await site.desk.ask("GET", "/shows?minAge=x&nope=1")

    assert {show["stimulation"] for show in first["shows"]} <= {1, 2}
    assert first["shows"] != second.json()["shows"]
    assert set(wrong_fields(wrong)) == {"#/minAge", "#/nope"}


async def test_the_audit_log_is_asked_with_every_condition(site: EditedSite):
    response = await site.desk.ask(
        "GET",
        "/audit?editorId=1&kind=show&resourceId=17&action=update&from=2026-01-01T00:00:00%2B01:00"
        "&to=2027-01-01T00:00:00Z&pageSize=5",
    )

    [entry] = response.json()["entries"]
    assert entry["actor"] == {
        "kind": "editor", "editorId": 1, "editorEmail": "ada@example.com", "apiTokenId": None,
    }  # fmt: skip
    assert entry["before"] == {
        "name": "Old", "stimulation": 2, "themes": ["music"], "senses": {"music": 1},
    }  # fmt: skip
    assert entry["after"]["stimulation"] == 2.5
    [(_, request)] = site.audit.calls
    assert request.from_time.ToJsonString() == "2025-12-31T23:00:00Z"
    assert (request.editor_id, request.resource_id, request.page_size) == (1, "17", 5)
    assert set(wrong_fields(await site.desk.ask("GET", "/audit?from=today"))) == {"#/from"}


async def test_statistics_are_told(site: EditedSite):
    statistics = (await site.desk.ask("GET", "/statistics")).json()

    assert statistics["showCount"] == 302
    assert statistics["database"]["serverVersion"] == "17.6"
    assert statistics["featuredShow"] is None


async def test_a_session_that_asks_too_often_waits_whatever_its_address():
    async with edited(limit_write="3/60", trusted_proxies="127.0.0.1") as site:
        answers = [
            await site.desk.ask(
                "POST",
                "/category-preview",
                {"rules": RULES},
                x_forwarded_for=f"192.0.2.{number}",
            )
            for number in range(4)
        ]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert int(answers[3].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/shows/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/session", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/images", "OPTIONS, POST"),
    ],
)
async def test_other_methods_are_405_with_those_allowed(site: EditedSite, path: str, allowed: str):
    refused = await site.desk.ask("TRACE", path)
    options = await site.desk.ask("OPTIONS", path)

    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert (options.status_code, options.headers["allow"]) == (204, allowed)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/nope", "/shows/", "/shows/0", "/shows/x", "/shows/99999999999999999999",
     "/shows/1/nope", "/themes/Not%20A%20Slug", "/shows/%FF", "/shows/a%2Fb"],
)  # fmt: skip
async def test_what_is_not_there_is_404(site: EditedSite, path: str):
    response = await site.desk.ask("GET", path)

    assert response.status_code == 404
    assert response.headers["content-type"] == PROBLEM


async def test_head_is_get_without_a_body(site: EditedSite):
    got, head = [await site.desk.ask(method, "/shows/1") for method in ("GET", "HEAD")]

    assert head.content == b""
    assert (head.status_code, head.headers["etag"]) == (200, got.headers["etag"])


async def test_a_bug_of_the_catalogue_leaks_nothing(site: EditedSite):
    site.catalog.error = RuntimeError("password=hunter2")

    response = await site.desk.ask("POST", "/shows", NEW_SHOW)

    assert response.status_code == 500
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text


async def test_a_catalogue_that_hangs_costs_the_deadline():
    async with edited(admin_timeout_seconds=0.2) as site:
        await site.desk.ask("GET", "/session")
        site.catalog.gate.clear()

        response = await site.desk.ask("GET", "/shows/1")

    assert response.status_code == 503


@pytest.mark.integration
async def test_redis_goes_and_an_editor_notices_nothing(redis_server):
    async with edited(redis_url=redis_server.url) as site:
        made = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="once")
        path = made.headers["location"].removeprefix("/v1/admin")
        redis_server.stop()

        repeated = await site.desk.ask("POST", "/shows", NEW_SHOW, idempotency_key="once")
        changed = await site.desk.ask(
            "PATCH", path, {"name": "Red Day"}, if_match=made.headers["etag"]
        )
        signed_in = await site.stranger().sign_in()

    assert (repeated.status_code, repeated.json()) == (201, made.json())
    assert (changed.status_code, changed.json()["name"]) == (200, "Red Day")
    assert signed_in.status_code == 201
