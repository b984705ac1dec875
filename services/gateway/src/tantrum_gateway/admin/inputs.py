"""
What editors send, as JSON has it: the shapes that bodies are checked by.

Ranges and lengths are not here: the catalogue knows them, and names the field that is
out of range. The OpenAPI document's schemas are made from these classes.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from tantrum_gateway import resources

Number = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]

ScopeName = Literal[
    "read", "shows:write", "categories:write", "research:write", "vocabularies:write"
]
"""What an API token may do. No scope reaches editors, sessions and API tokens."""


class Input(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of everything here: camelCase in JSON, and no fields but these."""


class Whole(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of what a merge patch replaces as a whole, and has all of."""


class Credentials(Input, frozen=True):
    """What an editor signs in with."""

    email: str
    password: str


class PasswordChange(Input, frozen=True):
    """A new password, given the present one."""

    current_password: str
    new_password: str


class AgesInput(Input, frozen=True):
    """Ages in years that a show suits; without a `max` it suits all older ages."""

    min: Number
    max: Number | None = None


class SensesInput(Input, frozen=True):
    """The seven sensory levels; what is absent or null is unknown."""

    dialogue: resources.Level | None = None
    scene_frequency: resources.Level | None = None
    sound_effects: resources.Level | None = None
    sound_effect_time: resources.Level | None = None
    music_tempo: resources.Level | None = None
    music: resources.Level | None = None
    interactivity: resources.Level | None = None


class LabelInput(Whole, frozen=True):
    """Names an entry of a vocabulary; a `name` may come along and means nothing."""

    slug: str
    name: str = ""


class ShowInput(Input, frozen=True):
    """What editors write of a show."""

    name: str
    description: str
    ages: AgesInput
    stimulation: Number
    senses: SensesInput = SensesInput()
    aliases: list[str] = []
    animation_style: str | None = None
    themes: list[LabelInput] = []
    platforms: list[LabelInput] = []
    episode_minutes: Number | None = None
    creator: str | None = None
    release_year: Number | None = None
    end_year: Number | None = None
    ongoing: bool = False
    seasons: Number | None = None
    youtube: bool = False


class NewShow(ShowInput, frozen=True):
    """A show to make; without a `slug` it gets one made from its name."""

    slug: str | None = None


class ShowImageInput(Input, frozen=True):
    """Names an uploaded picture."""

    image_id: str


class FeaturedShowInput(Input, frozen=True):
    """Names the show to feature; null for none."""

    show_id: Number | None


class RuleRangeInput(Whole, frozen=True):
    """A closed range of whole numbers; an end that is absent or null is open."""

    min: Number | None = None
    max: Number | None = None


class RuleInput(Whole, frozen=True):
    """One rule of a category."""

    field: str
    operator: str
    value: str | list[str] | RuleRangeInput | bool


class RulesInput(Whole, frozen=True):
    """Selects shows; `logic` says how several values on one field combine."""

    logic: Literal["AND", "OR"]
    rules: list[RuleInput]


class CategoryInput(Input, frozen=True):
    """What editors write of a category."""

    name: str
    rules: RulesInput
    description: str = ""
    active: bool = True


class NewCategory(CategoryInput, frozen=True):
    """A category to make; without a `slug` it gets one made from its name."""

    slug: str | None = None


class CategoryTrial(Input, frozen=True):
    """Rules to try, and how many of the shows are wanted (12 without it)."""

    rules: RulesInput
    limit: Number = 0


class CategoryOrderInput(Input, frozen=True):
    """Every category's number exactly once, inactive ones too, in the new order."""

    ids: list[Number]


class ResearchInput(Input, frozen=True):
    """What editors write of a research summary."""

    title: str
    summary: str
    category: str
    headline: str | None = None
    sub_headline: str | None = None
    key_findings: list[str] = []
    detail: str | None = None
    authors: list[str] = []
    source: str | None = None
    publish_date: str | None = None
    doi: str | None = None
    original_url: str | None = None
    image_url: str | None = None


class NewResearch(ResearchInput, frozen=True):
    """A research summary to make; without a `slug` it gets one made from its title."""

    slug: str | None = None


class ThemeInput(Input, frozen=True):
    """What editors write of a theme."""

    name: str
    aliases: list[str] = []


class NewTheme(ThemeInput, frozen=True):
    """A theme to make; without a `slug` it gets one made from its name."""

    slug: str | None = None


class PlatformInput(Input, frozen=True):
    """What editors write of a platform."""

    name: str
    url: str | None = None
    icon_url: str | None = None


class NewPlatform(PlatformInput, frozen=True):
    """A platform to make; without a `slug` it gets one made from its name."""

    slug: str | None = None


class Merge(Input, frozen=True):
    """Names the entry that another one becomes part of."""

    into: str


class EditorInput(Input, frozen=True):
    """What can be changed about an editor."""

    email: str
    name: str = ""
    active: bool = True


class NewEditor(Input, frozen=True):
    """An editor to make."""

    email: str
    password: str
    name: str = ""


class NewPassword(Input, frozen=True):
    """A password for an editor who has lost the present one."""

    new_password: str


class NewApiToken(Input, frozen=True):
    """An API token to make; it ends after 90 days unless `expireTime` says otherwise."""

    name: str
    scopes: list[ScopeName]
    expire_time: str | None = None
