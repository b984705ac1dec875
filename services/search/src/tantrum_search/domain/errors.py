"""What can go wrong that is the caller's business, or the feed's."""

from __future__ import annotations

from tantrum_kit import errors


class IndexLoadingError(errors.UnavailableError):
    """The index has not been loaded yet."""

    reason = "INDEX_LOADING"

    def __init__(self) -> None:
        super().__init__("the search index is not loaded yet")


class IndexUnavailableError(errors.UnavailableError):
    """The backend does not answer."""

    reason = "INDEX_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the search index did not answer")


class HistoryUnavailableError(Exception):
    """The catalogue cannot tell what happened since a revision: list again."""


class IndexBehindError(Exception):
    """The stored index is older than the changes to apply to it: list again."""
