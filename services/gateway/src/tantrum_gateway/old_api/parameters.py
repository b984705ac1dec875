"""
The parameters of the old API.

Blank ones count as not given, those that are not known are passed over, and of
repeated ones the first counts, as ever. But what cannot be understood of a
filter is refused, where the old application left the filter out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import msgspec

from tantrum_gateway.parameters import Kind, Parameter, Query, Whole

_TEXT_AT_MOST: Final = 1_000
_THEMES_AT_MOST: Final = 50
_FACTORS: Final = ("low", "low-medium", "medium", "medium-high", "high")
_SORTS: Final = ("name", "stimulation-score", "popular", "release-year", "interactivity")

Ends = tuple[float | None, float | None]
"""A closed range; None is an open end."""


class _Range(msgspec.Struct):
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRange:
    """A range as JSON, such as `{"min":2,"max":5}`."""

    def read(self, text: str) -> Ends | None:
        try:
            ends = msgspec.json.decode(text, type=_Range | None, strict=False)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError('must be JSON such as {"min":2,"max":5}') from error
        if ends is None:
            return None
        if not all(math.isfinite(end) for end in (ends.min, ends.max) if end is not None):
            raise ValueError("must have finite ends")
        return ends.min, ends.max

    def schema(self) -> dict[str, object]:
        return {"type": "string", "contentMediaType": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A finite number."""

    def read(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError as error:
            raise ValueError("must be a number") from error
        if not math.isfinite(number):
            raise ValueError("must be finite")
        return number

    def schema(self) -> dict[str, object]:
        return {"type": "number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TantrumFactor:
    """A word for a stimulation score; read as the score."""

    def read(self, text: str) -> int:
        word = text.strip().lower()
        if word not in _FACTORS:
            raise ValueError(f"must be one of {', '.join(_FACTORS)}")
        return _FACTORS.index(word) + 1

    def schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(_FACTORS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchMode:
    """`AND` or `OR`, in any case; read as whether one is enough."""

    def read(self, text: str) -> bool:
        word = text.strip().upper()
        if word not in ("AND", "OR"):
            raise ValueError("must be AND or OR")
        return word == "OR"

    def schema(self) -> dict[str, object]:
        return {"type": "string", "enum": ["AND", "OR"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLevel:
    """A sensory level in the old words; `Any` wants none. Read in the words of a row."""

    def read(self, text: str) -> str | None:
        word = Query().read(text).title().replace("Medium", "Moderate")
        if word == "Any":
            return None
        return "Low-Moderate" if word == "Moderate-Low" else word

    def schema(self) -> dict[str, object]:
        return Query().schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeNames:
    """A comma list of themes' names."""

    def read(self, text: str) -> tuple[str, ...]:
        names = {name.strip() for name in Query(at_most=_TEXT_AT_MOST).read(text).split(",")}
        return tuple(sorted(names - {""}))

    def schema(self) -> dict[str, object]:
        return Query(at_most=_TEXT_AT_MOST).schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """What to order by; a word that is none of them means `name`."""

    def read(self, text: str) -> str:
        return text if text in _SORTS else "name"

    def schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(_SORTS)}


def _one(name: str, kind: Kind, doc: str, *, at_most: int = 1) -> Parameter:
    return Parameter(name=name, kind=kind, doc=doc, field=name, at_most=at_most)


def limit(default: int | None = None) -> Parameter:
    """Return the parameter that bounds a list, to *default* where it is not given."""
    return Parameter(
        name="limit", kind=Whole(at_least=0), default=default, field="limit", doc="Most items."
    )


QUERY: Final = _one("q", Query(at_most=_TEXT_AT_MOST), "What to look for.")

FILTERS: Final = (
    _one("search", Query(at_most=_TEXT_AT_MOST), "Substring of name, description or creator."),
    _one("ageGroup", Query(), "The ages, as the rows have them."),
    _one("ageRange", JsonRange(), "Ages that a show's overlap."),
    _one("ageRangeMin", Number(), "Lower end of `ageRange`, in place of it."),
    _one("ageRangeMax", Number(), "Upper end of `ageRange`, in place of it."),
    _one("stimulationScoreRange", JsonRange(), "Lowest and highest score."),
    _one("tantrumFactor", TantrumFactor(), "The score, in words."),
    _one("themes", ThemeNames(), "Names of themes.", at_most=_THEMES_AT_MOST),
    _one("themeMatchMode", MatchMode(), "Whether a show needs all of the themes or one."),
    _one("interactionLevel", OldLevel(), "The interactivity."),
    _one("interactivityLevel", OldLevel(), "Another name of `interactionLevel`."),
    _one("dialogueIntensity", OldLevel(), "The intensity of the dialogue."),
)
LIST: Final = (
    *FILTERS,
    _one("sortBy", Sort(), "What to order by."),
    limit(),
    Parameter(
        name="offset", kind=Whole(at_least=0), default=0, field="offset", doc="Items to leave out."
    ),
)
