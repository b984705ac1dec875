"""From the old schema into the new one, over real PostgreSQL: what comes in, and what is told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest
from tantrum_catalog.domain.editor import account_key
from tantrum_catalog.domain.editors import Editors
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher
from tantrum_catalog.storage.postgres_editors import PostgresEditorStore
from tantrum_kit import postgres

from .defects import DEFECTS, put_all
from .old_database import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    LEGACY_FACTS,
    MADE_TIME,
    OldDatabase,
    clean_database,
    few_shows,
)

pytestmark = pytest.mark.integration

SCORES = {1: 24, 2: 65, 3: 94, 4: 60, 5: 59}


def told(report):
    """Everything that the report says about single rows, in the form of `defects.Expected`."""
    rows = set()
    for table in report.tables:
        rows |= {(table.table, c.row, c.field, c.old, c.new) for c in table.corrections}
        for what in ("refused", "merged"):
            rows |= {(table.table, one.row, what, "", "") for one in getattr(table, what)}
    return rows


def moved(report):
    """Per table: rows in, written, unchanged."""
    return {t.table: (t.rows_in, t.written, t.unchanged) for t in report.tables}


async def scores(site):
    rows = await site.new.fetch("SELECT stimulation FROM catalog.show")
    return dict(sorted(Counter(row["stimulation"] for row in rows).items()))


async def test_the_catalogue_comes_in_whole_as_one_revision(site):
    await clean_database().write(site.old)

    report = await site.import_all()

    assert moved(report) == {
        "catalog_themes": (190, 190, 0),
        "catalog_platforms": (2, 2, 0),
        "catalog_tv_shows": (302, 302, 0),
        "homepage_categories": (9, 9, 0),
        "catalog_research_summaries": (19, 19, 0),
        "users": (1, 1, 0),
    }
    assert report.refused_count == 0
    assert await scores(site) == SCORES
    assert report.revision == await site.new.fetchval("SELECT revision FROM catalog.head") == 1
    changes = await site.new.fetch("SELECT kind, count(*) FROM catalog.change GROUP BY kind")
    assert dict(changes) == {
        "theme": 190,
        "platform": 2,
        "show": 302,
        "category": 9,
        "research": 19,
    }


async def test_a_show_keeps_its_id_and_what_only_the_old_api_needs(site):
    old = few_shows()
    show = old.shows[1]
    show |= {"image_url": "/uploads/1.jpg", "age_range": "3-8 years", "has_omdb_data": False}
    await old.write(site.old)

    await site.import_all()

    row = await site.new.fetchrow("SELECT * FROM catalog.show WHERE id = 1")
    assert (row["slug"], row["min_age"], row["max_age"]) == ("a-for-adley", 3, 8)
    assert row["description"] == show["description"]
    assert json.loads(row["legacy"]) == {
        "age_range": "3-8 years",
        "episode_length": show["episode_length"],
        "channel_id": show["channel_id"],
        "subscriber_count": show["subscriber_count"],
        "video_count": show["video_count"],
        "published_at": show["published_at"],
        "has_omdb_data": False,
        "image_url": "/uploads/1.jpg",
    }


async def test_themes_are_in_the_join_table_and_in_the_shows_own_array(site):
    await few_shows().write(site.old)

    await site.import_all()

    row = await site.new.fetchrow(
        """
        SELECT theme_slugs, ARRAY(
            SELECT theme_slug FROM catalog.show_theme WHERE show_id = 1 ORDER BY position
        ) AS joined FROM catalog.show WHERE id = 1
        """
    )
    assert row["theme_slugs"][:2] == ["family-values", "relatable-situations"]
    assert row["joined"] == row["theme_slugs"]


async def test_every_defect_is_in_the_report_and_all_302_shows_come_in(site):
    old = clean_database()
    expected = {defect.name: defect.put(old) for defect in DEFECTS}
    await old.write(site.old)

    report = await site.import_all()

    missing = {name: rows - told(report) for name, rows in expected.items()}
    assert {name: rows for name, rows in missing.items() if rows} == {}
    shows = report.table("catalog_tv_shows")
    assert (shows.rows_in, shows.rows_out) == (302, 302)
    assert await scores(site) == SCORES
    assert all(table.balanced for table in report.tables)
    assert report.table("users").ignored == 2
    assert report.table("homepage_categories").rows_out == 8


@pytest.mark.skipif(not LEGACY_FACTS.exists(), reason="the owner's own facts are not here")
async def test_the_owners_own_facts_come_in_whole(site):
    old = OldDatabase()
    for row in json.loads(LEGACY_FACTS.read_text(encoding="utf-8")):
        del row["sheet_name"], row["episode_length_sheet_minutes"]
        old.shows[row["id"]] = {"description": "No description available", **row}
    await old.write(site.old)

    report = await site.import_all()

    shows = report.table("catalog_tv_shows")
    assert (shows.rows_in, shows.inserted, shows.refused) == (302, 302, [])
    assert await scores(site) == SCORES
    fields = Counter(one.field for one in shows.corrections)
    assert fields["senses.sound_effects"] == 61
    assert fields["description"] == 302
    assert fields["ongoing"] >= 57
    themes = report.table("catalog_themes")
    assert (themes.rows_in, len(themes.refused)) == (194, 1)


async def test_a_second_import_changes_nothing_and_takes_no_revision(site):
    old = clean_database()
    put_all(old)
    await old.write(site.old)
    await site.import_all()
    before = await site.contents()

    report = await site.import_all()

    assert report.revision is None
    assert {table.table: table.written for table in report.tables if table.written} == {}
    assert [table.kept for table in report.tables if table.kept] == []
    assert await site.contents() == before


async def test_old_spellings_of_themes_are_aliases(site):
    old = few_shows()
    old.themes += ["Enviromental Awareness", "Space & Time", "Space and Time"]
    await old.write(site.old)

    await site.import_all()

    rows = await site.new.fetch("SELECT slug, name, aliases FROM catalog.theme")
    aliases = {row["slug"]: row["aliases"] for row in rows}
    assert aliases["environmental-awareness"] == ["Enviromental Awareness"]
    assert aliases["space-and-time"] == ["Space and Time"]


async def test_platforms_keep_their_addresses_and_icons(site):
    await few_shows().write(site.old)

    await site.import_all()

    rows = await site.new.fetch("SELECT slug, url, icon_url FROM catalog.platform ORDER BY slug")
    assert [tuple(row) for row in rows] == [
        ("tv", "", "/icons/tv.svg"),
        ("youtube", "https://www.youtube.com", ""),
    ]


async def test_categories_and_research_keep_their_times_and_texts(site):
    old = few_shows()
    old.research[0]["original_url"] = "https://doi.org/10.1000/182"
    await old.write(site.old)

    await site.import_all()

    category = await site.new.fetchrow("SELECT * FROM catalog.category")
    research = await site.new.fetchrow("SELECT * FROM catalog.research")
    for row in (category, research):
        assert row["create_time"].replace(tzinfo=None) == MADE_TIME
        assert row["update_time"].replace(tzinfo=None) == MADE_TIME
    assert json.loads(category["rules"])["rules"][0]["field"] == "stimulation"
    assert research["detail"] == old.research[0]["full_text"]
    assert len(research["key_findings"]) == len(old.research[0]["key_findings"].splitlines())
    assert research["doi"] == "10.1000/182"


async def test_addresses_are_mended_or_left_out_and_cost_no_row(site):
    old = few_shows()
    old.research[0] |= {"original_url": "www.example.com/study", "image_url": "javascript:alert(1)"}
    await old.write(site.old)

    report = await site.import_all()

    research = await site.new.fetchrow("SELECT * FROM catalog.research")
    assert research["original_url"] == "https://www.example.com/study"
    assert research["image_url"] == ""
    corrected = {
        (one.field, one.old, one.new)
        for one in report.table("catalog_research_summaries").corrections
    }
    assert {
        ("original_url", "www.example.com/study", "https://www.example.com/study"),
        ("image_url", "javascript:alert(1)", ""),
    } <= corrected


async def test_ids_made_afterwards_do_not_collide(site):
    await clean_database().write(site.old)

    await site.import_all()

    assert await site.new.fetchval("SELECT nextval('catalog.show_id_seq')") > 328
    assert await site.new.fetchval("SELECT nextval('catalog.editor_id_seq')") == 8


async def test_an_old_editor_signs_in_and_has_argon2id_afterwards(site):
    await few_shows().write(site.old)
    await site.import_all()
    hasher = ThreadedPasswordHasher(memory_kib=64, passes=1)

    async with postgres.opened(
        site.new_server, postgres.Limits(size_min=0), unavailable=CatalogUnavailableError
    ) as database:
        store = PostgresEditorStore(database, now=lambda: site.now)
        editors = Editors(store, hasher, now=lambda: site.now)
        before = await store.find(account_key(ADMIN_EMAIL))
        signed_in = await editors.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        after = await store.find(account_key(ADMIN_EMAIL))

    assert (signed_in.id, signed_in.name) == (7, "Mo")
    assert before.password_hash.startswith("$2b$")
    assert after.password_hash.startswith("$argon2id$")
    report = await site.import_all()
    assert moved(report)["users"] == (1, 0, 1)
    assert (
        await site.new.fetchval("SELECT password_hash FROM catalog.editor") == after.password_hash
    )


async def test_tables_and_columns_that_are_missing_or_unknown_are_told(site):
    await few_shows().write(site.old)
    await site.old.execute(
        """
        DROP TABLE users; DROP TABLE catalog_themes; DROP TABLE catalog_tv_show_themes;
        ALTER TABLE catalog_tv_shows DROP COLUMN creativity_rating;
        ALTER TABLE catalog_tv_shows ADD COLUMN mood text;
        """
    )

    report = await site.import_all()

    assert {
        "the source has no table users",
        "the source has no table catalog_themes",
        "catalog_tv_shows has no column creativity_rating",
        "catalog_tv_shows.mood is not known and is not imported",
        "1 rows of catalog_tv_show_platforms are not imported: the shows' own arrays are the truth",
        "1 rows of session are not imported: editors sign in again",
    } <= set(report.notices)
    assert moved(report)["catalog_tv_shows"] == (3, 3, 0)


async def test_a_show_that_breaks_a_rule_is_refused_with_the_reason_and_the_others_come_in(site):
    old = few_shows()
    first, second = list(old.shows.values())[:2]
    first["age_range"] = "grown-ups"
    second["description"] = "x" * 5001
    await old.write(site.old)

    report = await site.import_all()

    shows = report.table("catalog_tv_shows")
    assert shows.inserted == 1
    reasons = {one.row.split()[1]: one.reason for one in shows.refused}
    assert reasons == {
        "1": "its ages cannot be read: 'grown-ups'",
        "2": "description: must have at most 5000 characters",
    }


async def test_a_theme_that_breaks_a_rule_is_refused_and_told_of_its_shows(site):
    old = few_shows()
    name = "Singing " * 13
    old.shows[1]["themes"].append(name)
    await old.write(site.old)

    report = await site.import_all()

    [refusal] = report.table("catalog_themes").refused
    assert "at most 100 characters" in refusal.reason
    assert ("show 1 A for Adley", name.strip(), "it was refused or deleted") in {
        (one.row, one.old, one.reason) for one in report.table("catalog_tv_shows").corrections
    }
    assert report.table("catalog_tv_shows").inserted == 3


async def test_texts_of_research_are_tidied_and_told(site):
    old = few_shows()
    old.research[0] |= {"category": None, "headline": "Two\nlines", "summary": "One.\n\nTwo."}
    await old.write(site.old)

    report = await site.import_all()

    row = await site.new.fetchrow("SELECT category, headline, summary FROM catalog.research")
    assert tuple(row) == ("Other", "Two lines", "One.\n\nTwo.")
    assert {one.field for one in report.table("catalog_research_summaries").corrections} == {
        "category",
        "headline",
    }


async def test_values_of_a_wrong_type_are_refused_and_nothing_else(site):
    await few_shows().write(site.old)
    await site.old.execute("UPDATE catalog_tv_shows SET themes = ARRAY['Music', NULL] WHERE id = 1")

    report = await site.import_all()

    [refusal] = report.table("catalog_tv_shows").refused
    assert "themes is ['Music', None], not a list of texts" in refusal.reason


async def test_two_imports_at_once_do_not_hurt_each_other(site):
    await few_shows().write(site.old)

    reports = await asyncio.gather(site.import_all(), site.import_all())

    assert sorted(report.revision or 0 for report in reports) == [0, 1]
    assert await site.new.fetchval("SELECT count(*) FROM catalog.show") == 3
