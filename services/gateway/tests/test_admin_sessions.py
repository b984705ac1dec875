"""Who gets in: sessions, API tokens, CSRF, and what is remembered of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tantrum_kit import errors

from .conftest import eventually, sited
from .editing import EditedSite, edited
from .fake_editing import EMAIL, PASSWORD, digest

PROBLEM = "application/problem+json; charset=utf-8"


@pytest.fixture
async def site() -> AsyncIterator[EditedSite]:
    async with edited() as one:
        yield one


async def test_an_editor_signs_in_works_and_signs_out(site: EditedSite):
    desk = site.stranger()

    signed_in = await desk.sign_in()
    who = await desk.ask("GET", "/session")
    signed_out = await desk.ask("DELETE", "/session")
    after = await desk.ask("GET", "/session")

    assert signed_in.status_code == 201
    assert signed_in.json()["editor"]["email"] == EMAIL
    assert who.json() == signed_in.json()
    assert signed_out.status_code == 204
    assert "Max-Age=0" in signed_out.headers["set-cookie"]
    assert after.status_code == 401


@pytest.mark.parametrize(
    ("headers", "name", "secure"),
    [
        pytest.param({"host": "tvtantrum.com"}, "__Host-tantrum_session", "Secure", id="a site"),
        pytest.param({"host": "localhost:8080"}, "tantrum_session", "", id="this machine"),
        pytest.param({"host": "127.0.0.1"}, "tantrum_session", "", id="its address"),
        pytest.param({"host": "[::1]:80"}, "tantrum_session", "", id="its IPv6 address"),
        pytest.param(
            {"host": "localhost.evil.com"}, "__Host-tantrum_session", "Secure", id="a trick"
        ),
    ],
)
async def test_the_cookie_is_as_safe_as_browsers_can(
    site: EditedSite, headers: dict[str, str], name: str, secure: str
):
    response = await site.stranger().ask(
        "POST", "/session", {"email": EMAIL, "password": PASSWORD}, **headers
    )

    first, *rest = response.headers["set-cookie"].split("; ")
    assert first.partition("=")[0] == name
    assert set(rest) == {"Path=/", "HttpOnly", "SameSite=Lax"} | ({secure} - {""})


async def test_only_the_cookie_of_its_kind_is_believed(site: EditedSite):
    stranger = site.stranger()
    token = site.desk.http.cookies["tantrum_session"]
    forged = f"tantrum_session={token}"

    response = await stranger.ask("GET", "/session", host="tvtantrum.com", cookie=forged)
    right = await stranger.ask("GET", "/session", host="tvtantrum.com", cookie=f"__Host-{forged}")

    assert (response.status_code, right.status_code) == (401, 200)


async def test_a_wrong_password_is_401_and_says_nothing_more(site: EditedSite):
    response = await site.stranger().sign_in(password="wrong")

    assert response.status_code == 401
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "set-cookie" not in response.headers


async def test_too_many_attempts_are_429_with_the_time_to_wait(site: EditedSite):
    site.editors.error = errors.ExhaustedError("too many failed sign-ins", retry_after_seconds=73)

    response = await site.stranger().sign_in()

    assert response.status_code == 429
    assert response.headers["retry-after"] == "73"


async def test_the_catalogue_hears_whence_a_sign_in_comes(site: EditedSite):
    assert site.editors.client_addresses == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/session"), ("GET", "/shows"), ("DELETE", "/session"), ("POST", "/shows")],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "tantrum_session=forged-token-of-some-length"},
        {"cookie": "tantrum_session="},
        {"authorization": "Bearer tvt_forged-token-of-some-length"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer"},
    ],
)
async def test_a_stranger_gets_nowhere(site: EditedSite, method: str, path: str, headers):
    response = await site.stranger().ask(method, path, **headers)

    assert response.status_code == 401
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 204, id="the token"),
        pytest.param({"x_csrf_token": ""}, 403, id="no token"),
        pytest.param({"x_csrf_token": "guessed"}, 403, id="a wrong token"),
        pytest.param({"sec_fetch_site": "same-origin"}, 204, id="from here"),
        pytest.param({"sec_fetch_site": "cross-site"}, 403, id="from another site"),
        pytest.param({"sec_fetch_site": "same-site"}, 403, id="from a sister of ours"),
        pytest.param({"origin": "https://evil.example"}, 403, id="from another origin"),
        pytest.param({"origin": "null"}, 403, id="from no origin"),
    ],
)
async def test_a_session_changes_things_only_from_our_own_pages(
    site: EditedSite, headers: dict[str, str], status: int
):
    assert (await site.desk.ask("DELETE", "/session", **headers)).status_code == status


async def test_signing_in_from_another_site_is_refused(site: EditedSite):
    response = await site.stranger().ask(
        "POST", "/session", {"email": EMAIL, "password": PASSWORD}, sec_fetch_site="cross-site"
    )

    assert response.status_code == 403
    assert response.json()["type"] == "/problems/cross-site"


async def test_a_csrf_token_is_good_for_its_own_session_only(site: EditedSite):
    other = site.stranger()
    await other.sign_in()

    response = await site.desk.ask("DELETE", "/session", x_csrf_token=other.csrf_token)

    assert response.status_code == 403


async def test_a_session_is_asked_about_once_in_a_while():
    async with edited(identity_ttl_seconds=60) as site:
        for _ in range(5):
            assert (await site.desk.ask("GET", "/session")).status_code == 200

        assert [name for name, _ in site.editors.calls].count("GetSession") == 1


async def test_a_session_that_ended_elsewhere_is_good_for_the_ttl_and_no_longer():
    async with edited(identity_ttl_seconds=0) as site:
        assert (await site.desk.ask("GET", "/session")).status_code == 200

        site.editors.sessions.clear()

        assert (await site.desk.ask("GET", "/session")).status_code == 401


async def test_a_session_that_ended_elsewhere_is_soon_over_here():
    async with edited() as site:
        assert (await site.desk.ask("GET", "/session")).status_code == 200

        site.editors.sessions.clear()

        async def over() -> bool:
            return (await site.desk.ask("GET", "/session")).status_code == 401

        await eventually(over)


async def test_a_session_that_ended_here_is_gone_at_once():
    async with edited(identity_ttl_seconds=60) as site:
        await site.desk.ask("GET", "/session")
        cookie = f"tantrum_session={site.desk.http.cookies['tantrum_session']}"

        await site.desk.ask("DELETE", "/session")

        assert (await site.stranger().ask("GET", "/session", cookie=cookie)).status_code == 401


async def test_a_new_password_ends_the_other_sessions_and_all_api_tokens():
    async with edited(identity_ttl_seconds=60) as site:
        other = site.stranger()
        await other.sign_in()
        program = await site.desk.with_api_token("read")
        assert (await other.ask("GET", "/session")).status_code == 200
        assert (await program.ask("GET", "/shows")).status_code == 200

        response = await site.desk.ask(
            "PUT",
            "/session/password",
            {"currentPassword": PASSWORD, "newPassword": "another long password"},
        )

        assert response.status_code == 200
        assert (await site.desk.ask("GET", "/session")).status_code == 200
        assert (await other.ask("GET", "/session")).status_code == 401
        assert (await program.ask("GET", "/shows")).status_code == 401


async def test_a_sessions_token_is_no_api_token_and_the_other_way_round():
    async with edited(identity_ttl_seconds=60) as site:
        program = await site.desk.with_api_token("read")
        assert (await program.ask("GET", "/session")).status_code == 200
        assert (await site.desk.ask("GET", "/session")).status_code == 200
        session_token = site.desk.http.cookies["tantrum_session"]
        api_token = program.headers["authorization"].removeprefix("Bearer ")

        swapped = [
            await site.stranger().ask("GET", "/session", authorization=f"Bearer {session_token}"),
            await site.stranger().ask("GET", "/session", cookie=f"tantrum_session={api_token}"),
        ]

        assert [one.status_code for one in swapped] == [401, 401]


async def test_sessions_are_listed_and_ended(site: EditedSite):
    other, third = site.stranger(), site.stranger()
    number = (await other.sign_in()).json()["session"]["id"]
    await third.sign_in()

    listed = (await site.desk.ask("GET", "/sessions")).json()["sessions"]
    ended = await site.desk.ask("DELETE", f"/sessions/{number}")
    others = await site.desk.ask("DELETE", "/sessions")

    assert len(listed) == 3
    assert ended.status_code == 204
    assert (await other.ask("GET", "/session")).status_code == 401
    assert others.json() == {"endedCount": 1}
    assert (await site.desk.ask("GET", "/session")).status_code == 200


async def test_a_program_writes_within_its_scopes_and_needs_no_csrf_token(site: EditedSite):
    program = await site.desk.with_api_token("shows:write")

    who = (await program.ask("GET", "/session")).json()
    written = await program.ask("PATCH", "/shows/1", {"stimulation": 4}, if_match="*")

    assert (who["session"], who["csrfToken"]) == (None, None)
    assert who["apiToken"]["scopes"] == ["shows:write"]
    assert written.status_code == 200
    assert site.catalog.last_writer["x-editor-id"] == "1"
    assert site.catalog.last_writer["x-api-token-id"] == str(who["apiToken"]["id"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/shows"), ("PATCH", "/categories/1"), ("DELETE", "/research/1"),
        ("POST", "/themes"), ("GET", "/audit"), ("GET", "/editors"), ("POST", "/api-tokens"),
        ("DELETE", "/session"), ("GET", "/sessions"), ("PUT", "/session/password"),
    ],
)  # fmt: skip
async def test_what_a_program_lacks_the_scope_for_is_403(site: EditedSite, method: str, path: str):
    program = await site.desk.with_api_token("shows:write")

    response = await program.ask(method, path, if_match="*")

    assert response.status_code == 403
    assert response.json()["type"] == "/problems/forbidden"


async def test_a_revoked_api_token_is_gone_at_once():
    async with edited(identity_ttl_seconds=60) as site:
        program = await site.desk.with_api_token("read")
        number = (await program.ask("GET", "/session")).json()["apiToken"]["id"]

        assert (await site.desk.ask("DELETE", f"/api-tokens/{number}")).status_code == 204

        assert (await program.ask("GET", "/session")).status_code == 401
        assert (await site.desk.ask("GET", "/api-tokens")).json() == {"apiTokens": []}


async def test_editors_are_made_changed_and_locked_out():
    async with edited(identity_ttl_seconds=60) as site:
        body = {"email": "bob@example.com", "password": "a long password too", "name": "Bob"}
        made = await site.desk.ask("POST", "/editors", body)
        path = made.headers["location"].removeprefix("/v1/admin")
        bob = site.stranger()
        assert (await bob.sign_in(body["email"], body["password"])).status_code == 201

        changed = await site.desk.ask(
            "PATCH", path, {"active": False}, if_match=made.headers["etag"]
        )
        late = await site.desk.ask("PATCH", path, {"name": "B."}, if_match=made.headers["etag"])

        assert (made.status_code, changed.status_code, late.status_code) == (201, 200, 412)
        assert changed.json()["active"] is False
        assert (await bob.ask("GET", "/session")).status_code == 401
        assert (await site.desk.ask("GET", path)).headers["etag"] == changed.headers["etag"]
        assert (await site.desk.ask("GET", "/editors")).json()["totalSize"] == 2


async def test_an_editor_resets_the_password_of_another_and_not_the_own(site: EditedSite):
    body = {"email": "bob@example.com", "password": "a long password too"}
    made = await site.desk.ask("POST", "/editors", body)
    path = made.headers["location"].removeprefix("/v1/admin")
    new = {"newPassword": "yet another password"}

    own = await site.desk.ask("PUT", "/editors/1/password", new, if_match="*")
    unsure = await site.desk.ask("PUT", f"{path}/password", new)
    other = await site.desk.ask("PUT", f"{path}/password", new, if_match=made.headers["etag"])

    assert (own.status_code, unsure.status_code, other.status_code) == (400, 428, 200)
    assert (await site.stranger().sign_in(body["email"], new["newPassword"])).status_code == 201


async def test_a_gateway_that_catalog_does_not_know_is_not_the_editors_fault():
    async with edited() as site:
        site.editors.error = errors.UnauthenticatedError("not one of us")
        site.editors.error.reason = "SERVICE_CREDENTIAL"

        response = await site.stranger().sign_in()

    assert response.status_code == 503


async def test_without_a_credential_there_is_no_admin_api():
    async with sited() as site:
        assert (await site.get("/v1/admin/session")).status_code == 404


async def test_no_token_travels_but_its_digest(site: EditedSite):
    await site.desk.ask("GET", "/session")
    token = site.desk.http.cookies["tantrum_session"]

    asked = [request for name, request in site.editors.calls if name == "GetSession"]

    assert [one.token_digest for one in asked] == [digest(token)]
    assert token.encode() not in asked[0].SerializeToString()
