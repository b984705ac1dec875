from __future__ import annotations

import pytest
from hypothesis import settings

from .builders import Library, shipped_library

settings.register_profile("shared", deadline=None, max_examples=60)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def shipped() -> Library:
    """The catalogue that the product ships."""
    return shipped_library()
