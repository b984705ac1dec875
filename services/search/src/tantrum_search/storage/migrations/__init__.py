"""The steps of the schema `search`, for `tantrum_kit.migrations`; all go through a pooler."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tantrum_kit.migrations import Schema

SCHEMA: Final = Schema(name="search", steps_folder=Path(__file__).parent / "versions")
