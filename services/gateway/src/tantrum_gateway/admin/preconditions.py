"""
`If-Match` on writes, and `If-None-Match` on reads: RFC 9110, section 13.

The tag of a resource here is its revision, so that a write hands the tag to the
catalogue, which compares it in the write's own transaction.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tantrum_kit import errors

from tantrum_gateway import problems
from tantrum_gateway.admin.refusals import RefusalError

T = TypeVar("T")

ANY_REVISION: Final = 0

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rf"[\t ,]*{_TAG}(?:[\t ]*,[\t ,]*{_TAG})*[\t ,]*")
# What tag this server makes of a revision; it makes no weak ones.
_REVISION: Final = re.compile(r'(?<!W/)"([1-9][0-9]{0,17})"')
_TAGS_MAX: Final = 10


def tag_of(revision: int) -> str:
    """Return the entity tag of a resource at *revision*."""
    return f'"{revision}"'


def revisions_of(if_match: str | None) -> list[int]:
    """
    Return the revisions that the resource may be at; `[ANY_REVISION]` for `*`.

    Empty where there are tags, but none that this server could have made.

    Raises:
        RefusalError: 428 without the header, 400 where it is none.
    """
    if if_match is None:
        raise RefusalError(problems.PRECONDITION_REQUIRED, 428)
    if if_match.strip() == "*":
        return [ANY_REVISION]
    if not _TAGS.fullmatch(if_match):
        raise RefusalError(problems.INVALID, 400, "If-Match: must be * or a list of entity tags")
    return [int(digits) for digits in _REVISION.findall(if_match)[:_TAGS_MAX]]


def names(if_none_match: str | None, tag: str) -> bool:
    """Say whether the client has what *tag* stands for. Weak tags compare as strong ones."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in re.findall(r'"[^"]*"', if_none_match)


async def at_one_of(revisions: list[int], write: Callable[[int], Awaitable[T]]) -> T:
    """
    Return what *write* does at the first of *revisions* that the resource is at.

    Raises:
        RefusalError: 412, it is at none of them.
        CallerError: as *write* does.
    """
    for revision in revisions:
        try:
            return await write(revision)
        except errors.ConflictError:
            continue
    raise changed()


def changed() -> RefusalError:
    """Return the refusal of a write whose resource somebody else wrote in between."""
    return RefusalError(
        problems.CONFLICT,
        412,
        "It was written since the revision that If-Match names; read it again.",
    )
