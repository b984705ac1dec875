"""Pages of lists: how many, from where, and where the next one starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from tantrum_kit.errors import InvalidInputError
from tantrum_kit.paging import PageTokens

from tantrum_catalog.domain.ports import Page

T = TypeVar("T")

PAGE_SIZE_MAX: Final = 100

_NOT_IN_THE_QUESTION: Final = ("page_token", "page_size", "min_revision")


def page_size_of(
    requested: int, *, default: int = 20, at_most: int = PAGE_SIZE_MAX, field: str = "page_size"
) -> int:
    """Return how many to give: *default* for 0, and never more than *at_most*."""
    if requested < 0:
        raise InvalidInputError.of(field, "must not be negative")
    return min(requested, at_most) or default


class Pager:
    """Turns page tokens into cursors and back, each bound to the rest of its request."""

    def __init__(self, tokens: PageTokens) -> None:
        self._tokens = tokens

    def after(self, request: Any) -> Any:
        """Return the cursor in `request.page_token`, None for the first page."""
        if not request.page_token:
            return None
        return tuple(self._tokens.open(request.page_token, question=_question(request)))

    def next_token(
        self, request: Message, page: Page[T], cursor_of: Callable[[T], Sequence[Any]]
    ) -> str:
        """Return the token of the page after *page*, empty after the last."""
        if not page.has_more or not page.items:
            return ""
        return self._tokens.seal(cursor_of(page.items[-1]), question=_question(request))


def _question(request: Message) -> bytes:
    question = type(request)()
    question.CopyFrom(request)
    for field in _NOT_IN_THE_QUESTION:
        if field in request.DESCRIPTOR.fields_by_name:
            question.ClearField(field)
    # Two lists of one shape are still two lists.
    name: str = request.DESCRIPTOR.full_name
    return name.encode() + b"\0" + question.SerializeToString(deterministic=True)
