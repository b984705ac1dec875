from __future__ import annotations

import contextlib

import pytest
from tantrum_stack.testing import engine_needed, temporary_place

from .poolers import Pooler
from .programs import newest_pgbouncer


@pytest.fixture
def pooler(database):
    """A `Pooler` before an empty database; nothing of it runs yet."""
    with engine_needed("PgBouncer"):
        newest_pgbouncer()
    with temporary_place() as place:
        made = Pooler(place, database)
        yield made
        with contextlib.suppress(AttributeError):
            made.kill()
