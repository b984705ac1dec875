"""
Refuses documents that ask for too much, by their shape alone.

Each limit has a name, a setting of that name, and a message that begins with it.
Parsing and these are cheap; validating is not, and comes after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    Source,
    Visitor,
    parse,
    visit,
)
from graphql.language import SelectionSetNode

from tantrum_gateway.graphql.failures import LimitError

_MAX_SELECTIONS: Final = 4_000
"""Selections of a document, fragments spread out: a bound on the work of reckoning costs."""

_MAX_REPETITIONS: Final = 100
"""Fields that are selected again: a bound on validation, which compares each with each."""

_DEPTH_ADVICE: Final = "select fewer levels of fields."

Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a document may hold, all its operations together."""

    max_tokens: int
    max_aliases: int
    max_directives: int
    max_depth: int


def parsed(text: str, limits: Limits) -> DocumentNode:
    """
    Return the document, if it is within all limits on its shape.

    Raises:
        GraphQLSyntaxError: it is no document.
        LimitError: it holds too much.
    """
    document = _parsed(text, limits)
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    counter = _Counter()
    visit(document, counter)
    _check("aliases", counter.aliases, limits.max_aliases, "give fewer fields other names.")
    _check("directives", counter.directives, limits.max_directives, "use fewer directives.")
    spread = _Spread(fragments_of(document))
    for operation in operations:
        spread.walk(operation)
    _check("depth", spread.depth, limits.max_depth, _DEPTH_ADVICE)
    return document


def check_cost(cost: int, max_cost: int) -> None:
    """Raise `LimitError` where a query costs more than it may."""
    _check("cost", cost, max_cost, "ask for smaller pages, or for less of each item.")


def fragments_of(document: DocumentNode) -> Fragments:
    """Return the fragments by name."""
    return {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }


class _Spread:
    """Walks the fields of operations, with fragments spread out, within bounds of its own."""

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = fragments
        self._seen: set[tuple[int, str]] = set()
        self._places: dict[tuple[int, str], int] = {}
        self._selections = 0
        self._repetitions = 0
        self.depth = 0
        """Levels of fields, without those of the introspection."""

    def walk(self, operation: OperationDefinitionNode) -> None:
        """Raises `LimitError` where few words say too much."""
        root = self._place((0, str(id(operation))))
        waiting = [_Part(operation.selection_set, place=root, level=1, inside=frozenset())]
        while waiting:
            part = waiting.pop()
            for selection in part.selection_set.selections:
                self._selections += 1
                _check("selections", self._selections, _MAX_SELECTIONS, "spread fewer fragments.")
                match selection:
                    case FieldNode():
                        inner = self._field(selection, part)
                    case InlineFragmentNode():
                        inner = part._replace(selection_set=selection.selection_set)
                    case FragmentSpreadNode():
                        inner = self._fragment(selection.name.value, part)
                    case _:
                        inner = None
                if inner is not None:
                    waiting.append(inner)

    def _field(self, field: FieldNode, part: _Part) -> _Part | None:
        name = field.name.value
        here = (part.place, field.alias.value if field.alias else name)
        # Each is compared with each of its name, and so are their fields.
        self._repetitions += here in self._seen
        self._seen.add(here)
        advice = "select each field once in one place."
        _check("repetitions", self._repetitions, _MAX_REPETITIONS, advice)
        level = 0 if name.startswith("__") or not part.level else part.level + 1
        self.depth = max(self.depth, level - 1)
        if field.selection_set is None:
            return None
        return _Part(field.selection_set, self._place(here), level, part.inside)

    def _fragment(self, name: str, part: _Part) -> _Part | None:
        fragment = self._fragments.get(name)
        # What is unknown, or within itself, fails validation.
        if fragment is None or name in part.inside:
            return None
        return part._replace(selection_set=fragment.selection_set, inside=part.inside | {name})

    def _place(self, key: tuple[int, str]) -> int:
        return self._places.setdefault(key, len(self._places) + 1)


class _Part(NamedTuple):
    """Selections that are still to be walked."""

    selection_set: SelectionSetNode
    place: int
    """The same for all selections that are of the same object."""
    level: int
    """Of the fields here; 0 in the introspection."""
    inside: frozenset[str]
    """Names of the fragments around them."""


def _parsed(text: str, limits: Limits) -> DocumentNode:
    most = limits.max_tokens
    try:
        return parse(Source(text, "query"), max_lexical_tokens=most, max_comments=most)
    except GraphQLSyntaxError as error:
        # Where the parser gives up it does not count any further.
        if "nested too deeply" in error.message:
            _check("depth", limits.max_depth + 1, limits.max_depth, _DEPTH_ADVICE)
        if "Parsing aborted" in error.message:
            _check("tokens", most + 1, most, "send a shorter document.")
        raise


class _Counter(Visitor):
    """Counts what a document has of some things, wherever they are."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = 0
        self.directives = 0

    def enter_field(self, field: FieldNode, *_: object) -> None:
        self.aliases += field.alias is not None

    def enter_directive(self, *_: object) -> None:
        self.directives += 1


def _check(limit: str, given: int, allowed: int, advice: str) -> None:
    if given > allowed:
        raise LimitError(limit, advice, given=given, allowed=allowed)
