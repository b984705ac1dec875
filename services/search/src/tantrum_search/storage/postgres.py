"""
The index in a PostgreSQL table that all replicas share, and that outlives them.

Terms are matched by GIN over a `tsvector` made of our own terms, whose positions are
our places; so ranking sees the same as in memory. The stored revision changes in the
transaction that changes the rows, under a lock, which makes it safe for every
replica to feed the table: what has been applied already is skipped.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final

from tantrum_kit.postgres import Connection, Database

from tantrum_search.domain.document import Document
from tantrum_search.domain.errors import IndexBehindError, IndexUnavailableError
from tantrum_search.domain.filters import ShowFilter
from tantrum_search.domain.ports import MAX_CANDIDATES, Found, Matches
from tantrum_search.domain.query import Terms
from tantrum_search.domain.show import ShowId
from tantrum_search.storage import rows
from tantrum_search.storage.conditions import Arguments, conditions_of

_ROWS_AT_A_TIME: Final = 500

# Any number will do that no other program locks.
_LOCK_KEY: Final = 0x66656564

_REVISION: Final = "SELECT revision FROM search.position"

_MATCH: Final = """
SELECT id, featured, name_key, title_starts, title_ends, themes_start,
    (
        SELECT jsonb_agg(jsonb_build_array(lexeme, positions, array_to_string(weights, '')))
        FROM unnest(terms) WHERE lexeme = ANY($1::text[])
    ) AS occurrences
FROM search.show
WHERE {condition}
ORDER BY {order} (NOT featured), name_key, id
LIMIT $2
"""

_FOUND: Final = "SELECT id, texts, payload FROM search.show WHERE id = ANY($1::int[])"

_INSERT: Final = """
INSERT INTO search.show
SELECT * FROM jsonb_populate_recordset(NULL::search.show, $1::jsonb)
"""


class _View:
    """Implements `SearchView` over one snapshot."""

    def __init__(self, connection: Connection, revision: int) -> None:
        self.revision = revision
        self._connection = connection

    async def match(self, terms: Terms, show_filter: ShowFilter) -> Matches:
        arguments = Arguments(list(terms.every()), MAX_CANDIDATES + 1)
        conditions = conditions_of(show_filter, arguments)
        order = ""
        if terms.groups:
            wanted = arguments.add(rows.tsquery(terms.groups))
            in_name = arguments.add(rows.tsquery(terms.plain_groups, weight="A"))
            conditions.append(f"terms @@ {wanted}::text::tsquery")
            order = f"NOT (terms @@ {in_name}::text::tsquery),"
        sql = _MATCH.format(condition=" AND ".join(conditions) or "true", order=order)
        records = await self._connection.fetch(sql, *arguments.values)
        candidates = [rows.candidate_of(record) for record in records[:MAX_CANDIDATES]]
        return Matches(candidates, len(records))

    async def found(self, ids: Sequence[ShowId]) -> Mapping[ShowId, Found]:
        records = await self._connection.fetch(_FOUND, ids)
        return {ShowId(record["id"]): rows.found_of(record) for record in records}


class PostgresBackend:
    """Implements `SearchBackend`."""

    def __init__(
        self, database: Database, *, timeout_seconds: float, load_timeout_seconds: float
    ) -> None:
        self._database = database
        self._timeout_seconds = timeout_seconds
        self._load_timeout_seconds = load_timeout_seconds

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[_View]:
        async with self._database.transaction(
            at_most_seconds=self._timeout_seconds, isolation="repeatable_read", readonly=True
        ) as connection:
            yield _View(connection, await connection.fetchval(_REVISION))

    async def stored_revision(self) -> int:
        async with self.reading() as view:
            return view.revision

    async def replace(
        self, documents: Collection[Document], *, revision: int, even_if_newer: bool = False
    ) -> None:
        async with self._writing() as (connection, stored):
            if stored >= revision and not even_if_newer:
                return
            await connection.execute("DELETE FROM search.show")
            await _insert(connection, documents)
            await _move(connection, revision)

    async def apply(
        self,
        puts: Collection[Document],
        removals: Collection[ShowId],
        *,
        from_revision: int,
        revision: int,
    ) -> None:
        async with self._writing() as (connection, stored):
            if stored >= revision:
                return
            if stored < from_revision:
                raise IndexBehindError
            gone = [*removals, *(document.id for document in puts)]
            await connection.execute("DELETE FROM search.show WHERE id = ANY($1::int[])", gone)
            await _insert(connection, puts)
            await _move(connection, revision)

    async def answers(self) -> bool:
        try:
            await self.stored_revision()
        except IndexUnavailableError:
            return False
        return True

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[tuple[Connection, int]]:
        """Lend a transaction that alone writes, and the revision that is stored."""
        async with self._database.transaction(
            at_most_seconds=self._load_timeout_seconds
        ) as connection:
            await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
            yield connection, await connection.fetchval(_REVISION)


async def _insert(connection: Connection, documents: Collection[Document]) -> None:
    remaining = iter(documents)
    while batch := list(itertools.islice(remaining, _ROWS_AT_A_TIME)):
        await connection.execute(_INSERT, rows.rows_json(batch))


async def _move(connection: Connection, revision: int) -> None:
    await connection.execute("UPDATE search.position SET revision = $1", revision)
