from collections.abc import Callable

import pytest
from tantrum_catalog.legacy.row import LegacyShow


@pytest.fixture
def make_row() -> Callable[..., LegacyShow]:
    """A factory of rows that need no correction; keyword arguments change them."""

    def make(**changes: object) -> LegacyShow:
        columns = {
            "id": 7,
            "name": "A Show",
            "age_range": "3-6",
            "episode_length": 11,
            "stimulation_score": 2,
            "themes": ("Problem Solving", "Friendship"),
            "available_on": ("TV",),
            "is_ongoing": True,
        }
        return LegacyShow.from_mapping(columns | changes)

    return make
