"""What editors and their programs meet: the whole product, changed over HTTP."""

from __future__ import annotations

import concurrent.futures
import os
import struct
import subprocess
import zlib

import httpx
import pytest

from .conftest import CHECKOUT, wait_until

pytestmark = pytest.mark.e2e

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
NEW_SHOW = {
    "name": "Quiet Harbour",
    "description": "Boats come and go.",
    "ages": {"min": 2, "max": 5},
    "stimulation": 1,
    "senses": {"music": "low", "dialogue": "low-moderate"},
    "themes": [{"slug": "music"}],
}


class Editor:
    """A client that is signed in."""

    def __init__(self, address):
        self.http = httpx.Client(base_url=address, timeout=30)
        self.csrf_token = ""

    def ask(self, method, path, **more):
        headers = {"X-CSRF-Token": self.csrf_token} | more.pop("headers", {})
        return self.http.request(method, f"/v1/admin{path}", headers=headers, **more)

    def sign_in(self, email=EMAIL, password=PASSWORD):
        response = self.ask("POST", "/session", json={"email": email, "password": password})
        if response.status_code == 201:
            self.csrf_token = response.json()["csrfToken"]
        return response


@pytest.fixture(scope="module")
def address(running_product):
    """The address of a product that has one editor, made as its README says."""
    outcome = subprocess.run(
        [CHECKOUT / ".venv/bin/tantrum-catalog", "create-editor", EMAIL, "--name", "Ada"],
        env=os.environ | running_product.catalog_environment(),
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return running_product.address


@pytest.fixture
def editor(address):
    one = Editor(address)
    with one.http:
        assert one.sign_in().status_code == 201
        yield one


def made(response):
    """The path below /v1/admin, the tag and the resource of what was made."""
    assert response.status_code == 201, response.text
    path = response.headers["location"].removeprefix("/v1/admin")
    return path, response.headers["etag"], response.json()


def test_a_show_is_written_seen_by_everybody_and_removed(editor):
    path, tag, show = made(editor.ask("POST", "/shows", json=NEW_SHOW))
    public = f"/v1/shows/{show['slug']}"
    wait_until(lambda: editor.http.get(public).status_code == 200, 30)

    changed = editor.ask(
        "PATCH",
        path,
        json={"ages": {"max": None}, "senses": {"music": "high"}, "creator": "Nobody"},
        headers={"If-Match": tag},
    )
    late = editor.ask("PATCH", path, json={"name": "Mine"}, headers={"If-Match": tag})
    own = editor.ask("GET", path)

    assert changed.status_code == 200, changed.text
    assert changed.json()["senses"]["dialogue"] == "low-moderate"
    assert (late.status_code, own.json()) == (412, changed.json())
    wait_until(lambda: editor.http.get(public).json()["creator"] == "Nobody", 30)
    removed = editor.ask("DELETE", path, headers={"If-Match": changed.headers["etag"]})
    assert removed.status_code == 204
    assert editor.ask("GET", path).status_code == 404
    wait_until(lambda: editor.http.get(public).status_code == 404, 30)


def test_the_audit_log_says_who_when_before_and_after(editor):
    path, tag, show = made(editor.ask("POST", "/shows", json=NEW_SHOW))
    editor.ask(
        "PATCH", path, json={"stimulation": 3}, headers={"If-Match": tag, "X-Request-Id": "r-77"}
    )

    asked = f"/audit?kind=show&resourceId={show['id']}"
    newest, oldest = editor.ask("GET", asked).json()["entries"]

    assert (oldest["action"], oldest["before"]) == ("create", None)
    assert newest["action"] == "update"
    assert (newest["actor"]["editorEmail"], newest["requestId"]) == (EMAIL, "r-77")
    assert (newest["before"]["stimulation"], newest["after"]["stimulation"]) == (1, 3)
    assert newest["writeTime"] > oldest["writeTime"]


def test_many_repetitions_at_once_make_one_show(editor):
    def create(_):
        return editor.ask("POST", "/shows", json=NEW_SHOW, headers={"Idempotency-Key": "at once"})

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(create, range(16)))

    assert {one.status_code for one in responses} <= {201, 409}
    ids = {one.json()["id"] for one in responses if one.status_code == 201}
    assert len(ids) == 1
    assert create(0).headers["idempotency-replayed"] == "true"
    other = {**NEW_SHOW, "stimulation": 2}
    clash = editor.ask("POST", "/shows", json=other, headers={"Idempotency-Key": "at once"})
    assert clash.status_code == 422


def test_everything_that_is_wrong_with_a_show_is_named(editor):
    body = {**NEW_SHOW, "stimulation": 9, "ages": {"min": 7, "max": 3}, "name": " "}

    response = editor.ask("POST", "/shows", json=body)

    assert response.status_code == 400
    pointers = {one["pointer"] for one in response.json()["errors"]}
    assert {"#/stimulation", "#/name"} <= pointers
    assert pointers & {"#/ages/min", "#/ages/max"}


def test_a_program_stays_within_its_scopes_and_can_be_cut_off(editor):
    issued = editor.ask(
        "POST", "/api-tokens", json={"name": "nightly", "scopes": ["research:write"]}
    ).json()
    bearer = {"Authorization": f"Bearer {issued['token']}"}
    body = {"title": "Sleep", "summary": "More of it.", "category": "Sleep"}
    with httpx.Client(base_url=editor.http.base_url, headers=bearer, timeout=30) as program:
        written = program.post("/v1/admin/research", json=body)
        refused = program.post("/v1/admin/shows", json=NEW_SHOW)
        asked = f"/audit?kind=research&resourceId={written.json()['id']}"
        [entry] = editor.ask("GET", asked).json()["entries"]
        revoked = editor.ask("DELETE", f"/api-tokens/{issued['apiToken']['id']}")
        after = program.get("/v1/admin/session")

    assert (written.status_code, refused.status_code) == (201, 403)
    assert entry["actor"]["apiTokenId"] == issued["apiToken"]["id"]
    assert (revoked.status_code, after.status_code) == (204, 401)


def test_categories_are_tried_made_reordered_and_removed(editor):
    rules = {
        "logic": "AND",
        "rules": [{"field": "stimulation", "operator": "range", "value": {"max": 2}}],
    }
    preview = editor.ask("POST", "/category-preview", json={"rules": rules})
    path, _, category = made(
        editor.ask("POST", "/categories", json={"name": "Trial", "rules": rules, "active": False})
    )
    order = editor.ask("GET", "/category-order")
    moved = [category["id"], *(one for one in order.json()["ids"] if one != category["id"])]
    reordered = editor.ask(
        "PUT", "/category-order", json={"ids": moved}, headers={"If-Match": order.headers["etag"]}
    )
    late = editor.ask(
        "PUT", "/category-order", json={"ids": moved}, headers={"If-Match": order.headers["etag"]}
    )
    now = editor.ask("GET", path)
    removed = editor.ask("DELETE", path, headers={"If-Match": now.headers["etag"]})

    assert preview.json()["totalSize"] == category["showCount"] > 12
    assert len(preview.json()["shows"]) == 12
    assert (reordered.json()["ids"], late.status_code) == (moved, 412)
    assert now.json()["displayOrder"] < 2
    assert removed.status_code == 204


def test_of_many_who_know_the_same_order_one_wins(editor):
    order = editor.ask("GET", "/category-order")
    ids = order.json()["ids"]
    rotated = [ids[turn:] + ids[:turn] for turn in range(1, 7)]

    def reorder(wanted):
        return editor.ask(
            "PUT",
            "/category-order",
            json={"ids": wanted},
            headers={"If-Match": order.headers["etag"]},
        ).status_code

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(reorder, rotated))

    assert statuses == [200, 412, 412, 412, 412, 412]


def test_a_theme_is_renamed_in_its_shows_and_merged_away(editor):
    path, tag, _ = made(editor.ask("POST", "/themes", json={"name": "Boats"}))
    themes = [{"slug": "boats"}, {"slug": "music"}]
    show_path, _, _ = made(editor.ask("POST", "/shows", json={**NEW_SHOW, "themes": themes}))

    renamed = editor.ask(
        "PATCH", path, json={"name": "Ships"}, headers={"If-Match": editor_tag(editor, path)}
    )
    labels = editor.ask("GET", show_path).json()["themes"]
    merged = editor.ask(
        "POST",
        f"{path}/merge",
        json={"into": "nature"},
        headers={"If-Match": renamed.headers["etag"]},
    )
    after = editor.ask("GET", show_path).json()["themes"]

    assert tag
    assert {"slug": "boats", "name": "Ships"} in labels
    assert merged.json()["changedShowCount"] == 1
    assert {one["slug"] for one in after} == {"nature", "music"}
    assert editor.ask("GET", path).status_code == 404


def editor_tag(editor, path):
    return editor.ask("GET", path).headers["etag"]


def test_a_picture_replaces_the_drawn_cover(editor):
    path, tag, _ = made(editor.ask("POST", "/shows", json=NEW_SHOW))
    picture = png(4, 6)
    uploaded = editor.ask(
        "POST", "/images", content=picture, headers={"Content-Type": "image/png"}
    ).json()
    no_picture = editor.ask(
        "POST", "/images", content=b"GIF", headers={"Content-Type": "image/png"}
    )

    given = editor.ask(
        "PUT", f"{path}/image", json={"imageId": uploaded["id"]}, headers={"If-Match": tag}
    )

    assert (uploaded["width"], uploaded["height"]) == (4, 6)
    assert given.json()["cover"]["url"] == uploaded["url"]
    assert editor.http.get(uploaded["url"]).content == picture
    assert no_picture.status_code == 400


def png(width, height):
    """A grey picture."""

    def chunk(name, content):
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_the_featured_show_changes_for_who_knows_it(editor):
    present = editor.ask("GET", "/featured-show")
    other = 1 if present.json()["show"]["id"] != 1 else 2

    changed = editor.ask(
        "PUT",
        "/featured-show",
        json={"showId": other},
        headers={"If-Match": present.headers["etag"]},
    )
    late = editor.ask(
        "PUT", "/featured-show", json={"showId": 5}, headers={"If-Match": present.headers["etag"]}
    )

    assert changed.json()["show"]["id"] == other
    assert (late.status_code, editor.ask("GET", "/featured-show").json()) == (412, changed.json())


def test_the_overview_counts_everything(editor):
    statistics = editor.ask("GET", "/statistics").json()

    assert statistics["showCount"] >= 302
    assert (
        sum(one["showCount"] for one in statistics["stimulationCounts"])
        == (statistics["showCount"])
    )
    assert statistics["database"]["serverVersion"]
    assert statistics["activeEditorCount"] >= 1


def test_an_editor_who_is_locked_out_is_out(editor):
    body = {"email": "bob@example.com", "password": "another long password", "name": "Bob"}
    path, tag, _ = made(editor.ask("POST", "/editors", json=body))
    bob = Editor(str(editor.http.base_url))
    with bob.http:
        assert bob.sign_in(body["email"], body["password"]).status_code == 201

        locked = editor.ask("PATCH", path, json={"active": False}, headers={"If-Match": tag})

        assert locked.status_code == 200, locked.text
        assert bob.ask("GET", "/session").status_code == 401
        assert bob.sign_in(body["email"], body["password"]).status_code == 401
    own = editor.ask("PATCH", "/editors/1", json={"active": False}, headers={"If-Match": "*"})
    assert own.status_code == 400


def test_a_new_password_ends_other_sessions(editor):
    body = {"email": "eve@example.com", "password": "the first password"}
    made(editor.ask("POST", "/editors", json=body))
    here, there = Editor(str(editor.http.base_url)), Editor(str(editor.http.base_url))
    with here.http, there.http:
        for one in (here, there):
            assert one.sign_in(body["email"], body["password"]).status_code == 201
        new = {"currentPassword": body["password"], "newPassword": "the second password"}

        wrong = here.ask("PUT", "/session/password", json={**new, "currentPassword": "wrong"})
        changed = here.ask("PUT", "/session/password", json=new)

        assert (wrong.status_code, changed.status_code) == (400, 200)
        assert here.ask("GET", "/session").status_code == 200
        assert there.ask("GET", "/session").status_code == 401


def test_guessing_passwords_is_throttled(address):
    stranger = Editor(address)
    with stranger.http:
        statuses = [
            stranger.sign_in("mallory@example.com", f"guess {number}").status_code
            for number in range(12)
        ]
        last = stranger.sign_in("mallory@example.com", "once more")

    assert statuses[0] == 401
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) > 0
