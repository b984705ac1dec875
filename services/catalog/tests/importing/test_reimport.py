"""A later import: what was written here since stays, and what changed there comes in."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re

import bcrypt
import pytest
from tantrum_catalog.domain.editor import account_key
from tantrum_catalog.domain.editors import Editors
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher
from tantrum_catalog.storage.postgres_editors import PostgresEditorStore
from tantrum_kit import postgres
from tantrum_kit.errors import CallerError

from .old_database import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, few_shows

pytestmark = pytest.mark.integration

SHOWS = "catalog_tv_shows"


@pytest.fixture
async def imported(site):
    """A site after its first import."""
    await few_shows().write(site.old)
    await site.import_all()
    return site


async def edit(site, sql, *arguments):
    """Write as the service does: a new revision, which the rows carry."""
    async with site.new.transaction():
        revision = await site.new.fetchval(
            "UPDATE catalog.head SET revision = revision + 1 RETURNING revision"
        )
        await site.new.execute(sql, revision, *arguments)


async def edit_show(site, show_id=1, name="Ours"):
    await edit(
        site, "UPDATE catalog.show SET name = $2, revision = $1 WHERE id = $3", name, show_id
    )


def kept(report, table=SHOWS):
    return [str(one) for one in report.table(table).kept]


async def name_of(site, show_id=1):
    return await site.new.fetchval("SELECT name FROM catalog.show WHERE id = $1", show_id)


async def test_a_row_that_was_edited_here_is_kept_and_reported(imported):
    await edit_show(imported)

    report = await imported.import_all()

    assert kept(report) == ["show 1 A for Adley: it was edited here"]
    assert await name_of(imported) == "Ours"
    assert report.revision is None


async def test_a_row_that_was_edited_on_both_sides_says_so(imported):
    await edit_show(imported)
    await imported.old.execute("UPDATE catalog_tv_shows SET creator = 'Theirs' WHERE id = 1")

    for _ in range(2):
        report = await imported.import_all()

        assert kept(report) == [
            "show 1 A for Adley: it was edited here, and changed in the source as well"
        ]
    assert await name_of(imported) == "Ours"


async def test_a_row_that_changed_in_the_source_is_updated_in_one_revision(imported):
    await imported.old.execute(
        """
        UPDATE catalog_tv_shows
        SET themes = ARRAY['Music', 'Dance'], name = 'Adley', image_url = '/a.jpg' WHERE id = 1
        """
    )

    report = await imported.import_all()

    shows = report.table(SHOWS)
    assert (shows.updated, shows.unchanged, report.revision) == (1, 2, 2)
    row = await imported.new.fetchrow("SELECT * FROM catalog.show WHERE id = 1")
    assert (row["name"], row["slug"], row["revision"]) == ("Adley", "a-for-adley", 2)
    assert row["sort_name"] == "adley"
    assert row["update_time"] == imported.now
    assert row["theme_slugs"] == ["music", "dance"]
    joined = await imported.new.fetch(
        "SELECT theme_slug FROM catalog.show_theme WHERE show_id = 1 ORDER BY position"
    )
    assert [theme for (theme,) in joined] == ["music", "dance"]
    changes = await imported.new.fetch(
        "SELECT kind, slug FROM catalog.change WHERE revision = 2 ORDER BY ordinal"
    )
    assert [tuple(change) for change in changes] == [
        ("theme", "dance"),
        ("theme", "music"),
        ("show", "a-for-adley"),
    ]


async def test_an_update_of_the_source_can_be_followed_by_another(imported):
    for name in ("Adley", "Adley Again"):
        await imported.old.execute("UPDATE catalog_tv_shows SET name = $1 WHERE id = 1", name)

        report = await imported.import_all()

        assert report.table(SHOWS).updated == 1
        assert await name_of(imported) == name


async def test_a_row_that_was_deleted_here_is_not_brought_back(imported):
    await edit(imported, "DELETE FROM catalog.show WHERE id = 1 AND $1 > 0")

    report = await imported.import_all()

    assert kept(report) == ["show 1 A for Adley: it was deleted here"]
    assert await name_of(imported) is None


async def test_a_row_that_is_gone_from_the_source_stays_and_is_reported(imported):
    await imported.old.execute("DELETE FROM catalog_tv_shows WHERE id = 1")

    report = await imported.import_all()

    assert [one.row for one in report.table(SHOWS).gone] == ["show 1"]
    assert await name_of(imported) == "A for Adley"
    assert report.table(SHOWS).rows_in == 2


async def test_a_show_that_was_made_here_is_kept_even_under_an_old_id(site):
    old = few_shows()
    await old.write(site.old)
    await site.import_all()
    await site.new.execute("DELETE FROM catalog.import_row WHERE kind = 'show' AND key = '1'")
    await edit_show(site)

    report = await site.import_all()

    assert kept(report) == ["show 1 A for Adley: it was made here, not by an import"]
    assert any("migrated and not seeded" in notice for notice in report.notices)


async def test_a_new_show_gets_a_slug_that_is_free_here(imported):
    await imported.old.execute(
        """
        INSERT INTO catalog_tv_shows
            (id, name, description, age_range, episode_length, stimulation_score)
        VALUES (900, 'A for Adley', 'Another one.', '3-5', 10, 2)
        """
    )

    report = await imported.import_all()

    rows = await imported.new.fetch("SELECT id, slug FROM catalog.show WHERE id IN (1, 900)")
    assert dict(rows) == {1: "a-for-adley", 900: "a-for-adley-900"}
    assert report.table(SHOWS).inserted == 1


async def test_a_new_category_gets_a_slug_that_is_free_here(imported):
    await imported.old.execute(
        "INSERT INTO homepage_categories (id, name) SELECT 900, name FROM homepage_categories"
    )

    await imported.import_all()

    rows = await imported.new.fetch("SELECT id, slug, rules FROM catalog.category ORDER BY id")
    assert [(row["id"], row["slug"]) for row in rows] == [(1, "calm"), (900, "calm-2")]
    assert json.loads(rows[1]["rules"]) == {"logic": "AND", "rules": []}


async def test_the_featured_show_moves_with_the_source(imported):
    for show_id in (2, 1, 3):
        await imported.old.execute("UPDATE catalog_tv_shows SET is_featured = (id = $1)", show_id)

        await imported.import_all()

        assert await featured(imported) == [show_id]


async def test_a_show_that_was_featured_here_stays_the_featured_one(imported):
    await edit(imported, "UPDATE catalog.show SET featured = true, revision = $1 WHERE id = 3")
    await imported.old.execute("UPDATE catalog_tv_shows SET is_featured = (id = 2)")

    report = await imported.import_all()

    assert await featured(imported) == [3]
    assert ("show 2 Ada Twist, Scientist", "show 3 is the featured one here") in {
        (one.row, one.reason) for one in report.table(SHOWS).corrections
    }


async def featured(site):
    rows = await site.new.fetch("SELECT id FROM catalog.show WHERE featured")
    return [show_id for (show_id,) in rows]


async def test_a_password_changed_in_the_source_comes_in_until_one_is_set_here(imported):
    hasher = ThreadedPasswordHasher(memory_kib=64, passes=1)
    async with postgres.opened(
        imported.new_server, postgres.Limits(size_min=0), unavailable=CatalogUnavailableError
    ) as database:
        store = PostgresEditorStore(database, now=lambda: imported.now)
        editors = Editors(store, hasher, now=lambda: imported.now + dt.timedelta(seconds=1))
        await editors.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)

        await set_old_password(imported, "their new one")
        report = await imported.import_all()
        assert report.table("users").updated == 1
        await editors.sign_in(ADMIN_EMAIL, "their new one")

        await editors.change_password(
            email=ADMIN_EMAIL, current="their new one", new="chosen here for good"
        )
        await set_old_password(imported, "too late for this")
        report = await imported.import_all()
        assert kept(report, "users") == [
            "user 7: it was edited here, and changed in the source as well"
        ]
        await editors.sign_in(ADMIN_EMAIL, "chosen here for good")
        with pytest.raises(CallerError):
            await editors.sign_in(ADMIN_EMAIL, "too late for this")


async def test_an_editor_who_was_renamed_here_is_left_alone(imported):
    async with postgres.opened(
        imported.new_server, postgres.Limits(size_min=0), unavailable=CatalogUnavailableError
    ) as database:
        store = PostgresEditorStore(database, now=lambda: imported.now)
        editor = (await store.find(account_key(ADMIN_EMAIL))).editor
        await store.put(dataclasses.replace(editor, name="Renamed"), expected_revision=1)
        await imported.old.execute("UPDATE users SET first_name = 'Other'")

        report = await imported.import_all()

        assert kept(report, "users") == [
            "user 7: it was edited here, and changed in the source as well"
        ]
        assert (await store.account(editor.id)).editor.name == "Renamed"


async def test_an_import_that_writes_is_in_the_audit_log_and_one_that_does_not_is_not(imported):
    await imported.import_all()

    [entry] = await imported.new.fetch(
        "SELECT actor_kind, action, after->>'show' AS shows FROM catalog.audit"
    )
    assert tuple(entry) == ("command", "load", str(len(await shows(imported))))


async def shows(site):
    return await site.new.fetch("SELECT id FROM catalog.show")


async def set_old_password(site, password):
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    await site.old.execute("UPDATE users SET password = $1", hashed)


async def test_an_editor_who_is_no_administrator_any_more_is_reported(imported):
    await imported.old.execute("UPDATE users SET is_admin = false")

    report = await imported.import_all()

    [gone] = report.table("users").gone
    assert str(gone) == (
        "editor 7: no administrator in the source any more; what an earlier import wrote stays here"
    )


async def test_an_editor_with_the_same_email_here_is_kept(site):
    await few_shows().write(site.old)
    await site.new.execute(
        """
        INSERT INTO catalog.editor
            (email, account_key, password_hash, create_time, password_time)
        VALUES ('editor@example.com', 'editor@example.com', '$argon2id$', now(), now())
        """
    )

    report = await site.import_all()

    assert kept(report, "users") == ["user 7: another one here has its e-mail"]
    assert "example.com" not in report.to_json()


async def test_a_new_editor_alone_comes_in_without_a_revision(imported):
    await imported.old.execute(
        "INSERT INTO users SELECT 8, 'second@example.com', password, first_name, username, true"
        " FROM users"
    )

    report = await imported.import_all()

    assert (report.table("users").inserted, report.revision) == (1, None)
    assert await imported.new.fetchval("SELECT count(*) FROM catalog.editor") == 2


async def test_the_cut_over_guide_lists_what_was_written_here(imported):
    """Runs the statement that `docs/cut-over.md` tells people to run before they go back."""
    guide = (ROOT / "docs" / "cut-over.md").read_text(encoding="utf-8")
    [statement] = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    await edit_show(imported)
    await edit(imported, "DELETE FROM catalog.show WHERE id = 2 AND $1 > 0")
    await edit(
        imported,
        "INSERT INTO catalog.research (slug, title, summary, category, revision, create_time,"
        " update_time) VALUES ('ours', 'Ours', 'Ours.', 'Other', $1, now(), now())",
    )

    rows = await imported.new.fetch(statement)

    assert {(row["kind"], row["key"], row["what"]) for row in rows} == {
        ("show", "1", "edited"),
        ("show", "2", "deleted"),
        ("research", "2", "made"),
    }
