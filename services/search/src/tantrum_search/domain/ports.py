"""What search needs of the world: a backend that matches, a catalogue to follow."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from tantrum_search.domain.document import Document, Text
from tantrum_search.domain.filters import ShowFilter
from tantrum_search.domain.postings import Candidate
from tantrum_search.domain.query import Terms
from tantrum_search.domain.show import Show, ShowId, Slug, Theme

MAX_CANDIDATES: Final = 1_000
"""Most shows that a backend returns for one query, and so how deep pages go."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Up to `MAX_CANDIDATES` shows that match, in no order, and how many there are."""

    candidates: Sequence[Candidate]
    total: int
    """Exact up to `MAX_CANDIDATES`; beyond, at least one more than that."""


@dataclass(frozen=True, slots=True)
class Found:
    """A show to hand back, with the texts to highlight."""

    payload: bytes
    texts: tuple[Text, ...]


class SearchView(Protocol):
    """The index at one revision; see `SearchBackend.reading`."""

    revision: int
    """Catalogue revision of everything that the view returns."""

    async def match(self, terms: Terms, show_filter: ShowFilter) -> Matches:
        """
        Return the shows that have a term of every group and pass the filter.

        When there are too many, those stay that have a term of every plain group
        in their name, and then the most popular.
        """

    async def found(self, ids: Sequence[ShowId]) -> Mapping[ShowId, Found]:
        """Return the shows *ids*; those that do not exist are left out."""


class SearchBackend(Protocol):
    """
    Keeps documents and matches explicit terms and filters; what terms mean, and
    what is a good hit, is not its business.

    Reading and writing may happen at once: a reader sees whole revisions. Every
    method may raise `tantrum_search.domain.errors.IndexUnavailableError`.
    """

    def reading(self) -> AbstractAsyncContextManager[SearchView]:
        """Look at the index as it is now, for one request."""

    async def stored_revision(self) -> int:
        """Return the catalogue revision that the index stands at; 0 when it has none."""

    async def replace(
        self, documents: Collection[Document], *, revision: int, even_if_newer: bool = False
    ) -> None:
        """
        Make the index hold *documents* and nothing else, as of *revision*.

        An index that stands at *revision* or later is left as it is, unless
        *even_if_newer*: another replica was faster.
        """

    async def apply(
        self,
        puts: Collection[Document],
        removals: Collection[ShowId],
        *,
        from_revision: int,
        revision: int,
    ) -> None:
        """
        Take the index from *from_revision* to *revision*.

        An index that stands at *revision* or later is left as it is, and one in
        between is taken the rest of the way. Raises `IndexBehindError` if it
        stands before *from_revision*.
        """

    async def answers(self) -> bool:
        """Say whether the index can be read just now."""


class ResourceKind(Enum):
    """The kinds of resource that matter to search."""

    SHOW = "show"
    THEME = "theme"
    PLATFORM = "platform"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that a revision wrote or removed."""

    kind: ResourceKind
    id: int
    slug: Slug


@dataclass(frozen=True, slots=True)
class Revision:
    """A step of the catalogue; without changes, a sign of life."""

    number: int
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything there is. Its parts were read at revisions from *first* to *last*."""

    shows: Sequence[Show]
    themes: Sequence[Theme]
    first_revision: int
    last_revision: int


@dataclass(frozen=True, slots=True)
class ShowsRead:
    """Those of the shows asked for that exist, as of *revision*."""

    shows: Sequence[Show]
    revision: int


@dataclass(frozen=True, slots=True)
class ThemesRead:
    """All themes, as of *revision* or later."""

    themes: Sequence[Theme]
    revision: int


class Catalog(Protocol):
    """
    The catalogue, to be listed and watched.

    Every method may raise a `tantrum_kit.errors.CallerError`, most often
    `UnavailableError`; nothing that it does changes the catalogue.
    """

    async def list_all(self) -> Listing:
        """Return all shows and themes."""

    def watch(self, from_revision: int) -> AsyncGenerator[Revision, None]:
        """
        Yield what is written after *from_revision*, in order and without gaps.

        Raises `HistoryUnavailableError` if the catalogue cannot, and
        `UnavailableError` when it has been silent for too long.
        """

    async def read_shows(self, ids: Collection[ShowId], min_revision: int) -> ShowsRead:
        """Return the shows *ids* as of *min_revision* or later."""

    async def read_themes(self, min_revision: int) -> ThemesRead:
        """Return all themes as of *min_revision* or later."""
