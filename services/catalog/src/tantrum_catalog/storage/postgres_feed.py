"""Reading the feed of revisions."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Final

import asyncpg
from tantrum_kit.postgres import Record

from tantrum_catalog.domain.change import Batch, Change, ChangeType, ResourceKind, Revision
from tantrum_catalog.domain.errors import CatalogUnavailableError, RevisionUnavailableError
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.storage.postgres_part import PostgresPart

_HEAD: Final = "SELECT revision FROM catalog.head"

# Revisions have no gaps, so that many of them are a range of numbers. The limit is for the
# planner, as in `postgres_rows.HEAD`.
_SINCE: Final = """
SELECT
    head.revision AS head_revision, head.oldest_revision, change.revision, change.kind,
    change.type, change.id, change.slug, change.commit_time
FROM (SELECT revision, oldest_revision FROM catalog.head LIMIT 1) AS head
LEFT JOIN catalog.change ON change.revision > $1::bigint AND change.revision <= $2::bigint
ORDER BY change.revision, change.ordinal
"""

_BIGINT_MAX: Final = 2**63 - 1


class PostgresFeed(PostgresPart):
    """Implements `ChangeFeed`, on the primary."""

    async def head(self) -> Revision:
        try:
            [record] = await self._databases.primary.fetch(_HEAD)
        except asyncpg.UndefinedTableError as error:
            # The database answers, and nobody has migrated it yet.
            raise CatalogUnavailableError from error
        return Revision(record["revision"])

    async def since(self, revision: Revision, *, limit: int) -> list[Batch]:
        last = min(revision + limit, _BIGINT_MAX)
        records = await self._databases.primary.fetch(_SINCE, revision, last)
        head, oldest = records[0]["head_revision"], records[0]["oldest_revision"]
        if not oldest <= revision <= head:
            raise RevisionUnavailableError(revision, head=head)
        changes = [record for record in records if record["revision"] is not None]
        return [
            _batch_of(number, list(batch))
            for number, batch in groupby(changes, key=itemgetter("revision"))
        ]


def _batch_of(revision: int, records: list[Record]) -> Batch:
    return Batch(
        revision=Revision(revision),
        changes=tuple(
            Change(
                kind=ResourceKind(record["kind"]),
                type=ChangeType(record["type"]),
                id=record["id"],
                slug=Slug(record["slug"]),
            )
            for record in records
        ),
        commit_time=records[0]["commit_time"],
    )
