"""
The defects that the old database has, put into clean rows.

Each spoils some rows, and says which corrections or refusals the report has to
have for it, as (table, row, field, old, new) with "" for no value; for a refusal
and a merged row the field is "refused" or "merged".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .old_database import OldDatabase

Expected = set[tuple[str, str, str, str, str]]

SHOWS = "catalog_tv_shows"


@dataclass(frozen=True)
class Defect:
    name: str
    put: Callable[[OldDatabase], Expected]


def put_all(old: OldDatabase) -> Expected:
    """Put every defect into *old*, each into rows of its own, and return what is expected."""
    expected: Expected = set()
    for defect in DEFECTS:
        expected |= defect.put(old)
    return expected


def _label(show: dict) -> str:
    return f"show {show['id']} {show['name']}"


def _changed(show: dict, column: str, value: object, *, field: str, new: str) -> Expected:
    """Spoil one column; *new* is what it has to become."""
    label = _label(show)
    show[column] = value
    return {(SHOWS, label, field, str(value), new)}


def _trailing_spaces(old: OldDatabase) -> Expected:
    expected: Expected = set()
    for show_id in sorted(old.shows)[10:14]:
        show = old.shows[show_id]
        expected |= _changed(show, "name", show["name"] + "  ", field="name", new=show["name"])
    return expected


def _lost_capitals(old: OldDatabase) -> Expected:
    [show] = [show for show in old.shows.values() if show["name"] == "Peppa Pig"]
    return _changed(show, "name", "Peppa pig", field="name", new="Peppa Pig")


def _medium(old: OldDatabase) -> Expected:
    expected: Expected = set()
    moderate = [s for s in old.shows.values() if s["sound_effects_level"] == "Moderate"]
    for show in moderate[:61]:
        expected |= _changed(
            show, "sound_effects_level", "Medium", field="senses.sound_effects", new="moderate"
        )
    return expected


def _misspelt_themes(old: OldDatabase) -> Expected:
    expected: Expected = set()
    for wrong, right in MISSPELT.items():
        old.themes.append(wrong)
        for show in old.shows.values():
            if right in show["themes"]:
                show["themes"][show["themes"].index(right)] = wrong
                expected.add((SHOWS, _label(show), "themes", wrong, right))
        expected.add(("catalog_themes", repr(wrong), "merged", "", ""))
    return expected


def _doubled_theme(old: OldDatabase) -> Expected:
    show = next(s for s in old.shows.values() if "Animal Behaviour" in s["themes"])
    show["themes"].append("Animal Behavior")
    old.themes.append("Animal Behavior")
    return {
        (SHOWS, _label(show), "themes", "Animal Behavior", ""),
        ("catalog_themes", "'Animal Behavior'", "merged", "", ""),
    }


def _style_as_theme(old: OldDatabase) -> Expected:
    show = old.shows[20]
    show["themes"].append("Stop-Motion")
    old.themes.append("Stop-Motion")
    return {
        (SHOWS, _label(show), "themes", "Stop-Motion", ""),
        ("catalog_themes", "'Stop-Motion'", "refused", "", ""),
    }


def _episodes_as_seasons(old: OldDatabase) -> Expected:
    [show] = [show for show in old.shows.values() if show["name"] == "One Piece"]
    return _changed(show, "seasons", 1500, field="seasons", new="")


def _ended_and_ongoing(old: OldDatabase) -> Expected:
    expected: Expected = set()
    ended = [show for show in old.shows.values() if show["end_year"] is not None]
    for show in ended[:57]:
        show["is_ongoing"] = True
        expected.add((SHOWS, _label(show), "ongoing", "true", "false"))
    return expected


def _times_as_minutes(old: OldDatabase) -> Expected:
    expected: Expected = set()
    for show_id, length in zip(sorted(old.shows)[30:34], (359, 555, 207, 759), strict=True):
        expected |= _changed(
            old.shows[show_id], "episode_length", length, field="episode_minutes", new=""
        )
    return expected


def _nobody_as_creator(old: OldDatabase) -> Expected:
    return _changed(old.shows[21], "creator", "N/A", field="creator", new="")


def _placeholder_descriptions(old: OldDatabase) -> Expected:
    expected: Expected = set()
    for show_id in sorted(old.shows)[40:118]:
        show = old.shows[show_id]
        expected |= _changed(
            show,
            "description",
            f"{show['name']} is a show for children.",
            field="description",
            new="(generated)",
        )
    return expected


def _words_in_ages(old: OldDatabase) -> Expected:
    expected: Expected = set()
    spellings = {"3-8 years": "3-8", "8+": "", "7-12, 12+": "7+", "0-13+": "0+", "4 to 6": "4-6"}
    for show_id, (spelling, plain) in zip(
        sorted(old.shows)[120:125], spellings.items(), strict=True
    ):
        label = _label(old.shows[show_id])
        old.shows[show_id]["age_range"] = spelling
        if plain:
            expected.add((SHOWS, label, "ages", spelling, plain))
    return expected


def _second_featured_show(old: OldDatabase) -> Expected:
    for show in old.shows.values():
        show["is_featured"] = False
    first, second = (old.shows[show_id] for show_id in sorted(old.shows)[130:132])
    first["is_featured"] = second["is_featured"] = True
    return {(SHOWS, _label(second), "featured", "true", "false")}


def _facts_of_a_channel_elsewhere(old: OldDatabase) -> Expected:
    show = next(s for s in old.shows.values() if s["channel_id"])
    channel_id, show["channel_id"] = show["channel_id"], None
    old.channels.append({"tv_show_id": show["id"], "channel_id": channel_id})
    return {(SHOWS, _label(show), "legacy.channel_id", "", channel_id)}


def _rules_in_other_writing(old: OldDatabase) -> Expected:
    old_words = {
        "logic": "OR",
        "rules": [
            {"field": "stimulationScore", "operator": "range", "value": "1-2"},
            {"field": "themes", "operator": "contains", "value": "Enviromental Awareness"},
            {"field": "interactionLevel", "operator": "equals", "value": "Moderate-Low"},
        ],
    }
    old.categories[0]["filter_config"] = json.dumps(old_words)
    old.categories[1]["filter_config"] = json.dumps(json.dumps(old_words))
    old.categories[2]["filter_config"] = json.dumps(repr(old_words))
    old.categories[3]["filter_config"] = json.dumps(
        {"rules": [{"field": "vibe", "operator": "equals", "value": "good"}]}
    )
    old.categories[4]["name"] += " "
    label = {n: f"category {c['id']} {c['name'].strip()}" for n, c in enumerate(old.categories)}
    canonical = (
        '{"logic": "OR", "rules": ['
        '{"field": "stimulation", "operator": "range", "value": {"min": 1, "max": 2}}, '
        '{"field": "themes", "operator": "contains", "value": "environmental-awareness"}, '
        '{"field": "interactivity", "operator": "equals", "value": "low-moderate"}]}'
    )
    return {
        *(
            (
                "homepage_categories",
                label[number],
                "rules",
                old.categories[number]["filter_config"],
                canonical,
            )
            for number in (1, 2)
        ),
        ("homepage_categories", label[3], "refused", "", ""),
        (
            "homepage_categories",
            label[4],
            "name",
            old.categories[4]["name"],
            old.categories[4]["name"].strip(),
        ),
    }


def _dates_in_words(old: OldDatabase) -> Expected:
    dates = {
        "September 12, 2011": "2011-09-12",
        "March 2015": "2015-03",
        "2019-4": "2019-04",
        "in print": "",
    }
    for row, date in zip(old.research, dates, strict=False):
        row["published_date"] = date
    return {
        ("catalog_research_summaries", f"research {number}", "publish_date", written, plain)
        for number, (written, plain) in enumerate(dates.items(), start=1)
    }


def _summary_without_a_title(old: OldDatabase) -> Expected:
    old.research[4]["title"] = " "
    return {("catalog_research_summaries", "research 5", "refused", "", "")}


def _users_of_all_kinds(old: OldDatabase) -> Expected:
    [admin] = old.users
    old.users += [
        {**admin, "id": 8, "email": "parent@example.com", "is_admin": False},
        {**admin, "id": 9, "email": "parent2@example.com", "is_admin": None},
        {**admin, "id": 10, "email": "plain@example.com", "password": "in the clear"},
        {**admin, "id": 11, "email": admin["email"].lower()},
        {**admin, "id": 12, "email": "no address"},
    ]
    return {("users", f"user {number}", "refused", "", "") for number in (10, 11, 12)}


MISSPELT = {
    "Enviromental Awareness": "Environmental Awareness",
    "Mischievious Behaviour": "Mischievous Behaviour",
    "Communiction & Expression": "Communication & Expression",
    "Slapstic Comedy": "Slapstick Comedy",
    "Positve Mindset": "Positive Mindset",
    "Marine Bioligy": "Marine Biology",
    "Politcal Leanings": "Political Leanings",
    "Complex & Emotional Themes": "Complex Emotional Themes",
    "MineCraft": "Minecraft",
}

# Themes are spoilt before names are, since what is expected quotes the mended names.
DEFECTS = [
    Defect("misspelt themes", _misspelt_themes),
    Defect("a theme doubled in another spelling", _doubled_theme),
    Defect("a style of animation as a theme", _style_as_theme),
    Defect("Medium for Moderate", _medium),
    Defect("episodes as seasons", _episodes_as_seasons),
    Defect("ongoing with an end year", _ended_and_ongoing),
    Defect("7:59 as 759 minutes", _times_as_minutes),
    Defect("N/A as a creator", _nobody_as_creator),
    Defect("placeholder descriptions", _placeholder_descriptions),
    Defect("words and plus signs in ages", _words_in_ages),
    Defect("two featured shows", _second_featured_show),
    Defect("a channel in the other table only", _facts_of_a_channel_elsewhere),
    Defect("rules in other writing", _rules_in_other_writing),
    Defect("dates in words", _dates_in_words),
    Defect("a summary without a title", _summary_without_a_title),
    Defect("users of all kinds", _users_of_all_kinds),
    Defect("trailing spaces", _trailing_spaces),
    Defect("lost capitals", _lost_capitals),
]
