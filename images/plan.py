"""What has to be done, and in which order, to have the images that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from images.parts import Part


class Action(StrEnum):
    FIND_DEBIAN = "find debian"
    """Fetch or make the image that *part* starts from."""
    LOAD = "load"
    """Give the engine a finished image again, for others to be made from."""
    BUILD = "build"


@dataclass(frozen=True, slots=True)
class Step:
    action: Action
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """
    Decides by what there is already.

    *finished* says whether an image is in the store, *loaded* whether the engine has it.
    """

    parts: Mapping[str, Part]
    finished: Callable[[Part], bool]
    loaded: Callable[[Part], bool]
    has_debian: Callable[[], bool]

    def plan(self, wanted: Iterable[Part], *, anew: bool = False) -> list[Step]:
        """
        Return the steps for *wanted*, parents first, each at most once.

        Empty when all is there. What nobody runs is built when something is made from it.
        """
        steps: dict[tuple[Action, str], Step] = {}
        for part in wanted:
            if anew or (part.shipped and not self.finished(part)):
                self._build(part, steps)
        return list(steps.values())

    def _build(self, part: Part, steps: dict[tuple[Action, str], Step]) -> None:
        if not part.parents and not self.has_debian():
            _add(steps, Step(Action.FIND_DEBIAN, part))
        for name in part.parents.values():
            parent = self.parts[name]
            if (Action.BUILD, name) in steps or self.loaded(parent):
                continue
            if parent.shipped and self.finished(parent):
                _add(steps, Step(Action.LOAD, parent))
            else:
                self._build(parent, steps)
        _add(steps, Step(Action.BUILD, part))


def _add(steps: dict[tuple[Action, str], Step], step: Step) -> None:
    steps.setdefault((step.action, step.part.name), step)
