"""
Write transactions: how revisions come to be without gaps and in the order of commits.

A transaction takes its revision by updating the one row of `catalog.head`. Whoever comes
next waits at that row until the first one has ended, so numbers are given in the order of
commits, and one that is rolled back gives its number back. The row is the only lock that
writers wait for, so they cannot deadlock; and since they wait there one after another, what
is written is checked only after it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from tantrum_kit.postgres import Connection, Database

from tantrum_catalog.domain.audit import (
    AuditAction,
    Audited,
    AuditRecord,
    load_record,
    record_of,
)
from tantrum_catalog.domain.change import (
    NO_REVISION,
    Change,
    ChangeType,
    ResourceKind,
    Revision,
)
from tantrum_catalog.domain.errors import RequestIdTakenError
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.storage.postgres_audit import append_audit

_TAKE: Final = """
UPDATE catalog.head
SET revision = revision + 1, oldest_revision = greatest(oldest_revision, revision + 1 - $1::bigint)
RETURNING revision, oldest_revision
"""

# Each write drops what it pushes out, so there is never much of it.
_COMPACT: Final = "DELETE FROM catalog.change WHERE revision <= $1"

_APPEND: Final = """
INSERT INTO catalog.change (revision, ordinal, kind, type, id, slug, commit_time)
SELECT $1, ordinal, kind, type, id, slug, $2
FROM unnest($3::text[], $4::text[], $5::int[], $6::text[])
    WITH ORDINALITY AS changed (kind, type, id, slug, ordinal)
"""

_FORGET_REQUESTS: Final = "DELETE FROM catalog.request WHERE request_time < $1"

_REQUEST: Final = """
SELECT payload_digest, resource_id FROM catalog.request WHERE kind = $1 AND request_id = $2
"""

_NOTE_REQUEST: Final = """
INSERT INTO catalog.request (kind, request_id, payload_digest, resource_id, request_time)
VALUES ($1, $2, $3, $4, $5)
"""

_REQUEST_KEPT: Final = dt.timedelta(days=1)


class MadeBeforeError(Exception):
    """The request was seen before; ends the transaction, and never leaves the store."""

    def __init__(self, resource_id: int) -> None:
        super().__init__(resource_id)
        self.resource_id = resource_id


class _NothingWrittenError(Exception):
    """Rolls a transaction back that has done its work."""


class Write:
    """A write transaction under way, which holds the next revision."""

    def __init__(
        self, connection: Connection, *, revision: Revision, commit_time: dt.datetime
    ) -> None:
        self.connection = connection
        self.revision = revision
        self.time = commit_time
        self._changes: list[Change] = []
        self._records: list[AuditRecord] = []
        self._changed_elsewhere = False

    def put(self, kind: ResourceKind, number: int, slug: str) -> None:
        """Note that a resource was made or changed."""
        change = Change(kind=kind, type=ChangeType.PUT, id=number, slug=Slug(slug))
        self._changes.append(change)

    def deleted(self, kind: ResourceKind, number: int, slug: str) -> None:
        """Note that a resource was removed."""
        change = Change(kind=kind, type=ChangeType.DELETE, id=number, slug=Slug(slug))
        self._changes.append(change)

    def log(
        self, action: AuditAction, *, before: Audited | None = None, after: Audited | None = None
    ) -> None:
        """Note for the audit log what was done to a resource."""
        self._records.append(record_of(action, before=before, after=after))

    def log_load(self, count_by_kind: Mapping[str, int]) -> None:
        """Note for the audit log that the catalogue was filled with so many resources."""
        self._records.append(load_record(count_by_kind))

    def changed_elsewhere(self) -> None:
        """Note that changes were written, and appended to the feed, past this object."""
        self._changed_elsewhere = True

    @property
    def revision_after(self) -> Revision:
        """The catalogue's revision after this: the one before, as long as nothing changed."""
        return self.revision if self._changes else Revision(self.revision - 1)

    async def require_new(self, kind: ResourceKind, request: RequestKey | None) -> None:
        """Raises `MadeBeforeError` or `RequestIdTakenError` if *request* was seen in a day."""
        if request is None:
            return
        await self.connection.execute(_FORGET_REQUESTS, self.time - _REQUEST_KEPT)
        seen = await self.connection.fetchrow(_REQUEST, kind, request.id)
        if seen is not None and seen["payload_digest"] != request.digest:
            raise RequestIdTakenError(request.id)
        if seen is not None:
            raise MadeBeforeError(seen["resource_id"])

    async def note(self, kind: ResourceKind, request: RequestKey | None, resource_id: int) -> None:
        """Remember what *request* has made."""
        if request is not None:
            await self.connection.execute(
                _NOTE_REQUEST, kind, request.id, request.digest, resource_id, self.time
            )

    async def append_changes(self) -> bool:
        """
        Write the audit log and the feed; false when there is nothing for the feed.

        Raises `EditorInactiveError`.
        """
        changes = self._changes
        if self._records:
            revision = self.revision if changes else NO_REVISION
            await append_audit(self.connection, self._records, time=self.time, revision=revision)
        if not changes:
            return self._changed_elsewhere
        await self.connection.execute(
            _APPEND,
            self.revision,
            self.time,
            [change.kind for change in changes],
            [change.type for change in changes],
            [change.id for change in changes],
            [change.slug for change in changes],
        )
        return True


class Writes:
    """Begins write transactions. The feed goes back *batches_kept* revisions."""

    def __init__(
        self, primary: Database, *, now: Callable[[], dt.datetime], batches_kept: int
    ) -> None:
        self._primary = primary
        self._now = now
        self._batches_kept = batches_kept

    @contextlib.asynccontextmanager
    async def begun(self) -> AsyncIterator[Write]:
        """
        Take the next revision; the body's success commits it with what the body noted.

        A body that notes no change writes nothing, and the revision is not taken.
        """
        with contextlib.suppress(_NothingWrittenError):
            async with self._primary.transaction() as connection:
                write = await self._take(connection)
                yield write
                if not await write.append_changes():
                    raise _NothingWrittenError

    async def _take(self, connection: Connection) -> Write:
        head = await connection.fetchrow(_TAKE, self._batches_kept)
        if head["oldest_revision"] > 0:
            await connection.execute(_COMPACT, head["oldest_revision"])
        return Write(connection, revision=Revision(head["revision"]), commit_time=self._now())
