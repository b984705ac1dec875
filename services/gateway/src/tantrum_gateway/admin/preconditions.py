"""
`If-Match` on writes, and `If-None-Match` on reads: RFC 9110, section 13.

The tag of a resource here is its revision, so that a write hands the tag to the
catalogue, which compares it in the write's own transaction.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from tantrum_kit import errors

from tantrum_gateway import problems
from tantrum_gateway.admin.refusals import RefusalError

T = TypeVar("T")

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rf"[\t ,]*{_TAG}(?:[\t ]*,[\t ,]*{_TAG})*[\t ,]*")
_ONE_TAG: Final = re.compile(r'(W/)?"([^"]*)"')
_REVISION: Final = re.compile(r"[1-9][0-9]{0,17}")
_REVISIONS_MAX: Final = 10
_ANY_REVISION: Final = 0


@dataclass(frozen=True, slots=True)
class IfMatch:
    """What a resource has to be for a write to happen."""

    tags: frozenset[str] | None
    """Without their quotes; weak ones are left out, since they match nothing. None is `*`."""

    @classmethod
    def read(cls, header: str | None) -> IfMatch:
        """Raises `RefusalError`: 428 without the *header*, 400 where it is none."""
        if header is None:
            raise RefusalError(problems.PRECONDITION_REQUIRED, 428)
        if header.strip() == "*":
            return cls(None)
        if not _TAGS.fullmatch(header):
            raise RefusalError(
                problems.INVALID, 400, "If-Match: must be * or a list of entity tags"
            )
        return cls(frozenset(tag for weak, tag in _ONE_TAG.findall(header) if not weak))

    @property
    def anything(self) -> bool:
        """Whether it was `*`."""
        return self.tags is None

    def require(self, tag: str) -> None:
        """Refuse the write, with 412, of what is at another *tag*."""
        if self.tags is not None and tag not in self.tags:
            raise _changed()

    async def at(self, write: Callable[[int], Awaitable[T]]) -> T:
        """
        Return what *write* does with a revision that the resource is at; 0 stands for any.

        Raises:
            RefusalError: 412, it can be at none of them.
            ConflictError: it is at none of them.
            CallerError: as *write* does.
        """
        conflict: Exception = _changed()
        for revision in self._revisions():
            try:
                return await write(revision)
            except errors.ConflictError as error:
                conflict = error
        raise conflict

    def _revisions(self) -> list[int]:
        if self.tags is None:
            return [_ANY_REVISION]
        ours = sorted(tag for tag in self.tags if _REVISION.fullmatch(tag))
        return [int(tag) for tag in ours[:_REVISIONS_MAX]]


def names(if_none_match: str | None, tag: str) -> bool:
    """Say whether the client has what *tag* stands for. Weak tags compare as strong ones."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in (
        one for _, one in _ONE_TAG.findall(if_none_match)
    )


def _changed() -> RefusalError:
    return RefusalError(
        problems.CONFLICT,
        412,
        "It was written since the revision that If-Match names; read it again.",
    )
