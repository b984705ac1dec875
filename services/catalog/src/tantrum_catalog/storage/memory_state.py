"""What a catalogue in memory consists of, and how its revisions come about."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from tantrum_catalog.domain.audit import AuditRecord
from tantrum_catalog.domain.category import Category, CategoryId, CategoryKey
from tantrum_catalog.domain.change import At, Batch, Change, ChangeType, ResourceKind, Revision
from tantrum_catalog.domain.condition import holds
from tantrum_catalog.domain.errors import (
    CategoryNotFoundError,
    ResearchNotFoundError,
    RevisionNotReachedError,
    ShowNotFoundError,
    UnknownLabelsError,
)
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.research import Research, ResearchId, ResearchKey
from tantrum_catalog.domain.show import Label, Show, ShowFacts, ShowId, ShowKey, StoredImage
from tantrum_catalog.domain.vocabulary import Platform, Theme
from tantrum_catalog.storage.memory_audit import MemoryAuditLog

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """A create that came with a request id."""

    digest: bytes
    resource_id: int
    time: dt.datetime


class MemoryState:
    """
    The resources by their ids, and the batches of the last *batches_kept* revisions.

    Its methods do not wait, so each of them is a transaction on the event loop.
    """

    def __init__(
        self,
        *,
        now: Callable[[], dt.datetime],
        batches_kept: int | None,
        audit: MemoryAuditLog,
    ) -> None:
        self.now = now
        self.audit = audit
        self.head = Revision(0)
        self.batches: deque[Batch] = deque(maxlen=batches_kept)
        self.shows: dict[ShowId, Show] = {}
        self.categories: dict[CategoryId, Category] = {}
        self.research: dict[ResearchId, Research] = {}
        self.themes: dict[Slug, Theme] = {}
        self.platforms: dict[Slug, Platform] = {}
        self.images: dict[str, StoredImage] = {}
        self.requests: dict[tuple[ResourceKind, str], SeenRequest] = {}
        self._last_ids: dict[Enum, int] = {}

    def require(self, min_revision: Revision) -> None:
        """Raises `RevisionNotReachedError`."""
        if min_revision > self.head:
            raise RevisionNotReachedError(min_revision)

    def at_head(self, value: T) -> At[T]:
        """Return *value* as read or written now."""
        return At(value=value, revision=self.head)

    @property
    def next_revision(self) -> Revision:
        """The revision that `commit` will take."""
        return Revision(self.head + 1)

    def commit(self, changes: Sequence[Change], *records: AuditRecord) -> Revision:
        """Take the next revision for *changes*, at least one, and log *records*."""
        self.head = self.next_revision
        self.audit.append(records, time=self.now(), revision=self.head)
        self.batches.append(
            Batch(revision=self.head, changes=tuple(changes), commit_time=self.now())
        )
        return self.head

    def next_id(self, kind: ResourceKind) -> int:
        """Return a number higher than any before."""
        self.note_id(kind, self._last_ids.get(kind, 0) + 1)
        return self._last_ids[kind]

    def note_id(self, kind: ResourceKind, number: int) -> None:
        """Have later ids come after *number*."""
        self._last_ids[kind] = max(number, self._last_ids.get(kind, 0))

    def show(self, key: ShowKey) -> Show:
        """Raises `ShowNotFoundError`."""
        show = self.shows.get(key) if isinstance(key, int) else _with_slug(self.shows, key)
        if show is None:
            raise ShowNotFoundError(key)
        return show

    def category(self, key: CategoryKey) -> Category:
        """Raises `CategoryNotFoundError`."""
        found = (
            self.categories.get(key) if isinstance(key, int) else _with_slug(self.categories, key)
        )
        if found is None:
            raise CategoryNotFoundError(key)
        return found

    def research_of(self, key: ResearchKey) -> Research:
        """Raises `ResearchNotFoundError`."""
        found = self.research.get(key) if isinstance(key, int) else _with_slug(self.research, key)
        if found is None:
            raise ResearchNotFoundError(key)
        return found

    def show_count(self, category: Category) -> int:
        """Return the number of shows that a category selects."""
        condition = category.facts.rules.condition()
        return sum(holds(condition, show) for show in self.shows.values())

    def labels(self, facts: ShowFacts) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
        """Return the labels of themes and of platforms. Raises `UnknownLabelsError`."""
        return (
            _labels("show.themes", facts.themes, self.themes),
            _labels("show.platforms", facts.platforms, self.platforms),
        )


def changed(kind: ResourceKind, resource: Show | Category | Research) -> Change:
    """Return the change that puts a resource."""
    return Change(kind=kind, type=ChangeType.PUT, id=resource.id, slug=resource.slug)


def deleted(kind: ResourceKind, resource: Show | Category | Research) -> Change:
    """Return the change that removes a resource."""
    return Change(kind=kind, type=ChangeType.DELETE, id=resource.id, slug=resource.slug)


def _labels(
    field: str, slugs: Sequence[Slug], entries: Mapping[Slug, Theme | Platform]
) -> tuple[Label, ...]:
    if not set(slugs) <= entries.keys():
        raise UnknownLabelsError(field, slugs, entries.keys())
    return tuple(Label(slug=slug, name=entries[slug].name) for slug in slugs)


_Resource = TypeVar("_Resource", Show, Category, Research)
_Id = TypeVar("_Id", ShowId, CategoryId, ResearchId)


def _with_slug(resources: Mapping[_Id, _Resource], slug: str) -> _Resource | None:
    return next((one for one in resources.values() if one.slug == slug), None)
