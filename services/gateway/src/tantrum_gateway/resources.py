"""
What the API answers with, as JSON has it: camelCase names, nulls present.

The OpenAPI document's schemas are made from these classes and their docstrings.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["low", "low-moderate", "moderate", "moderate-high", "high"]
"""One step of the scale that all seven senses share; 20, 40, 60, 80 and 100 percent."""


class Resource(msgspec.Struct, frozen=True, rename="camel"):
    """Base of everything here: immutable, and camelCase in JSON."""


class Ages(Resource, frozen=True):
    """Ages in years that a show suits; without a `max` it suits all older ages."""

    min: int
    max: int | None


class Senses(Resource, frozen=True):
    """The seven sensory levels of a show; null where a level is unknown."""

    dialogue: Level | None
    scene_frequency: Level | None
    sound_effects: Level | None
    sound_effect_time: Level | None
    music_tempo: Level | None
    music: Level | None
    interactivity: Level | None


class Label(Resource, frozen=True):
    """Names an entry of a vocabulary."""

    slug: str
    name: str


class Cover(Resource, frozen=True):
    """A picture in portrait; width and height are in pixels."""

    url: str
    width: int
    height: int


class Show(Resource, frozen=True):
    """One show and how stimulating it is, from 1 (calm) to 5."""

    id: int
    slug: str
    name: str
    description: str
    ages: Ages
    stimulation: int
    senses: Senses
    animation_style: str | None
    themes: list[Label]
    platforms: list[Label]
    episode_minutes: int | None
    creator: str | None
    release_year: int | None
    end_year: int | None
    ongoing: bool
    seasons: int | None
    youtube: bool
    cover: Cover
    featured: bool
    revision: int
    update_time: str


class ShowPage(Resource, frozen=True):
    """A page of shows; `nextPageToken` is empty on the last one."""

    shows: list[Show]
    next_page_token: str
    total_size: int


class SenseComparison(Resource, frozen=True):
    """One sense of the shows compared, in their order."""

    sense: str
    levels: list[Level | None]


class Comparison(Resource, frozen=True):
    """Shows side by side."""

    shows: list[Show]
    senses: list[SenseComparison]


class RuleRange(Resource, frozen=True):
    """A closed range of whole numbers; an end that is null is open."""

    min: int | None
    max: int | None


class Rule(Resource, frozen=True):
    """One rule of a category."""

    field: str
    operator: str
    value: str | list[str] | RuleRange | bool | None


class Rules(Resource, frozen=True):
    """Selects shows; `logic` says how several values on one field combine."""

    logic: Literal["AND", "OR"]
    rules: list[Rule]


class Category(Resource, frozen=True):
    """A row of the home page."""

    id: int
    slug: str
    name: str
    description: str
    display_order: int
    active: bool
    rules: Rules
    show_count: int
    revision: int
    update_time: str


class CategoryPage(Resource, frozen=True):
    """A page of categories, by display order."""

    categories: list[Category]
    next_page_token: str
    total_size: int


class HomeCategory(Category, frozen=True):
    """A row of the home page with its first shows."""

    shows: list[Show]


class Home(Resource, frozen=True):
    """The home page: all active categories in order."""

    categories: list[HomeCategory]


class Theme(Resource, frozen=True):
    """A subject that shows are tagged with."""

    slug: str
    name: str
    aliases: list[str]
    show_count: int


class ThemePage(Resource, frozen=True):
    """A page of themes, by name."""

    themes: list[Theme]
    next_page_token: str
    total_size: int


class Platform(Resource, frozen=True):
    """A place where shows can be seen."""

    slug: str
    name: str
    url: str | None
    icon_url: str | None
    show_count: int


class PlatformPage(Resource, frozen=True):
    """A page of platforms, by name."""

    platforms: list[Platform]
    next_page_token: str
    total_size: int


class Research(Resource, frozen=True):
    """A study on children and screens, summarised."""

    id: int
    slug: str
    title: str
    headline: str | None
    sub_headline: str | None
    summary: str
    key_findings: list[str]
    detail: str | None
    category: str
    authors: list[str]
    source: str | None
    publish_date: str | None
    doi: str | None
    original_url: str | None
    image_url: str | None
    revision: int
    update_time: str


class ResearchPage(Resource, frozen=True):
    """A page of research, newest first."""

    research: list[Research]
    next_page_token: str
    total_size: int


class Span(Resource, frozen=True):
    """Characters `[start, end)` of a text, counted in Unicode code points."""

    start: int
    end: int


class Highlight(Resource, frozen=True):
    """Where the words were found in one field of a hit."""

    field: Literal["name", "alias", "creator", "theme", "description"]
    text: str
    spans: list[Span]


class Hit(Resource, frozen=True):
    """A show that was found."""

    show: Show
    highlights: list[Highlight]


class HitPage(Resource, frozen=True):
    """
    A page of hits, best first; `didYouMean` is null unless a word was corrected.

    It is `degraded` while the search is away: then the hits are the shows with exactly
    that text in name, description or creator, by name, and worth asking for again soon.
    """

    hits: list[Hit]
    total_size: int
    next_page_token: str
    did_you_mean: str | None
    degraded: bool


class Suggestion(Resource, frozen=True):
    """One completion of what was typed."""

    kind: Literal["show", "theme"]
    text: str
    slug: str


class Suggestions(Resource, frozen=True):
    """Completions, best first. They are `degraded`, and none, while the search is away."""

    suggestions: list[Suggestion]
    degraded: bool


class InvalidPart(Resource, frozen=True):
    """What is wrong with one part of a request."""

    detail: str
    pointer: str
    parameter: str


class Problem(Resource, frozen=True, omit_defaults=True):
    """Why a request failed, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[InvalidPart] = []


class Memory(Resource, frozen=True):
    """Memory of the process."""

    rss_bytes: int
    l1_bytes: int


class UpstreamHealth(Resource, frozen=True):
    """One thing that the gateway calls."""

    state: Literal["up", "down", "off"]
    detail: str


class WatchHealth(Resource, frozen=True):
    """The stream that tells of writes."""

    state: Literal["up", "down"]
    silent_seconds: float


class Health(Resource, frozen=True):
    """How the gateway and what is behind it are."""

    status: Literal["healthy", "degraded", "unhealthy"]
    database: Literal["connected", "disconnected"]
    memory: Memory
    uptime: float
    timestamp: str
    version: str
    revision: int
    upstreams: dict[str, UpstreamHealth]
    watch: WatchHealth
