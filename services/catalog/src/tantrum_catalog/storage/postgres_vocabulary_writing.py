"""
Writing themes and platforms.

A show carries its labels as an array of slugs and as rows of a join table, and the names are
read with it. So whatever changes an entry writes the shows that have it, in the same revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from tantrum_kit.postgres import Connection, Record

from tantrum_catalog.domain.audit import AuditAction
from tantrum_catalog.domain.change import At, ResourceKind, Revision
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
from tantrum_catalog.storage.postgres_categories import read_all_categories
from tantrum_catalog.storage.postgres_category_writing import write_category
from tantrum_catalog.storage.postgres_counts import Counts
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_revisions import Write
from tantrum_catalog.storage.postgres_rows import HEAD, placeholders
from tantrum_catalog.storage.postgres_show_writing import write_labels
from tantrum_catalog.storage.postgres_shows import read_shows, revision_of
from tantrum_catalog.storage.postgres_vocabularies import platform_of, theme_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """How one vocabulary is stored."""

    name: str
    resource: ResourceKind
    rule_field: RuleField
    columns: tuple[str, ...]
    """What an editor writes besides the name."""

    @property
    def read(self) -> str:
        return f"""
        SELECT head.revision AS head_revision, entry.*, (
            SELECT count(*) FROM catalog.show_{self.name} AS label
            WHERE label.{self.name}_slug = entry.slug
        ) AS show_count
        FROM {HEAD} LEFT JOIN catalog.{self.name} AS entry ON entry.slug = $1::text
        """  # noqa: S608 - from constants

    @property
    def name_taken(self) -> str:
        return f"""
        SELECT EXISTS (
            SELECT FROM catalog.{self.name} WHERE sort_name = $1 AND slug <> $2::text
        )
        """  # noqa: S608 - from constants

    @property
    def insert(self) -> str:
        columns = ", ".join(("slug", "revision", "name", "sort_name", *self.columns))
        marks = placeholders(1, 4 + len(self.columns))
        return f"INSERT INTO catalog.{self.name} ({columns}) VALUES ({marks})"  # noqa: S608 - from constants

    @property
    def update(self) -> str:
        columns = ", ".join(("revision", "name", "sort_name", *self.columns))
        marks = placeholders(2, 3 + len(self.columns))
        return f"UPDATE catalog.{self.name} SET ({columns}) = ROW ({marks}) WHERE slug = $1"  # noqa: S608 - from constants

    @property
    def delete(self) -> str:
        return f"DELETE FROM catalog.{self.name} WHERE slug = $1"  # noqa: S608 - from constants

    @property
    def show_ids(self) -> str:
        return f"""
        SELECT show_id FROM catalog.show_{self.name} WHERE {self.name}_slug = $1 ORDER BY show_id
        """  # noqa: S608 - from constants

    @property
    def replace_in_shows(self) -> str:
        """Put $2 for $1 into the arrays of the shows $3, once where both are there."""
        return f"""
        UPDATE catalog.show SET {self.name}_slugs = CASE
            WHEN $2::text = ANY({self.name}_slugs) THEN array_remove({self.name}_slugs, $1::text)
            ELSE array_replace({self.name}_slugs, $1::text, $2::text)
        END
        WHERE id = ANY($3::int[])
        """  # noqa: S608 - from constants


_THEME: Final = _Table(
    name="theme",
    resource=ResourceKind.THEME,
    rule_field=RuleField.THEMES,
    columns=("aliases",),
)
_PLATFORM: Final = _Table(
    name="platform",
    resource=ResourceKind.PLATFORM,
    rule_field=RuleField.PLATFORMS,
    columns=("url", "icon_url"),
)

_TOUCH_SHOWS: Final = """
UPDATE catalog.show SET revision = $2, update_time = $3 WHERE id = ANY($1::int[])
"""


class PostgresVocabularyWriter(PostgresPart):
    """A `VocabularyWriter`."""

    async def entry(self, kind: type[E], slug: Slug, *, min_revision: Revision) -> At[E]:
        async def query(connection: Connection) -> At[E | None]:
            records = await connection.fetch(_table(kind).read, slug)
            return At(value=_entry_of(kind, records[0]), revision=revision_of(records))

        found = await self._databases.read(query, min_revision=min_revision)
        if found.value is None:
            raise LabelNotFoundError(_table(kind).resource, slug)
        return At(value=found.value, revision=found.revision)

    async def create_entry(self, entry: E) -> At[E]:
        kind, table = type(entry), _table(type(entry))
        async with self._writes.begun() as write:
            if await _read(write, kind, entry.slug) is not None:
                raise SlugTakenError(entry.slug)
            await _require_name(write, entry)
            await write.connection.execute(
                table.insert, entry.slug, write.revision, *_values(table, entry)
            )
            return await _stored(write, kind, entry.slug, AuditAction.CREATE, before=None)

    async def put_entry(self, entry: E, *, expected_revision: Revision) -> At[E]:
        kind = type(entry)
        async with self._writes.begun() as write:
            before = await _require(write, kind, entry.slug, expected_revision)
            await _require_name(write, entry)
            return await _replaced(write, before, entry, AuditAction.UPDATE)

    async def merge_entries(
        self, kind: type[E], slug: Slug, *, into: Slug, expected_revision: Revision | None
    ) -> At[Merged[E]]:
        table = _table(kind)
        async with self._writes.begun() as write:
            gone = await _require(write, kind, slug, expected_revision)
            kept = await _require(write, kind, into, None)
            ids = await _show_ids(write, table, slug)
            shows = (await read_shows(write.connection, ids)).value
            await write.connection.execute(table.replace_in_shows, slug, into, ids)
            await write_labels(write.connection, ids)
            categories = [
                one
                for one in await read_all_categories(write.connection, Counts())
                if one.facts.rules.names_label(table.rule_field, slug)
            ]
            for category in categories:
                rules = category.facts.rules.relabelled(table.rule_field, slug, into)
                facts = replace(category.facts, rules=rules)
                await write_category(write, category, facts, AuditAction.MERGE)
            await write.connection.execute(table.delete, slug)
            write.deleted(table.resource, 0, slug)
            write.log(AuditAction.MERGE, before=gone)
            kept_after = merged(gone, kept)
            stored = await _replaced(write, kept, kept_after, AuditAction.MERGE, labelled=shows)
            done = Merged(entry=stored.value, show_count=len(ids), category_count=len(categories))
            return At(value=done, revision=write.revision)

    async def delete_entry(
        self, kind: type[E], slug: Slug, *, expected_revision: Revision | None
    ) -> Revision:
        table = _table(kind)
        async with self._writes.begun() as write:
            before = await _require(write, kind, slug, expected_revision)
            categories = await read_all_categories(write.connection, Counts())
            named = [one.facts.rules.names_label(table.rule_field, slug) for one in categories]
            if before.show_count or any(named):
                raise LabelInUseError(
                    table.resource,
                    slug,
                    show_count=before.show_count,
                    category_count=sum(named),
                )
            await write.connection.execute(table.delete, slug)
            write.deleted(table.resource, 0, slug)
            write.log(AuditAction.DELETE, before=before)
            return write.revision


async def _replaced(
    write: Write,
    before: E,
    entry: E,
    action: AuditAction,
    *,
    labelled: Mapping[ShowId, Show] | None = None,
) -> At[E]:
    """
    Store *entry* in the place of *before*, and write the shows that change with it.

    Those are *labelled*, as they were before they got it; with None, the ones that show a
    name that is another now.
    """
    table = _table(type(entry))
    await write.connection.execute(table.update, entry.slug, write.revision, *_values(table, entry))
    if labelled is not None:
        ids = sorted(labelled)
    else:
        ids = await _show_ids(write, table, entry.slug) if entry.name != before.name else []
    await write.connection.execute(_TOUCH_SHOWS, ids, write.revision, write.time)
    stored = await _stored(write, type(entry), entry.slug, action, before=before)
    shows = (await read_shows(write.connection, ids)).value
    for number in ids:
        write.put(ResourceKind.SHOW, number, shows[number].slug)
        if labelled is not None:
            write.log(action, before=labelled[number], after=shows[number])
    return stored


async def _stored(
    write: Write, kind: type[E], slug: Slug, action: AuditAction, *, before: E | None
) -> At[E]:
    """Note what became of an entry, and return it."""
    table = _table(kind)
    after = await _read(write, kind, slug)
    if after is None:
        raise LabelNotFoundError(table.resource, slug)
    write.put(table.resource, 0, slug)
    write.log(action, before=before, after=after)
    return At(value=after, revision=write.revision)


async def _read(write: Write, kind: type[E], slug: Slug) -> E | None:
    return _entry_of(kind, await write.connection.fetchrow(_table(kind).read, slug))


async def _require(write: Write, kind: type[E], slug: Slug, expected: Revision | None) -> E:
    """Return the entry. Raises `LabelNotFoundError` or `LabelChangedError`."""
    resource = _table(kind).resource
    stored = await _read(write, kind, slug)
    if stored is None:
        raise LabelNotFoundError(resource, slug)
    if expected is not None and expected != stored.revision:
        raise LabelChangedError(resource, slug, expected=expected, stored=stored.revision)
    return stored


async def _require_name(write: Write, entry: Theme | Platform) -> None:
    """Raises `NameTakenError` if another entry has the name, without regard to case."""
    sql = _table(type(entry)).name_taken
    if await write.connection.fetchval(sql, sort_name_of(entry.name), entry.slug):
        raise NameTakenError(entry.name)


async def _show_ids(write: Write, table: _Table, slug: Slug) -> list[ShowId]:
    rows = await write.connection.fetch(table.show_ids, slug)
    return [ShowId(row["show_id"]) for row in rows]


def _table(kind: type[object]) -> _Table:
    return _THEME if kind is Theme else _PLATFORM


def _values(table: _Table, entry: Theme | Platform) -> list[object]:
    own = (getattr(entry, column) for column in table.columns)
    return [entry.name, sort_name_of(entry.name), *own]


def _entry_of(kind: type[E], record: Record) -> E | None:
    if record["slug"] is None:
        return None
    read = theme_of if kind is Theme else platform_of
    return cast("E", read(record))
