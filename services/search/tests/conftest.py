from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from tantrum_search.domain.search import Search
from tantrum_search.storage.memory import MemoryBackend

from .builders import Library, search_over, shipped_library

settings.register_profile("shared", deadline=None, max_examples=60)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def shipped() -> Library:
    """The catalogue that the product ships."""
    return shipped_library()


@pytest.fixture(scope="session")
def shipped_search(shipped: Library) -> Search:
    """A search in memory over what the product ships, for tests that only ask."""
    return asyncio.run(search_over(MemoryBackend(), shipped.documents(), shipped.themes))
