"""
What answers depend on, what changes touch, and so which answers still hold.

A change touches an answer by a *tag* that both have, such as `show:17`, or because a
*selector* of the answer says so, such as the filter of a list that the show enters. An
answer made at revision r holds as long as no change after r touches it. That can be asked
of any answer at any time, whoever made it: so nothing is deleted anywhere but here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

HISTORY_MAX: Final = 1_000
"""Changes that are kept; as many as the catalogue goes back on a watch that begins."""

Facts = Mapping[str, object]
"""What lists look at, of one show: values by field, which compare as the fields do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowChange:
    """What a revision did to one show; None stands for no show."""

    before: Facts | None
    after: Facts | None
    theme_titles: Mapping[str, tuple[str, ...]] | None = None
    """By slug, name and aliases of each theme that the show had or has; None where unknown."""
    fields: frozenset[str] = field(init=False)
    """Names of the fields that differ."""

    def __post_init__(self) -> None:
        before, after = self.before or {}, self.after or {}
        names = before.keys() | after.keys()
        differing = frozenset(name for name in names if before.get(name) != after.get(name))
        object.__setattr__(self, "fields", differing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one revision touches."""

    revision: int
    tags: frozenset[str] = frozenset()
    shows: tuple[ShowChange, ...] = ()
    shows_unknown: bool = False
    """Whether shows changed in a way that nobody could find out: any selector may be touched."""
    everything: bool = False
    """Whether nothing is known of it at all."""


class Selector(Protocol):
    """Tells which changes of shows touch an answer beyond those that it shows. Hashable."""

    def touched_by(self, change: ShowChange) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What an answer depends on; on nothing at all unless told. See `depending`."""

    tags: frozenset[str] = frozenset()
    selectors: frozenset[Selector] = frozenset()


CATALOGUE: Final = "catalogue"
"""The tag that every change has."""
ANYTHING: Final = Dependencies(tags=frozenset({CATALOGUE}))
"""Of answers that nobody knows more of: no change leaves them standing."""


def touches(change: Change, selector: Selector) -> bool:
    """Say whether *change* touches what *selector* stands for."""
    return change.shows_unknown or any(selector.touched_by(one) for one in change.shows)


class History:
    """
    The latest changes, and what they touch. To be used from one thread.

    It knows all changes in `(floor, head]`, and forgets the oldest when there are too many.
    """

    def __init__(self, *, at_most: int = HISTORY_MAX) -> None:
        self._at_most = at_most
        self._changes: deque[Change] = deque()
        self._last_by_tag: dict[str, int] = {}
        self.floor = 0
        self.head = 0

    def start(self, revision: int) -> None:
        """Forget everything, and begin after *revision*."""
        self._changes.clear()
        self._last_by_tag.clear()
        self.floor = self.head = revision

    def add(self, change: Change) -> None:
        """Note the next change."""
        self.head = change.revision
        if change.everything:
            self.start(change.revision)
            return
        self._changes.append(change)
        self._last_by_tag.update(dict.fromkeys(change.tags, change.revision))
        while len(self._changes) > self._at_most:
            self._forget_oldest()

    def holds(self, depends: Dependencies, revision: int) -> bool:
        """Say whether an answer of *revision* holds at the head."""
        if revision >= self.head:
            return True
        if revision < self.floor:
            return False
        if any(self._last_by_tag.get(tag, 0) > revision for tag in depends.tags):
            return False
        if not depends.selectors:
            return True
        for change in reversed(self._changes):
            if change.revision <= revision:
                break
            if any(touches(change, selector) for selector in depends.selectors):
                return False
        return True

    def _forget_oldest(self) -> None:
        oldest = self._changes.popleft()
        self.floor = oldest.revision
        for tag in oldest.tags:
            if self._last_by_tag.get(tag) == oldest.revision:
                del self._last_by_tag[tag]
