"""
The schema's history, for `tantrum_kit.migrations`: plain SQL, forward only.

Each step works with the release before it too, so that a rollback of the code needs none of
the schema. Indexes on tables in use are made `CONCURRENTLY`, in an autocommit block of a step
of their own; so they are taken on PostgreSQL itself, and not through a pooler.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tantrum_kit.migrations import Schema

SCHEMA: Final = Schema(name="catalog", steps_folder=Path(__file__).parent / "versions")
