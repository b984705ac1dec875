"""
Relay's connections over the upstreams' pages.

Upstream a page has a token, and its items have none. So a cursor says which page
its item was on, and how far down; where the page ends, it is the next one's token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec
import strawberry
from tantrum_kit.errors import InvalidInputError

T = TypeVar("T")

MAX_FIRST: Final = 100


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None = strawberry.field(description="`after` for the next page.")


@strawberry.type(description="One item of a list, and its place.")
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type(description="A page of a list. Pages go forwards: `first`, then `after`.")
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Number on all pages.")


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    token: str
    """Token of the page."""
    skip: int
    """Items of that page up to this one, itself included."""
    key: int | str
    """Which item it is: writes may have moved it meanwhile."""


_START: Final = _Cursor("", 0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which part of a list is wanted."""

    first: int
    after: str | None
    cursor: _Cursor

    @property
    def page_token(self) -> str:
        return self.cursor.token

    @property
    def page_size(self) -> int:
        """Items to ask for: those to skip too, and one where none are wanted."""
        return min(MAX_FIRST, self.cursor.skip + max(1, self.first))


def place(first: int, after: str | None) -> Place:
    """
    Return the part of a list that the arguments mean.

    Raises:
        InvalidInputError: there is no such part.
    """
    if not 0 <= first <= MAX_FIRST:
        raise InvalidInputError.of("first", f"must be 0 to {MAX_FIRST}")
    return Place(first=first, after=after, cursor=_START if after is None else _read(after))


def connection(
    items: Sequence[T],
    at: Place,
    *,
    next_page_token: str,
    total_size: int,
    key_of: Callable[[T], int | str],
) -> Connection[T]:
    """Return the part of *items*, which are the page at `at.page_token`, that is wanted."""
    keys = [key_of(item) for item in items]
    skip = at.cursor.skip
    if skip and at.cursor.key in keys:
        skip = keys.index(at.cursor.key) + 1
    ends = [_Cursor(at.page_token, number, key) for number, key in enumerate(keys, start=1)]
    if ends and next_page_token:
        ends[-1] = _Cursor(next_page_token, 0, "")
    stop = skip + at.first
    edges = [
        Edge(cursor=_written(end), node=item)
        for item, end in zip(items[skip:stop], ends[skip:stop], strict=True)
    ]
    # Where the skipped items filled a page, its end is where to go on.
    last = edges[-1].cursor if edges else (_written(ends[-1]) if skip and ends else at.after)
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=bool(next_page_token) or stop < len(items),
            has_previous_page=at.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=last,
        ),
        total_count=total_size,
    )


def _written(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def _read(text: str) -> _Cursor:
    try:
        padded = text + "=" * (-len(text) % 4)
        encoded = base64.b64decode(padded.encode(), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(encoded, type=_Cursor)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError.of("after", "not a cursor of this list") from error
    if not 0 <= cursor.skip <= MAX_FIRST:
        raise InvalidInputError.of("after", "not a cursor of this list")
    return cursor
