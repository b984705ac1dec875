"""Numbers of shows that conditions select, remembered for as long as they hold."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.condition import Condition

_SIZE: Final = 1_000


class Counts:
    """
    The counts of the conditions that were asked for last.

    Counting visits every show that a condition selects, and a page only some. A
    count is right for one revision alone, so it is kept with that, and goes with
    the next: nothing here has to be invalidated. Not for several threads.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[Condition, tuple[Revision, int]] = OrderedDict()

    def get(self, condition: Condition, revision: Revision) -> int | None:
        """Return the count at *revision*, if it is known."""
        known_revision, count = self._found.get(condition, (None, 0))
        if known_revision != revision:
            return None
        self._found.move_to_end(condition)
        return count

    def knows(self, condition: Condition) -> bool:
        """Say whether there is a count, if perhaps of another revision."""
        return condition in self._found

    def put(self, condition: Condition, revision: Revision, count: int) -> None:
        self._found[condition] = (revision, count)
        self._found.move_to_end(condition)
        if len(self._found) > _SIZE:
            self._found.popitem(last=False)
