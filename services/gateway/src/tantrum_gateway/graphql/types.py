"""
The types of the schema: the resources of the REST paths, under GraphQL's names.

Objects are those of `resources`; a field without a resolver is the attribute of
its name. So no class here is ever made an instance of, and resolvers return `Any`.
"""

from __future__ import annotations

import enum
from typing import Any, NewType

import msgspec
import strawberry
from strawberry.scalars import JSON

from tantrum_gateway import resources
from tantrum_gateway.graphql import nodes
from tantrum_gateway.graphql.connections import Connection
from tantrum_gateway.graphql.lists import category_shows, similar_shows

DateTime = NewType("DateTime", str)
"""As RFC 3339 has it, which is how resources have it already."""


@strawberry.interface(description="Anything with an id that is unique over all types.")
class Node:
    id: strawberry.ID


@strawberry.enum(description="A step of the scale that all senses share: 20 to 100 percent.")
class Level(enum.Enum):
    LOW = "low"
    LOW_MODERATE = "low-moderate"
    MODERATE = "moderate"
    MODERATE_HIGH = "moderate-high"
    HIGH = "high"


@strawberry.enum(description="One of the seven senses.")
class Sense(enum.Enum):
    DIALOGUE = "dialogue"
    SCENE_FREQUENCY = "sceneFrequency"
    SOUND_EFFECTS = "soundEffects"
    SOUND_EFFECT_TIME = "soundEffectTime"
    MUSIC_TEMPO = "musicTempo"
    MUSIC = "music"
    INTERACTIVITY = "interactivity"


@strawberry.type(description=resources.Ages.__doc__)
class Ages:
    min: int
    max: int | None


@strawberry.type(description=resources.Senses.__doc__)
class Senses:
    dialogue: Level | None
    scene_frequency: Level | None
    sound_effects: Level | None
    sound_effect_time: Level | None
    music_tempo: Level | None
    music: Level | None
    interactivity: Level | None


@strawberry.type(description=resources.Label.__doc__)
class Label:
    slug: str
    name: str


@strawberry.type(description=resources.Cover.__doc__)
class Cover:
    url: str
    width: int
    height: int


def _show_id(root: strawberry.Parent[resources.Show]) -> strawberry.ID:
    return nodes.id_of("Show", root.id)


def _category_id(root: strawberry.Parent[resources.Category]) -> strawberry.ID:
    return nodes.id_of("Category", root.id)


def _research_id(root: strawberry.Parent[resources.Research]) -> strawberry.ID:
    return nodes.id_of("Research", root.id)


def _database_id(root: Any) -> int:
    number: int = root.id
    return number


def _itself(root: Any) -> Any:
    return root


def _rule_value(root: strawberry.Parent[resources.Rule]) -> Any:
    return msgspec.to_builtins(root.value)


def _number() -> Any:
    return strawberry.field(resolver=_database_id, description="The number that REST calls `id`.")


@strawberry.type(description=resources.Show.__doc__)
class Show(Node):
    id: strawberry.ID = strawberry.field(resolver=_show_id)
    database_id: int = _number()
    slug: str
    name: str
    description: str
    ages: Ages
    stimulation: int = strawberry.field(description="1 (calm) to 5.")
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
    revision: int = strawberry.field(description="Catalogue revision of its last write.")
    update_time: DateTime
    similar: Connection[Show] | None = strawberry.field(
        resolver=similar_shows,
        description="Shows that are like it, the most alike first; with `calmer`, only those "
        "of lower stimulation.",
    )

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, resources.Show)


@strawberry.type(description=resources.SenseComparison.__doc__)
class SenseComparison:
    sense: Sense
    levels: list[Level | None]


@strawberry.type(description=resources.Comparison.__doc__)
class Comparison:
    shows: list[Show]
    senses: list[SenseComparison]


@strawberry.type(description=resources.Rule.__doc__)
class Rule:
    field: str
    operator: str
    value: JSON | None = strawberry.field(
        resolver=_rule_value, description="A text, texts, a truth, or a range (`min`, `max`)."
    )


@strawberry.enum(description="How several values on one field combine: all of them, or any.")
class Logic(enum.Enum):
    AND = "AND"
    OR = "OR"


@strawberry.type(description=resources.Rules.__doc__)
class Rules:
    logic: Logic
    rules: list[Rule]


@strawberry.type(description="A named selection of shows, such as a row of the home page.")
class Category(Node):
    id: strawberry.ID = strawberry.field(resolver=_category_id)
    database_id: int = _number()
    slug: str
    name: str
    description: str
    display_order: int
    active: bool
    rules: Rules
    show_count: int
    revision: int = strawberry.field(description="Catalogue revision of its last write.")
    update_time: DateTime
    shows: Connection[Show] | None = strawberry.field(
        resolver=category_shows, description="Its shows, by popularity without `orderBy`."
    )

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, resources.Category)


@strawberry.type(description=resources.HomeCategory.__doc__)
class HomeCategory:
    category: Category = strawberry.field(resolver=_itself)
    shows: list[Show]


@strawberry.type(description=resources.Home.__doc__)
class Home:
    categories: list[HomeCategory]


@strawberry.type(description=resources.Theme.__doc__)
class Theme:
    slug: str
    name: str
    aliases: list[str]
    show_count: int


@strawberry.type(description=resources.Platform.__doc__)
class Platform:
    slug: str
    name: str
    url: str | None
    icon_url: str | None
    show_count: int


@strawberry.type(description=resources.Research.__doc__)
class Research(Node):
    id: strawberry.ID = strawberry.field(resolver=_research_id)
    database_id: int = _number()
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
    revision: int = strawberry.field(description="Catalogue revision of its last write.")
    update_time: DateTime

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, resources.Research)


@strawberry.enum(description="A field that is searched.")
class HighlightField(enum.Enum):
    NAME = "name"
    ALIAS = "alias"
    CREATOR = "creator"
    THEME = "theme"
    DESCRIPTION = "description"


@strawberry.type(description=resources.Span.__doc__)
class Span:
    start: int
    end: int


@strawberry.type(description=resources.Highlight.__doc__)
class Highlight:
    field: HighlightField
    text: str
    spans: list[Span]


@strawberry.type(description=resources.Hit.__doc__)
class Hit:
    show: Show
    highlights: list[Highlight]


@strawberry.type(description="A page of hits, best first.")
class HitConnection(Connection[Hit]):
    did_you_mean: str | None = strawberry.field(
        description="The query with its unknown words corrected; null unless one was."
    )


@strawberry.enum(description="What a suggestion leads to.")
class SuggestionKind(enum.Enum):
    SHOW = "show"
    THEME = "theme"


@strawberry.type(description=resources.Suggestion.__doc__)
class Suggestion:
    kind: SuggestionKind
    text: str
    slug: str
