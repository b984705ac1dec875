"""
What the domain needs from the world: a store of the catalogue.

Every method may raise `CatalogUnavailableError`, and is bounded by the deadline
of the call being served (`tantrum_kit.deadline`). Cancelling a call leaves the
store as it was before or after the call, never in between. All of them are safe
to call concurrently.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tantrum_catalog.domain.catalogue import Catalogue
from tantrum_catalog.domain.category import (
    Category,
    CategoryCursor,
    CategoryFacts,
    CategoryId,
    CategoryKey,
    HomeRow,
)
from tantrum_catalog.domain.change import At, Batch, Revision
from tantrum_catalog.domain.condition import Condition
from tantrum_catalog.domain.naming import Slug, sort_name_of
from tantrum_catalog.domain.order import Ordering, ShowCursor
from tantrum_catalog.domain.research import (
    Research,
    ResearchCursor,
    ResearchFacts,
    ResearchId,
    ResearchKey,
)
from tantrum_catalog.domain.show import Show, ShowFacts, ShowId, ShowKey, StoredImage
from tantrum_catalog.domain.vocabulary import E, Platform, Theme, Vocabulary

T_co = TypeVar("T_co", covariant=True)

LabelCursor = tuple[str, str]
"""A theme's or platform's place: `sort_name_of` its name, slug; both ascending."""


def label_cursor_of(label: Theme | Platform) -> LabelCursor:
    """Return where a theme or platform is in its list."""
    return sort_name_of(label.name), label.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """Part of a list, in the list's order."""

    items: tuple[T_co, ...]
    has_more: bool
    """Whether anything comes after the last item."""
    total: int
    """Number in the whole list, whatever page this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowQuery:
    """Which page of which shows."""

    condition: Condition
    ordering: Ordering
    after: ShowCursor | None
    """Only shows past this place; None for the first page. The show there may be gone."""
    limit: int
    """Most shows, 0 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """A show, and others that may be like it."""

    show: Show
    others: tuple[Show, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """What makes a create safe to repeat, for a day at least."""

    id: str
    """Of the caller's choice; each kind of resource has its own."""
    digest: bytes
    """SHA-256 of the payload."""


class CatalogReader(Protocol):
    """
    Reads the catalogue.

    Each method reads one state of it, and says its revision. That is never below
    *min_revision*: a server that lags is given 20 ms before another is asked, and
    `RevisionNotReachedError` is raised when none has it in the end.
    """

    async def show(self, key: ShowKey, *, min_revision: Revision) -> At[Show]:
        """Raises `ShowNotFoundError`."""

    async def shows_by_id(
        self, ids: Collection[ShowId], *, min_revision: Revision
    ) -> At[dict[ShowId, Show]]:
        """Those of *ids* that exist."""

    async def page_of_shows(self, query: ShowQuery, *, min_revision: Revision) -> At[Page[Show]]:
        """The shows that meet the query's condition, in its ordering."""

    async def neighbours(
        self, key: ShowKey, *, calmer: bool, limit: int, min_revision: Revision
    ) -> At[Neighbours]:
        """
        One show, and up to *limit* others that are most likely to be like it.

        The others are the first by number of themes in common (most first), then
        distance of stimulation, then id. With *calmer*, only those of strictly
        lower stimulation. Raises `ShowNotFoundError`.
        """

    async def home(
        self, *, shows_per_category: int, min_revision: Revision
    ) -> At[tuple[HomeRow, ...]]:
        """All active categories in order, with up to so many first shows by popularity."""

    async def page_of_categories(
        self,
        *,
        include_inactive: bool,
        after: CategoryCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Category]]:
        """The categories in order."""

    async def category(self, key: CategoryKey, *, min_revision: Revision) -> At[Category]:
        """Raises `CategoryNotFoundError`."""

    async def vocabulary(self, *, min_revision: Revision) -> At[Vocabulary]:
        """All that themes and platforms are called."""

    async def page_of_themes(
        self, *, after: LabelCursor | None, limit: int, min_revision: Revision
    ) -> At[Page[Theme]]:
        """The themes by name, with the number of shows that have each."""

    async def page_of_platforms(
        self, *, after: LabelCursor | None, limit: int, min_revision: Revision
    ) -> At[Page[Platform]]:
        """The platforms by name, with the number of shows on each."""

    async def page_of_research(
        self,
        *,
        category: str,
        after: ResearchCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Research]]:
        """The summaries of *category* (exactly; empty for all), in `research.sort_key` order."""

    async def research(self, key: ResearchKey, *, min_revision: Revision) -> At[Research]:
        """Raises `ResearchNotFoundError`."""

    async def image(self, image_id: str) -> StoredImage:
        """A picture. Raises `ImageNotFoundError`."""


class CatalogWriter(Protocol):
    """
    Writes the catalogue.

    Each method is one transaction, which the audit log is written in too, for who is
    `actor.current()`; an editor who is not active gets `EditorInactiveError` and has
    written nothing. If it changes anything it takes the next
    revision, gives that to every resource it writes as their own, and appends to
    the feed what it changed. What is returned has the revision of the write.

    Creates look for their *request* first: one that was seen within a day writes
    nothing and returns what it made, as that is now (or raises that it is not
    found); with another digest `RequestIdTakenError` is raised.
    """

    async def create_show(
        self, facts: ShowFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Show]:
        """
        Make a show with a new id, higher than any before.

        Raises `SlugTakenError`, `UnknownLabelsError` (fields `show.themes` and
        `show.platforms`), `RequestIdTakenError`.
        """

    async def put_show(
        self, show_id: ShowId, facts: ShowFacts, *, expected_revision: Revision
    ) -> At[Show]:
        """
        Replace the facts if the show's revision is *expected_revision*.

        Raises `ShowNotFoundError`, `ShowChangedError`, `UnknownLabelsError`.
        """

    async def delete_show(self, show_id: ShowId, *, expected_revision: Revision | None) -> Revision:
        """
        Remove a show; None matches any revision.

        Raises `ShowNotFoundError`, `ShowChangedError`.
        """

    async def set_featured_show(
        self, show_id: ShowId | None, *, expected_id: int | None = None
    ) -> At[Show | None]:
        """
        Feature this show and no other; None features none.

        *expected_id* is the show that is featured, 0 for none; None is for any. Writes only
        shows that change, and nothing when it is so already. Raises `ShowNotFoundError` and
        `FeaturedShowChangedError`.
        """

    async def create_category(
        self, facts: CategoryFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Category]:
        """
        Make a category, with a display order past all others.

        Raises `SlugTakenError`, `RequestIdTakenError`.
        """

    async def put_category(
        self, category_id: CategoryId, facts: CategoryFacts, *, expected_revision: Revision
    ) -> At[Category]:
        """Replace the facts. Raises `CategoryNotFoundError`, `CategoryChangedError`."""

    async def delete_category(
        self, category_id: CategoryId, *, expected_revision: Revision | None
    ) -> Revision:
        """As `delete_show`. Raises `CategoryNotFoundError`, `CategoryChangedError`."""

    async def reorder_categories(
        self, ids: Sequence[CategoryId], *, expected_ids: Sequence[CategoryId] = ()
    ) -> At[tuple[Category, ...]]:
        """
        Give the categories the display orders 1, 2, … in the order of *ids*.

        *expected_ids* is the order that they are in; empty is for any. Writes only categories
        that change. Returns all of them in the new order.

        Raises:
            CategoryOrderChangedError: they are in another order.
            CategoryOrderError: *ids* has not every category exactly once.
        """

    async def create_research(
        self, facts: ResearchFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Research]:
        """Make a summary. Raises `SlugTakenError`, `RequestIdTakenError`."""

    async def put_research(
        self, research_id: ResearchId, facts: ResearchFacts, *, expected_revision: Revision
    ) -> At[Research]:
        """Replace the facts. Raises `ResearchNotFoundError`, `ResearchChangedError`."""

    async def delete_research(
        self, research_id: ResearchId, *, expected_revision: Revision | None
    ) -> Revision:
        """As `delete_show`. Raises `ResearchNotFoundError`, `ResearchChangedError`."""

    async def put_image(self, stored: StoredImage) -> None:
        """Store a picture, if it is not there yet. It takes no revision."""

    async def set_show_image(
        self, show_id: ShowId, image_id: str | None, *, expected_revision: Revision | None
    ) -> At[Show]:
        """
        Give a show its picture, or with None take it.

        Raises `ShowNotFoundError`, `ShowChangedError`, `ImageNotFoundError`.
        """

    async def load(self, catalogue: Catalogue) -> Revision:
        """
        Write a whole *catalogue* as one revision.

        Later creates get ids past those in it. Raises `CatalogueNotEmptyError` if
        there is any show, theme, platform, category or research.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Generic[E]):
    """What came of two themes or platforms, and what changed with them."""

    entry: E
    """The one that stayed."""
    show_count: int
    """Shows that had the other."""
    category_count: int
    """Categories whose rules named the other."""


class VocabularyWriter(Protocol):
    """
    Writes themes and platforms, by `Theme` or `Platform` as *kind*.

    As `CatalogWriter`. Shows that have an entry are written with it, and so are
    categories whose rules name one that is merged.
    """

    async def entry(self, kind: type[E], slug: Slug, *, min_revision: Revision) -> At[E]:
        """Raises `LabelNotFoundError`."""

    async def create_entry(self, entry: E) -> At[E]:
        """Raises `SlugTakenError`, `NameTakenError`."""

    async def put_entry(self, entry: E, *, expected_revision: Revision) -> At[E]:
        """
        Replace the entry of this slug if its revision is *expected_revision*.

        Raises `LabelNotFoundError`, `LabelChangedError`, `NameTakenError`.
        """

    async def merge_entries(
        self, kind: type[E], slug: Slug, *, into: Slug, expected_revision: Revision | None
    ) -> At[Merged[E]]:
        """
        Put *into* in the place of *slug*, and remove that; see `vocabulary.merged`.

        Raises `LabelNotFoundError` about either, `LabelChangedError` about *slug*.
        """

    async def delete_entry(
        self, kind: type[E], slug: Slug, *, expected_revision: Revision | None
    ) -> Revision:
        """Raises `LabelNotFoundError`, `LabelChangedError`, `LabelInUseError`."""


class ChangeFeed(Protocol):
    """Tells what the catalogue's revisions changed. Reads the primary."""

    async def head(self) -> Revision:
        """Return the newest revision; 0 before any write."""

    async def since(self, revision: Revision, *, limit: int) -> list[Batch]:
        """
        Return up to *limit* (1 or more) batches after *revision*, ascending, without gaps.

        Empty when *revision* is the head. Raises `RevisionUnavailableError` when it
        lies past the head, or the batch after it is no longer kept.
        """


class CatalogStore(CatalogReader, CatalogWriter, VocabularyWriter, ChangeFeed, Protocol):
    """All of it."""

    async def ready(self) -> bool:
        """Say whether the store answers. Raises nothing but `CatalogUnavailableError`."""
