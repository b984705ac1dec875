"""
Refuses documents that ask for too much, by their shape alone.

Each limit has a name, a setting of that name, and a message that begins with it.
Parsing and these are cheap; validating is not, and comes after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

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

_SELECTIONS_MAX: Final = 4_000
"""Selections of a document, fragments spread out: a bound on the work of reckoning costs."""

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
    _check("depth", _depth(operations, fragments_of(document)), limits.max_depth, _DEPTH_ADVICE)
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


def _depth(operations: Iterable[OperationDefinitionNode], fragments: Fragments) -> int:
    """
    Return the levels of fields in the deepest operation, without those of the introspection.

    Raises:
        LimitError: there are too many fields, which fragments in fragments make of few words.
    """
    count = deepest = 0
    waiting: list[tuple[SelectionSetNode, int, frozenset[str]]] = [
        (operation.selection_set, 1, frozenset()) for operation in operations
    ]
    while waiting:
        selection_set, level, inside = waiting.pop()
        for selection in selection_set.selections:
            count += 1
            _check("selections", count, _SELECTIONS_MAX, "spread fewer fragments.")
            match selection:
                case FieldNode() if not selection.name.value.startswith("__"):
                    deepest = max(deepest, level)
                    if selection.selection_set:
                        waiting.append((selection.selection_set, level + 1, inside))
                case InlineFragmentNode():
                    waiting.append((selection.selection_set, level, inside))
                case FragmentSpreadNode():
                    name = selection.name.value
                    fragment = fragments.get(name)
                    # What is unknown, or within itself, fails validation.
                    if fragment is not None and name not in inside:
                        waiting.append((fragment.selection_set, level, inside | {name}))
    return deepest


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
