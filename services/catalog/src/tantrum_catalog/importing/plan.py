"""
What an import does with each row, as pure decisions.

An import never overwrites what was written here since an earlier one, and
deletes nothing. To tell what was written here, the import leaves a stamp of
each row as it wrote it; a row with another stamp was edited.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = (
    "Mapping[str, Value] | list[Value] | str | int | float | bool | dt.datetime | None"
)

Row: TypeAlias = Mapping[str, Value]
"""Values by column."""


MADE_HERE: Final = "it was made here, not by an import"


class Kind(StrEnum):
    """A kind of row, in the order in which they are written."""

    THEME = "theme"
    PLATFORM = "platform"
    SHOW = "show"
    CATEGORY = "category"
    RESEARCH = "research"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A row as the source has it, mended."""

    kind: Kind
    key: str
    """The id as text, or the slug of the kinds that have none; unique in the kind."""
    label: str
    """What a report calls it; never an e-mail address."""
    source_digest: bytes
    """Of all that the source says about it."""
    row: Row
    """A column that is left out is not the source's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A row as it is here."""

    row: Row
    stamp: str
    """Moves when the row is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an earlier import noted about a row."""

    source_digest: bytes
    stamp: str


class Action(StrEnum):
    """What becomes of a row."""

    INSERT = "insert"
    UPDATE = "update"
    LEAVE = "leave"
    """It is as it is wanted."""
    KEEP = "keep"
    """It differs from what is wanted, and stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An action, and for `KEEP` the reason."""

    action: Action
    reason: str = ""


def decide(wanted: Wanted, present: Present | None, imported: Imported | None) -> Decision:
    """Return what to do with a wanted row, given what is here and what was imported before."""
    if present is None:
        if imported is None:
            return Decision(action=Action.INSERT)
        return Decision(action=Action.KEEP, reason="it was deleted here" + _moved(wanted, imported))
    if satisfies(present.row, wanted.row):
        return Decision(action=Action.LEAVE)
    if imported is None:
        return Decision(action=Action.KEEP, reason=MADE_HERE)
    if present.stamp != imported.stamp:
        return Decision(action=Action.KEEP, reason="it was edited here" + _moved(wanted, imported))
    return Decision(action=Action.UPDATE)


def satisfies(present: Row, wanted: Row) -> bool:
    """Say whether every wanted column is as it is wanted."""
    return all(column in present and present[column] == wanted[column] for column in wanted)


def digest_of(row: Row) -> bytes:
    """Return SHA-256 of the row's canonical JSON: the same for equal rows, in any order."""
    text = json.dumps(
        row, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def checksum_of(digest_by_key: Mapping[str, bytes]) -> str:
    """Return one hexadecimal checksum of many rows, in any order."""
    total = hashlib.sha256()
    for key in sorted(digest_by_key):
        total.update(hashlib.sha256(key.encode()).digest() + digest_by_key[key])
    return total.hexdigest()


def _moved(wanted: Wanted, imported: Imported) -> str:
    if wanted.source_digest == imported.source_digest:
        return ""
    return ", and changed in the source as well"


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    raise TypeError(f"a row cannot hold {type(value).__name__}")
