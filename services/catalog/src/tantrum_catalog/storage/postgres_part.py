"""What all parts of the store in PostgreSQL share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.postgres_counts import Counts
from tantrum_catalog.storage.postgres_revisions import Writes


class PostgresPart:
    """A part of `PostgresCatalogStore`."""

    def __init__(
        self, databases: Databases, *, now: Callable[[], dt.datetime], batches_kept: int
    ) -> None:
        self._databases = databases
        self._now = now
        self._counts = Counts()
        self._writes = Writes(databases.primary, now=now, batches_kept=batches_kept)
