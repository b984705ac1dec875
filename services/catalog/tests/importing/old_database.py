"""
The old application's database as tests build it: its schema, and rows with its defects.

The rows are the shipped catalogue's, turned back into what the old application had.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt

ROOT = Path(__file__).parents[4]
CATALOGUE = ROOT / "data" / "catalogue"
LEGACY_FACTS = ROOT.parent / "shared" / "data" / "legacy-shows.json"

ADMIN_EMAIL = "Editor@Example.com"
ADMIN_PASSWORD = "an old password"
MADE_TIME = dt.datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001 - as the old columns have them

SCHEMA = """
CREATE TABLE catalog_tv_shows (
    id serial PRIMARY KEY,
    name text NOT NULL,
    description text NOT NULL,
    age_range text NOT NULL,
    episode_length integer NOT NULL,
    creator text,
    release_year integer,
    end_year integer,
    is_ongoing boolean DEFAULT true,
    seasons integer,
    stimulation_score integer NOT NULL,
    interactivity_level text,
    dialogue_intensity text,
    sound_effects_level text,
    music_tempo text,
    total_music_level text,
    total_sound_effect_time_level text,
    scene_frequency text,
    creativity_rating integer,
    available_on text[],
    themes text[],
    animation_style text,
    image_url text,
    is_featured boolean DEFAULT false,
    subscriber_count text,
    video_count text,
    channel_id text,
    published_at text,
    is_youtube_channel boolean,
    has_omdb_data boolean,
    has_youtube_data boolean
);
CREATE TABLE homepage_categories (
    id serial PRIMARY KEY,
    name text NOT NULL,
    description text,
    display_order integer DEFAULT 0,
    is_active boolean DEFAULT true,
    filter_config jsonb,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE catalog_research_summaries (
    id serial PRIMARY KEY,
    title text NOT NULL,
    summary text,
    full_text text,
    category text,
    image_url text,
    source text,
    original_url text,
    published_date text,
    headline text,
    sub_headline text,
    key_findings text,
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now()
);
CREATE TABLE catalog_themes (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE catalog_platforms (
    id serial PRIMARY KEY, name text NOT NULL UNIQUE, url text, icon_url text
);
CREATE TABLE catalog_tv_show_themes (id serial PRIMARY KEY, tv_show_id integer, theme_id integer);
CREATE TABLE catalog_tv_show_platforms (
    id serial PRIMARY KEY, tv_show_id integer, platform_id integer
);
CREATE TABLE catalog_youtube_channels (
    id serial PRIMARY KEY,
    tv_show_id integer UNIQUE,
    channel_id text,
    subscriber_count text,
    video_count text,
    published_at text
);
CREATE TABLE users (
    id serial PRIMARY KEY,
    email text NOT NULL UNIQUE,
    password text,
    first_name text,
    username text,
    is_admin boolean DEFAULT false,
    created_at timestamp DEFAULT now()
);
CREATE TABLE session (sid text PRIMARY KEY, sess json NOT NULL, expire timestamp NOT NULL);
"""

_LEVEL_COLUMNS = {
    "dialogue": "dialogue_intensity",
    "scene_frequency": "scene_frequency",
    "sound_effects": "sound_effects_level",
    "sound_effect_time": "total_sound_effect_time_level",
    "music_tempo": "music_tempo",
    "music": "total_music_level",
    "interactivity": "interactivity_level",
}


@dataclass
class OldDatabase:
    """The rows of the old tables, to be changed by a test before they are written."""

    shows: dict[int, dict] = field(default_factory=dict)
    categories: list[dict] = field(default_factory=list)
    research: list[dict] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)
    platforms: list[dict] = field(default_factory=list)
    channels: list[dict] = field(default_factory=list)
    users: list[dict] = field(default_factory=list)

    async def write(self, connection):
        """Make the tables anew with these rows."""
        async with connection.transaction():
            await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
            await connection.execute(SCHEMA)
            for table, rows in (
                ("catalog_tv_shows", list(self.shows.values())),
                ("homepage_categories", self.categories),
                ("catalog_research_summaries", self.research),
                ("catalog_themes", [{"name": name} for name in self.themes]),
                ("catalog_platforms", self.platforms),
                ("catalog_youtube_channels", self.channels),
                ("users", self.users),
            ):
                await _insert(connection, table, rows)
            await connection.execute(
                """
                INSERT INTO catalog_tv_show_themes (tv_show_id, theme_id) VALUES (1, 1), (9999, 2);
                INSERT INTO catalog_tv_show_platforms (tv_show_id, platform_id) VALUES (1, 1);
                INSERT INTO session VALUES ('s', '{}', now());
                """
            )


def clean_database() -> OldDatabase:
    """The shipped catalogue, as the old application would have kept it without a defect."""
    names = {
        kind: {one["slug"]: one["name"] for one in _shipped(f"{kind}s.toml", kind)}
        for kind in ("theme", "platform")
    }
    return OldDatabase(
        shows={show["id"]: _old_show(show, names) for show in _shipped("shows.toml", "show")},
        categories=[
            {
                "id": number,
                "name": one["name"],
                "description": one["description"],
                "display_order": one["display_order"],
                "is_active": one["active"],
                "filter_config": json.dumps(one["rules"]),
                "created_at": MADE_TIME,
                "updated_at": MADE_TIME,
            }
            for number, one in enumerate(_shipped("categories.toml", "category"), start=1)
        ],
        research=[
            _old_research(number, one)
            for number, one in enumerate(_shipped("research.toml", "research"), start=1)
        ],
        themes=sorted(names["theme"].values()),
        platforms=[
            {"name": "TV", "url": None, "icon_url": "/icons/tv.svg"},
            {"name": "YouTube", "url": "https://www.youtube.com", "icon_url": None},
        ],
        users=[
            {
                "id": 7,
                "email": ADMIN_EMAIL,
                "password": bcrypt.hashpw(ADMIN_PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
                "first_name": "Mo",
                "username": "mo",
                "is_admin": True,
                "created_at": MADE_TIME,
            }
        ],
    )


def few_shows() -> OldDatabase:
    """As `clean_database`, but small: three shows, one category, one summary."""
    old = clean_database()
    old.shows = {show_id: old.shows[show_id] for show_id in sorted(old.shows)[:3]}
    old.themes = sorted({name for show in old.shows.values() for name in show["themes"]})
    old.categories, old.research = old.categories[:1], old.research[:1]
    return copy.deepcopy(old)


def _shipped(file: str, key: str) -> list[dict]:
    found: list[dict] = tomllib.loads((CATALOGUE / file).read_text(encoding="utf-8"))[key]
    return found


def _old_show(show: dict, names: dict[str, dict[str, str]]) -> dict:
    legacy = show["legacy"]
    levels = {
        column: show["senses"][sense].title() if sense in show["senses"] else None
        for sense, column in _LEVEL_COLUMNS.items()
    }
    return {
        "id": show["id"],
        "name": show["name"],
        "description": show["description"],
        "age_range": legacy["age_range"],
        "episode_length": show.get("episode_minutes", legacy["episode_length"]),
        "creator": show.get("creator"),
        "release_year": show.get("release_year"),
        "end_year": show.get("end_year"),
        "is_ongoing": show["ongoing"],
        "seasons": show.get("seasons"),
        "stimulation_score": show["stimulation"],
        **levels,
        "creativity_rating": None,
        "available_on": [names["platform"][slug] for slug in show.get("platforms", [])],
        "themes": [names["theme"][slug] for slug in show.get("themes", [])],
        "animation_style": show.get("animation_style"),
        "image_url": None,
        "is_featured": show.get("featured", False),
        "subscriber_count": legacy.get("subscriber_count"),
        "video_count": legacy.get("video_count"),
        "channel_id": legacy.get("channel_id"),
        "published_at": legacy.get("published_at"),
        "is_youtube_channel": show.get("youtube", False),
        "has_omdb_data": legacy.get("has_omdb_data"),
        "has_youtube_data": legacy.get("has_youtube_data"),
    }


def _old_research(number: int, one: dict) -> dict:
    return {
        "id": number,
        "title": one["title"],
        "summary": one["summary"],
        "full_text": one.get("detail"),
        "category": one["category"],
        "image_url": None,
        "source": one.get("published_in"),
        "original_url": f"https://doi.org/{one['doi']}" if "doi" in one else None,
        "published_date": str(one["published_year"]),
        "headline": one.get("headline"),
        "sub_headline": one.get("sub_headline"),
        "key_findings": "\n".join(f"- {finding}" for finding in one.get("key_findings", [])),
        "created_at": MADE_TIME,
        "updated_at": MADE_TIME,
    }


async def _insert(connection, table, rows):
    """Insert *rows*, which all have the columns of the first one."""
    if rows:
        columns = list(rows[0])
        marks = ", ".join(f"${number + 1}" for number in range(len(columns)))
        await connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own
            [[row[column] for column in columns] for row in rows],
        )
