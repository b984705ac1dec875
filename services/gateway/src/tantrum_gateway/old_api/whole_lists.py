"""Reads whole lists of the catalogue, page by page, as they were at one revision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from tantrum_gateway.upstreams import Method, call

_PAGE_SIZE: Final = 100
"""The most that the catalogue gives at once."""

T = TypeVar("T")


class _Page(Protocol):
    next_page_token: str
    catalog_revision: int


PageT = TypeVar("PageT", bound=_Page)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeList(Generic[T]):
    """All items of a list, and the revision of the catalogue that has just these."""

    items: Sequence[T]
    catalog_revision: int


async def whole_list(
    method: Method[PageT],
    request: Callable[..., Any],
    items: Callable[[PageT], Sequence[T]],
    *,
    min_revision: int,
    **fields: Any,
) -> WholeList[T]:
    """
    Return the *items* of all pages that *method* gives for a *request* with *fields*.

    Begins again where somebody writes in between, until the request's time is over.

    Raises:
        CallerError: the catalogue did, or did not answer in time.
    """

    async def page(token: str) -> PageT:
        return await call(
            "catalog",
            method,
            request(page_size=_PAGE_SIZE, page_token=token, min_revision=min_revision, **fields),
        )

    while True:
        part = await page("")
        revision, found = part.catalog_revision, [*items(part)]
        while part.next_page_token and part.catalog_revision == revision:
            part = await page(part.next_page_token)
            found += items(part)
        if part.catalog_revision == revision:
            return WholeList(items=found, catalog_revision=revision)
        min_revision = max(revision, part.catalog_revision)
