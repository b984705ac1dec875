"""Writes the vocabularies of a catalogue in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

from tantrum_catalog.domain.audit import AuditAction, AuditRecord, record_of
from tantrum_catalog.domain.change import At, Change, ChangeType, ResourceKind, Revision
from tantrum_catalog.domain.errors import (
    LabelChangedError,
    LabelInUseError,
    LabelNotFoundError,
    NameTakenError,
    SlugTakenError,
)
from tantrum_catalog.domain.naming import Slug, sort_name_of
from tantrum_catalog.domain.ports import Merged
from tantrum_catalog.domain.rule_fields import RuleField
from tantrum_catalog.domain.show import Show, ShowId
from tantrum_catalog.domain.vocabulary import E, Platform, Theme, merged
from tantrum_catalog.storage.memory_state import MemoryState, changed


class MemoryVocabularyWrites:
    """A `VocabularyWriter` over a state."""

    _state: MemoryState

    async def entry(self, kind: type[E], slug: Slug, *, min_revision: Revision) -> At[E]:
        self._state.require(min_revision)
        return self._state.at_head(self._entry(kind, slug))

    async def create_entry(self, entry: E) -> At[E]:
        state = self._state
        state.audit.require_writer()
        if entry.slug in self._entries(type(entry)):
            raise SlugTakenError(entry.slug)
        self._require_name(entry)
        stored = replace(entry, revision=state.next_revision)
        self._entries(type(entry))[entry.slug] = stored
        state.commit([_put(stored)], record_of(AuditAction.CREATE, after=stored))
        return state.at_head(self._entry(type(entry), entry.slug))

    async def put_entry(self, entry: E, *, expected_revision: Revision) -> At[E]:
        state = self._state
        state.audit.require_writer()
        before = self._required(type(entry), entry.slug, expected_revision)
        self._require_name(entry)
        stored = replace(entry, revision=state.next_revision)
        self._entries(type(entry))[entry.slug] = stored
        renamed = entry.name != before.name
        shows = self._rewritten(self._labelled(type(entry), entry.slug) if renamed else ())
        record = record_of(AuditAction.UPDATE, before=before, after=stored)
        state.commit([_put(stored), *(changed(ResourceKind.SHOW, s) for s in shows)], record)
        return state.at_head(self._entry(type(entry), entry.slug))

    async def merge_entries(
        self, kind: type[E], slug: Slug, *, into: Slug, expected_revision: Revision | None
    ) -> At[Merged[E]]:
        state = self._state
        state.audit.require_writer()
        gone = self._required(kind, slug, expected_revision)
        before = self._entry(kind, into)
        records = [record_of(AuditAction.MERGE, before=gone)]
        category_changes = self._relabel_categories(kind, slug, into, records)
        stored = replace(merged(gone, before), revision=state.next_revision)
        del self._entries(kind)[slug]
        self._entries(kind)[into] = stored
        records.append(record_of(AuditAction.MERGE, before=before, after=stored))
        shows = self._relabel_shows(kind, slug, into, records)
        state.commit(
            [
                *category_changes,
                Change(kind=_resource(kind), type=ChangeType.DELETE, id=0, slug=slug),
                _put(stored),
                *(changed(ResourceKind.SHOW, show) for show in shows),
            ],
            *records,
        )
        done = Merged(
            entry=self._entry(kind, into),
            show_count=len(shows),
            category_count=len(category_changes),
        )
        return state.at_head(done)

    async def delete_entry(
        self, kind: type[E], slug: Slug, *, expected_revision: Revision | None
    ) -> Revision:
        state = self._state
        state.audit.require_writer()
        before = self._required(kind, slug, expected_revision)
        named = [
            category.facts.rules.names_label(_rule_field(kind), slug)
            for category in state.categories.values()
        ]
        if before.show_count or any(named):
            raise LabelInUseError(
                _resource(kind), slug, show_count=before.show_count, category_count=sum(named)
            )
        del self._entries(kind)[slug]
        change = Change(kind=_resource(kind), type=ChangeType.DELETE, id=0, slug=slug)
        return state.commit([change], record_of(AuditAction.DELETE, before=before))

    def _entries(self, kind: type[E]) -> dict[Slug, E]:
        entries = self._state.themes if kind is Theme else self._state.platforms
        return cast("dict[Slug, E]", entries)

    def _entry(self, kind: type[E], slug: Slug) -> E:
        if slug not in self._entries(kind):
            raise LabelNotFoundError(_resource(kind), slug)
        return replace(self._entries(kind)[slug], show_count=len(self._labelled(kind, slug)))

    def _required(self, kind: type[E], slug: Slug, expected: Revision | None) -> E:
        entry = self._entry(kind, slug)
        if expected is not None and entry.revision != expected:
            raise LabelChangedError(_resource(kind), slug, expected=expected, stored=entry.revision)
        return entry

    def _require_name(self, entry: Theme | Platform) -> None:
        name = sort_name_of(entry.name)
        for other in self._entries(type(entry)).values():
            if other.slug != entry.slug and sort_name_of(other.name) == name:
                raise NameTakenError(entry.name)

    def _labelled(self, kind: type[object], slug: Slug) -> list[ShowId]:
        field = _rule_field(kind)
        shows = self._state.shows.values()
        return sorted(show.id for show in shows if slug in getattr(show.facts, field))

    def _rewritten(self, ids: Collection[ShowId]) -> list[Show]:
        """Store these shows again, with the present names of their labels."""
        state = self._state
        for show_id in ids:
            show = state.shows[show_id]
            themes, platforms = state.labels(show.facts)
            state.shows[show_id] = replace(
                show,
                themes=themes,
                platforms=platforms,
                revision=state.next_revision,
                update_time=state.now(),
            )
        return [state.shows[show_id] for show_id in ids]

    def _relabel_shows(
        self, kind: type[E], old: Slug, new: Slug, records: list[AuditRecord]
    ) -> list[Show]:
        state, field = self._state, _rule_field(kind)
        ids = self._labelled(kind, old)
        before = [state.shows[show_id] for show_id in ids]
        for show in before:
            slugs = getattr(show.facts, field)
            there = new in slugs
            kept = (new if slug == old else slug for slug in slugs if not (there and slug == old))
            changes: dict[str, Any] = {field.value: tuple(kept)}
            facts = replace(show.facts, **changes)
            state.shows[show.id] = replace(show, facts=facts)
        shows = self._rewritten(ids)
        records += [
            record_of(AuditAction.MERGE, before=old_show, after=show)
            for old_show, show in zip(before, shows, strict=True)
        ]
        return shows

    def _relabel_categories(
        self, kind: type[E], old: Slug, new: Slug, records: list[AuditRecord]
    ) -> list[Change]:
        state, field = self._state, _rule_field(kind)
        changes = []
        for category in list(state.categories.values()):
            if category.facts.rules.names_label(field, old):
                rules = category.facts.rules.relabelled(field, old, new)
                after = replace(
                    category,
                    facts=replace(category.facts, rules=rules),
                    revision=state.next_revision,
                    update_time=state.now(),
                )
                state.categories[category.id] = after
                records.append(record_of(AuditAction.MERGE, before=category, after=after))
                changes.append(changed(ResourceKind.CATEGORY, after))
        return changes


def _resource(kind: type[object]) -> ResourceKind:
    return ResourceKind.THEME if kind is Theme else ResourceKind.PLATFORM


def _rule_field(kind: type[object]) -> RuleField:
    """Return the field of rules, which has the name of that of `ShowFacts`."""
    return RuleField.THEMES if kind is Theme else RuleField.PLATFORMS


def _put(entry: Theme | Platform) -> Change:
    return Change(kind=_resource(type(entry)), type=ChangeType.PUT, id=0, slug=entry.slug)
