"""The catalogue's tables as an import writes them, inside one transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_kit.postgres import Connection, Record

from tantrum_catalog.domain.change import ResourceKind, Revision
from tantrum_catalog.domain.show import StoredImage
from tantrum_catalog.importing.plan import Imported, Kind, Present, Row, Value, digest_of
from tantrum_catalog.storage.postgres_research import RESEARCH_FACT_COLUMNS
from tantrum_catalog.storage.postgres_revisions import Write
from tantrum_catalog.storage.postgres_rows import FACT_COLUMNS
from tantrum_catalog.storage.postgres_show_writing import write_labels


def _revision_stamp(record: Record) -> str:
    return str(record["revision"])


def _editor_stamp(record: Record) -> str:
    time: dt.datetime = record["password_time"]
    stamp = time.astimezone(dt.UTC).isoformat(timespec="microseconds")
    # Imports of the first release left no revision; an editor's is 1 until somebody writes it.
    return stamp if record["revision"] == 1 else f"{stamp} {record['revision']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """How a kind is stored."""

    name: str
    columns: tuple[str, ...]
    """What an import may want of a row; the first one is the key."""
    unique: str
    """The column, besides the key, in which no two rows are alike."""
    stamp: Callable[[Record], str] | None
    """None for what nothing moves: the row itself is its stamp."""
    json: tuple[str, ...] = ()
    at_insert: tuple[str, ...] = ()
    """Columns with the time of the import, unless they are wanted otherwise."""
    at_update: tuple[str, ...] = ()
    resource: ResourceKind | None
    """None for what is no part of the catalogue."""


_TABLES: Final[Mapping[Kind, _Table]] = {
    Kind.THEME: _Table(
        name="theme",
        columns=("slug", "name", "sort_name", "aliases"),
        unique="name",
        stamp=None,
        resource=ResourceKind.THEME,
    ),
    Kind.PLATFORM: _Table(
        name="platform",
        columns=("slug", "name", "sort_name", "url", "icon_url"),
        unique="name",
        stamp=None,
        resource=ResourceKind.PLATFORM,
    ),
    Kind.SHOW: _Table(
        name="show",
        columns=("id", "slug", *FACT_COLUMNS, "featured", "legacy", "image_id"),
        unique="slug",
        stamp=_revision_stamp,
        json=("legacy",),
        at_insert=("update_time",),
        at_update=("update_time",),
        resource=ResourceKind.SHOW,
    ),
    Kind.CATEGORY: _Table(
        name="category",
        columns=(
            *("id", "slug", "name", "sort_name", "description", "display_order", "active"),
            *("rules", "create_time", "update_time"),
        ),
        unique="slug",
        stamp=_revision_stamp,
        json=("rules",),
        at_insert=("create_time", "update_time"),
        at_update=("update_time",),
        resource=ResourceKind.CATEGORY,
    ),
    Kind.RESEARCH: _Table(
        name="research",
        columns=("id", "slug", *RESEARCH_FACT_COLUMNS, "create_time", "update_time"),
        unique="slug",
        stamp=_revision_stamp,
        at_insert=("create_time", "update_time"),
        at_update=("update_time",),
        resource=ResourceKind.RESEARCH,
    ),
    Kind.EDITOR: _Table(
        name="editor",
        columns=("id", "email", "account_key", "name", "password_hash", "create_time"),
        unique="account_key",
        stamp=_editor_stamp,
        at_insert=("create_time", "password_time"),
        at_update=("password_time",),
        resource=None,
    ),
}

_SCHEMA_READY: Final = "SELECT to_regclass('catalog.import_row') IS NOT NULL"

# Writers of the catalogue wait here, as for one another; see `postgres_revisions`.
_LOCK: Final = "SELECT revision FROM catalog.head FOR UPDATE"
_ADVANCE: Final = "UPDATE catalog.head SET revision = $1"

_IMPORTED: Final = "SELECT key, source_digest, stamp FROM catalog.import_row WHERE kind = $1"

_NOTE: Final = """
INSERT INTO catalog.import_row (kind, key, source_digest, stamp, import_time)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, key) DO UPDATE SET
    source_digest = excluded.source_digest,
    stamp = excluded.stamp,
    import_time = excluded.import_time
"""

_PUT_IMAGE: Final = """
INSERT INTO catalog.image (id, media_type, width, height, content)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING
"""

# An id is the content's digest.
_WRONG_IMAGES: Final = """
SELECT id FROM catalog.image
WHERE id = ANY($1::text[]) AND encode(sha256(content), 'hex') <> id
"""


_WRONG_LABELS: Final = """
SELECT id FROM catalog.show AS s
WHERE id = ANY($1::int[]) AND (
    theme_slugs <> ARRAY(
        SELECT theme_slug FROM catalog.show_theme WHERE show_id = s.id ORDER BY position
    )
    OR platform_slugs <> ARRAY(
        SELECT platform_slug FROM catalog.show_platform WHERE show_id = s.id ORDER BY position
    )
)
ORDER BY id
"""


class Target:
    """
    The catalogue, locked for the import.

    Made inside a transaction of *connection*, which the caller ends.
    """

    def __init__(self, connection: Connection, write: Write) -> None:
        self._connection = connection
        self._write = write
        self._written: Counter[str] = Counter()

    @classmethod
    async def locked(cls, connection: Connection, *, now: dt.datetime) -> Target:
        """Wait for writers that are under way, and keep others waiting."""
        revision = await connection.fetchval(_LOCK)
        return cls(connection, Write(connection, revision=Revision(revision + 1), commit_time=now))

    async def present(self, kind: Kind) -> dict[str, Present]:
        """Return all rows of *kind* by key, and keep anybody from writing them."""
        table = _TABLES[kind]
        records = await self._connection.fetch(
            f"SELECT * FROM catalog.{table.name} FOR UPDATE"  # noqa: S608 - from constants
        )
        return {str(record[table.columns[0]]): _present_of(table, record) for record in records}

    async def imported(self, kind: Kind) -> dict[str, Imported]:
        """Return what earlier imports noted about *kind*, by key."""
        records = await self._connection.fetch(_IMPORTED, kind)
        return {
            record["key"]: Imported(source_digest=record["source_digest"], stamp=record["stamp"])
            for record in records
        }

    def unique_column(self, kind: Kind) -> str:
        """Return the column, besides the key, in which no two rows are alike."""
        return _TABLES[kind].unique

    async def insert(self, kind: Kind, row: Row) -> None:
        table = _TABLES[kind]
        values = self._filled(table, row, table.at_insert)
        columns, marks = ", ".join(values), ", ".join(f"${n + 1}" for n in range(len(values)))
        await self._connection.execute(
            f"INSERT INTO catalog.{table.name} ({columns}) VALUES ({marks})",  # noqa: S608 - from constants
            *_encoded(table, values),
        )
        self._changed(table, row)

    async def update(self, kind: Kind, row: Row) -> None:
        table = _TABLES[kind]
        key = table.columns[0]
        values = self._filled(table, row, table.at_update)
        columns = [column for column in values if column not in (key, "slug")]
        marks = ", ".join(f"{column} = ${n + 2}" for n, column in enumerate(columns))
        await self._connection.execute(
            f"UPDATE catalog.{table.name} SET {marks} WHERE {key} = $1",  # noqa: S608 - from constants
            row[key],
            *_encoded(table, {column: values[column] for column in columns}),
        )
        self._changed(table, row)

    async def put_image(self, stored: StoredImage) -> bool:
        """Store a picture; false if it is there."""
        image = stored.image
        status: str = await self._connection.execute(
            _PUT_IMAGE, image.id, image.media_type, image.width, image.height, stored.content
        )
        stored_now = status.endswith(" 1")
        self._written["image"] += stored_now
        return stored_now

    async def wrong_images(self, ids: Collection[str]) -> list[str]:
        """Return those of *ids* whose stored content is another one."""
        return [record["id"] for record in await self._connection.fetch(_WRONG_IMAGES, [*ids])]

    async def write_labels(self, show_ids: Sequence[int]) -> None:
        await write_labels(self._connection, show_ids)

    async def wrong_labels(self, show_ids: Sequence[int]) -> list[int]:
        """Return those of *show_ids* whose themes or platforms are not the same twice."""
        records = await self._connection.fetch(_WRONG_LABELS, show_ids)
        return [record["id"] for record in records]

    async def note(self, kind: Kind, key: str, *, source_digest: bytes, stamp: str) -> None:
        """Remember what the import left of a row."""
        await self._connection.execute(_NOTE, kind, key, source_digest, stamp, self._write.time)

    async def pass_ids(self, kind: Kind) -> None:
        """Have ids that are given out from now on be past those that were written."""
        table = _TABLES[kind]
        if table.columns[0] == "id":
            sequence = f"catalog.{table.name}_id_seq"
            await self._connection.execute(
                f"""
                SELECT setval('{sequence}', greatest(max(id), (SELECT last_value FROM {sequence})))
                FROM catalog.{table.name} HAVING count(*) > 0
                """  # noqa: S608 - from constants
            )

    async def finish(self) -> Revision | None:
        """Publish the changes as one revision, and return it; None when there are none."""
        written = +self._written
        if written:
            self._write.log_load(written)
        if not await self._write.append_changes():
            return None
        await self._connection.execute(_ADVANCE, self._write.revision)
        return self._write.revision

    def _filled(self, table: _Table, row: Row, times: Sequence[str]) -> dict[str, Value]:
        values: dict[str, Value] = {**dict.fromkeys(times, self._write.time), **row}
        if table.resource is not None:
            values["revision"] = self._write.revision
        return values

    def _changed(self, table: _Table, row: Row) -> None:
        self._written[table.name] += 1
        if table.resource is not None:
            number = row.get("id", 0)
            self._write.put(table.resource, int(str(number)), str(row["slug"]))


async def schema_ready(connection: Connection) -> bool:
    """Say whether the database has the tables that an import needs."""
    return bool(await connection.fetchval(_SCHEMA_READY))


def _present_of(table: _Table, record: Record) -> Present:
    row: dict[str, Value] = {column: record[column] for column in table.columns}
    for column in table.json:
        row[column] = json.loads(record[column])
    stamp = digest_of(row).hex() if table.stamp is None else table.stamp(record)
    return Present(row=row, stamp=stamp)


def _encoded(table: _Table, values: Mapping[str, Value]) -> list[object]:
    return [
        json.dumps(value) if column in table.json else value for column, value in values.items()
    ]
