"""
The kinds of query parameters: how each is read, written canonically, and described.

One declaration serves the parser and the OpenAPI document, so that they agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

_WHOLE_NUMBER: Final = re.compile(r"([+-]?)0*([0-9]+)")
_MAX_DIGITS: Final = 18
_MAX_INT32: Final = 2**31 - 1
_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f"
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")


def _whole(text: str) -> int:
    """Return the whole number, one that is too long for any range cut to a size that still is."""
    match = _WHOLE_NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("must be a whole number")
    sign, digits = match.groups()
    return int(sign + (digits if len(digits) <= _MAX_DIGITS else "9" * _MAX_DIGITS))


class Kind(Protocol):
    """What the values of a parameter look like."""

    def read(self, text: str) -> Any:
        """Return the value. Raises `ValueError` with a sentence for the caller."""

    def schema(self) -> dict[str, object]:
        """Return the JSON schema of one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number in `[at_least, at_most]`."""

    at_least: int
    at_most: int = _MAX_INT32

    def read(self, text: str) -> int:
        value = _whole(text)
        if value < self.at_least:
            raise ValueError(f"must be at least {self.at_least}")
        if value > self.at_most:
            raise ValueError(f"must be at most {self.at_most}")
        return value

    def schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.at_least, "maximum": self.at_most}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSize:
    """How many items a page may have: 0 is the default, above *at_most* is read as that."""

    default: int = 20
    at_most: int = 100

    def read(self, text: str) -> int:
        value = _whole(text)
        if value < 0:
            raise ValueError("must not be negative")
        return min(value, self.at_most) or self.default

    def schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": 0, "default": self.default}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Either `true` or `false`."""

    def read(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError("must be true or false")
        return text == "true"

    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text of 1 to *at_most* characters without control characters."""

    at_most: int = 200

    def read(self, text: str) -> str:
        if not text.strip():
            raise ValueError("must not be empty")
        return self.checked(text)

    def checked(self, text: str) -> str:
        """Return *text* if it is short and has no controls, else raise `ValueError`."""
        if len(text) > self.at_most:
            raise ValueError(f"must have at most {self.at_most} characters, not {len(text)}")
        if _CONTROL.search(text):
            raise ValueError("must not contain control characters")
        return text

    def schema(self) -> dict[str, object]:
        some = f"^[^{_CONTROLS}]*[^{_CONTROLS}\\s][^{_CONTROLS}]*$"
        return {"type": "string", "minLength": 1, "maxLength": self.at_most, "pattern": some}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Text):
    """As `Text`; white space around it does not count, and nothing stands for no query."""

    def read(self, text: str) -> str:
        return self.checked(text).strip()

    def schema(self) -> dict[str, object]:
        return {"type": "string", "maxLength": self.at_most, "pattern": f"^[^{_CONTROLS}]*$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slug:
    """The stable name of something."""

    at_most: int = 120

    def read(self, text: str) -> str:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) or len(text) > self.at_most:
            raise ValueError("must be a slug: lower-case letters, digits and single hyphens")
        return text

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": self.at_most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of *tokens*."""

    tokens: Sequence[str]

    def read(self, text: str) -> str:
        if text not in self.tokens:
            raise ValueError(f"must be one of {', '.join(self.tokens)}")
        return text

    def schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(self.tokens)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The `nextPageToken` of the page before."""

    def read(self, text: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,2000}", text):
            raise ValueError("not a token of this list with these arguments")
        return text

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "maxLength": 2_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A comma list of *names*; read in their order, without repetition."""

    names: Sequence[str]

    def read(self, text: str) -> tuple[str, ...]:
        asked = {name.strip() for name in text.split(",")}
        unknown = sorted(asked - set(self.names))
        if unknown:
            raise ValueError(f"no such field: {', '.join(map(repr, unknown))}")
        return tuple(name for name in self.names if name in asked)

    def schema(self) -> dict[str, object]:
        items = {"type": "string", "enum": list(self.names)}
        return {"type": "array", "items": items, "minItems": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """A comma list of 1 to *at_most* different ids."""

    at_most: int

    def read(self, text: str) -> tuple[int, ...]:
        one = Whole(at_least=1)
        ids = tuple(one.read(part.strip()) for part in text.split(","))
        if len(ids) > self.at_most:
            raise ValueError(f"must have at most {self.at_most} ids, not {len(ids)}")
        if len(set(ids)) < len(ids):
            raise ValueError("must not name an id twice")
        return ids

    def schema(self) -> dict[str, object]:
        items = Whole(at_least=1).schema()
        return {
            "type": "array",
            "items": items,
            "minItems": 1,
            "maxItems": self.at_most,
            "uniqueItems": True,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One of *names*, then perhaps ` asc` or ` desc`; *aliases* are other spellings."""

    names: Sequence[str]
    aliases: Sequence[tuple[str, str]] = ()

    def read(self, text: str) -> tuple[str, str]:
        name, _, direction = " ".join(text.split()).partition(" ")
        name = dict(self.aliases).get(name, name)
        if name not in self.names or direction not in ("", "asc", "desc"):
            raise ValueError(f"must be one of {', '.join(self.names)}, then perhaps asc or desc")
        return name, direction

    def schema(self) -> dict[str, object]:
        spellings = [*self.names, *(alias for alias, _ in self.aliases)]
        directed = [name + way for name in spellings for way in ("", " asc", " desc")]
        return {"type": "string", "enum": directed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a query string."""

    name: str
    kind: Kind
    doc: str

    field: str
    """Path of the proto field that it becomes, by which an upstream would complain."""

    at_most: int = 1
    """How often it may be given; more than once means any of the values."""

    required: bool = False

    default: Any = None
    """The value that changes nothing; given or not, the request is the same."""
