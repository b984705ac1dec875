"""Which field of a body is wrong: as JSON has it, whoever found it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tantrum_kit import errors

from tantrum_gateway import problems, resources
from tantrum_gateway.admin.refusals import RefusalError

_RESOURCES: Final = ("show", "category", "research", "theme", "platform", "editor")
_NAMES_BY_FIELD: Final[Mapping[str, tuple[str, ...]]] = {
    "min_age": ("ages", "min"),
    "max_age": ("ages", "max"),
}
_STEP: Final = re.compile(r"[^.\[\]]+")


def part(description: str, *names: str) -> resources.InvalidPart:
    """Return what is wrong with the field at *names*; with the whole body where there are none."""
    return resources.InvalidPart(
        detail=description, pointer=problems.pointer(*names), parameter=".".join(names)
    )


def parts_of(error: errors.InvalidInputError) -> list[resources.InvalidPart]:
    """Return what the catalogue found wrong, by the body's names in place of the protos'."""
    return [part(one.description, *_names_of(one.field)) for one in error.violations]


def invalid(parts: Sequence[resources.InvalidPart]) -> RefusalError:
    """Return the refusal of a body."""
    detail = "; ".join(f"{one.parameter}: {one.detail}".removeprefix(": ") for one in parts)
    return RefusalError(problems.INVALID, 400, detail, parts=parts)


def _names_of(field: str) -> list[str]:
    steps = _STEP.findall(field)
    if len(steps) > 1 and steps[0] in _RESOURCES:
        del steps[0]
    names: list[str] = []
    for step in steps:
        names += _NAMES_BY_FIELD.get(step, (_camel(step),))
    return names


def _camel(step: str) -> str:
    head, *rest = step.split("_")
    return head + "".join(word.capitalize() for word in rest)
