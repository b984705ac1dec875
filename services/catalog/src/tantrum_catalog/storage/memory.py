"""
A catalogue in memory: for tests, and as the oracle of what other stores do.

It holds everything that the ports promise but durability, in the plainest way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tantrum_catalog.domain.change import Batch, Revision
from tantrum_catalog.domain.errors import RevisionUnavailableError
from tantrum_catalog.storage.memory_audit import MemoryAuditLog
from tantrum_catalog.storage.memory_reads import MemoryReads
from tantrum_catalog.storage.memory_state import MemoryState
from tantrum_catalog.storage.memory_vocabulary_writes import MemoryVocabularyWrites
from tantrum_catalog.storage.memory_writes import MemoryWrites


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class MemoryCatalogStore(MemoryReads, MemoryWrites, MemoryVocabularyWrites):
    """
    Implements every port of the catalogue.

    The feed goes back *batches_kept* revisions; None keeps them all. What is written is
    logged in *audit*, which the stores of editors share with it.
    """

    def __init__(
        self,
        *,
        now: Callable[[], dt.datetime] = _utc_now,
        batches_kept: int | None = None,
        audit: MemoryAuditLog | None = None,
    ) -> None:
        log = MemoryAuditLog() if audit is None else audit
        super().__init__(MemoryState(now=now, batches_kept=batches_kept, audit=log))

    @property
    def state(self) -> MemoryState:
        """What it holds."""
        return self._state

    async def head(self) -> Revision:
        return self._state.head

    async def since(self, revision: Revision, *, limit: int) -> list[Batch]:
        head, batches = self._state.head, self._state.batches
        oldest = batches[0].revision if batches else Revision(head + 1)
        if not oldest - 1 <= revision <= head:
            raise RevisionUnavailableError(revision, head=head)
        return [batch for batch in batches if batch.revision > revision][:limit]

    async def ready(self) -> bool:
        return True
