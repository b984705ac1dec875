"""The files of `data/catalogue/`: counts, references, and that they can be made anew."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from tantrum_catalog.domain.category_rules import raw_rules_of, resolved
from tantrum_catalog.domain.naming import slug_valid
from tantrum_catalog.domain.show import Level, Senses, ShowFacts
from tantrum_catalog.legacy.catalogue import normalise_shows
from tantrum_catalog.legacy.catalogue_writer import (
    corrections_markdown,
    platforms_toml,
    shows_toml,
    themes_toml,
)
from tantrum_catalog.legacy.row import LegacyShow
from tantrum_catalog.legacy.vocabulary import platforms, themes

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "data" / "catalogue"
SHARED = ROOT.parent / "shared" / "data"


def load(name):
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shows():
    return load("shows")["show"]


@pytest.fixture(scope="module")
def normalised():
    source = SHARED / "legacy-shows.json"
    if not source.exists():
        pytest.skip("the old facts are not beside this checkout")
    rows = json.loads(source.read_text(encoding="utf-8"))
    return normalise_shows(map(LegacyShow.from_mapping, rows))


def overlapping(shows, low, high):
    return [s for s in shows if s["min_age"] <= high and s.get("max_age", 99) >= low]


def test_the_counts_that_the_facts_must_give(shows):
    assert len(shows) == 302
    assert Counter(s["stimulation"] for s in shows) == {1: 24, 2: 65, 3: 94, 4: 60, 5: 59}
    assert len(overlapping(shows, 4, 4)) == 244
    assert len(overlapping(shows, 6, 12)) == 243
    assert len(overlapping(shows, 0, 13)) == 302
    assert sum(s["stimulation"] <= 2 for s in overlapping(shows, 4, 4)) == 86
    assert sum(s["senses"].get("interactivity") == "low-moderate" for s in shows) == 45
    assert Counter(p for s in shows for p in s.get("platforms", [])) == {"tv": 211, "youtube": 90}
    assert sum(not s.get("platforms") for s in shows) == 1
    assert [s["name"] for s in shows if s.get("featured")] == ["Tumble Leaf"]


def test_shows_are_in_order_and_have_slugs_of_their_own(shows):
    ids = [s["id"] for s in shows]

    assert ids == sorted(set(ids))
    assert len({s["slug"] for s in shows}) == 302


def test_only_three_pairs_share_a_name(shows):
    counts = Counter(s["name"] for s in shows)

    assert sorted(name for name, count in counts.items() if count > 1) == [
        "Bob the Builder",
        "Clifford the Big Red Dog",
        "Fireman Sam",
    ]


def test_facts_do_not_contradict_each_other(shows):
    for show in shows:
        assert show["min_age"] <= show.get("max_age", 99)
        assert not (show["ongoing"] and "end_year" in show)
        assert show.get("release_year", 0) <= show.get("end_year", 9999)
        assert show.get("seasons", 1) in range(1, 101)
        assert show.get("episode_minutes", 1) in range(1, 121)
        assert show["name"] == " ".join(show["name"].split())


def test_descriptions_are_short_and_each_its_own(shows):
    texts = [s["description"] for s in shows]

    assert all(60 <= len(text) <= 300 for text in texts)
    assert len(set(texts)) == 302
    openings = Counter(" ".join(text.split()[:2]) for text in texts)
    assert openings.most_common(1)[0][1] < 40


def test_themes_and_platforms_of_shows_are_known_and_all_used(shows):
    theme_slugs = {t["slug"] for t in load("themes")["theme"]}

    assert {slug for s in shows for slug in s["themes"]} == theme_slugs
    assert {p["slug"] for p in load("platforms")["platform"]} == {"tv", "youtube"}


def test_shows_keep_the_rules_of_the_domain(shows):
    for show in shows:
        levels = {level.token: level for level in Level}
        ShowFacts(
            name=show["name"],
            aliases=tuple(show.get("aliases", ())),
            description=show["description"],
            min_age=show["min_age"],
            max_age=show.get("max_age"),
            stimulation=show["stimulation"],
            senses=Senses(**{sense: levels[token] for sense, token in show["senses"].items()}),
            animation_style=show["animation_style"],
            themes=tuple(show["themes"]),
            platforms=tuple(show.get("platforms", ())),
            episode_minutes=show.get("episode_minutes"),
            creator=show.get("creator", ""),
            release_year=show.get("release_year"),
            end_year=show.get("end_year"),
            ongoing=show["ongoing"],
            seasons=show.get("seasons"),
            youtube=show["youtube"],
        )
        assert slug_valid(show["slug"])


def test_categories_are_rules_over_what_exists():
    categories = load("categories")["category"]
    theme_slugs = {t["slug"] for t in load("themes")["theme"]}

    assert len(categories) >= 8
    assert len({c["slug"] for c in categories}) == len(categories)
    orders = [c["display_order"] for c in categories]
    assert orders == sorted(set(orders))
    for category in categories:
        resolved(raw_rules_of(category["rules"]), None)
        for rule in category["rules"]["rules"]:
            if rule["field"] == "themes":
                assert set(rule["value"]) <= theme_slugs
            else:
                assert rule["field"] in {"stimulation", "ages"}
                assert rule["operator"] == "range"
                assert rule["value"]["min"] <= rule["value"]["max"]


def test_research_is_complete_and_linked():
    studies = load("research")["research"]

    assert len(studies) == 19
    assert len({s["slug"] for s in studies}) == 19
    for study in studies:
        assert 2 <= len(study["key_findings"]) <= 4
        assert all(study[key] for key in ("headline", "sub_headline", "summary", "detail"))
        if "doi" in study:
            assert study["original_url"] == f"https://doi.org/{study['doi']}"


def test_research_names_the_studies_as_they_are():
    source = SHARED / "research.json"
    if not source.exists():
        pytest.skip("the list of studies is not beside this checkout")
    facts = {
        (s["title"], *s["authors"], s["year"], s["published_in"], s["doi"], s["category"])
        for s in json.loads(source.read_text(encoding="utf-8"))
    }

    assert facts == {
        (
            s["title"],
            *s["authors"],
            s["published_year"],
            s["published_in"],
            s.get("doi"),
            s["category"],
        )
        for s in load("research")["research"]
    }


@pytest.mark.parametrize(
    ("name", "text_of"),
    [
        ("shows.toml", lambda result: shows_toml(result.shows)),
        ("CORRECTIONS.md", lambda result: corrections_markdown(result.corrections)),
    ],
)
def test_a_file_is_what_the_rules_make_of_the_old_facts(normalised, name, text_of):
    """Else: `python -m tantrum_catalog.legacy legacy-shows.json data/catalogue`."""
    assert text_of(normalised) == (FOLDER / name).read_text(encoding="utf-8")


def test_no_old_row_is_refused(normalised):
    assert normalised.refusals == ()


def test_the_vocabularies_are_what_the_rules_make():
    assert themes_toml(themes()) == (FOLDER / "themes.toml").read_text(encoding="utf-8")
    assert platforms_toml(platforms()) == (FOLDER / "platforms.toml").read_text(encoding="utf-8")


def test_what_the_writer_writes_is_read_back_unchanged(shows, normalised):
    read = tomllib.loads(shows_toml(normalised.shows))["show"]

    assert read == shows
    for show, values in zip(normalised.shows, read, strict=True):
        assert values["name"] == show.name
        assert values["legacy"] == show.legacy
        assert values["themes"] == [theme.slug for theme in show.themes]


def test_without_the_spreadsheet_shows_get_the_same_names_and_slugs(normalised, shows):
    """As an import of the old database does, which has no such columns."""
    rows = json.loads((SHARED / "legacy-shows.json").read_text(encoding="utf-8"))
    sheet = {"sheet_name": None, "episode_length_sheet_minutes": None}

    result = normalise_shows(LegacyShow.from_mapping(row | sheet) for row in rows)

    assert result.refusals == normalised.refusals
    assert [(s.id, s.name, s.slug) for s in result.shows] == [
        (s["id"], s["name"], s["slug"]) for s in shows
    ]
