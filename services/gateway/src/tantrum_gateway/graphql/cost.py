"""
What a query costs, reckoned from its text and variables before any of it is done.

Each object of the answer costs 1, each read of an upstream `READ_COST`, and each list of
similar shows `SIMILAR_COST`, since it takes the catalogue some 15 ms where others take 1. A
page counts with the size that is asked for. Scalars cost nothing, introspection neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_named_type,
)
from graphql.execution import VariableValues, get_argument_values
from graphql.language import SelectionSetNode

from tantrum_gateway.graphql.failures import LimitError
from tantrum_gateway.graphql.limits import Fragments
from tantrum_gateway.graphql.schema import CORE

READ_COST: Final = 20
SIMILAR_COST: Final = 100

_HOME_ROWS: Final = 10
"""Categories on the home page, about: how many there are is the editors' business."""

_NESTED_READS: Final = {("Show", "similar"): SIMILAR_COST, ("Category", "shows"): READ_COST}
_READS_IN_READS_MAX: Final = 2
_ITEMS_OF_A_PAGE: Final = {("HomeCategory", "shows"), ("Comparison", "shows")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What is known of a query before it is executed."""

    cost: int
    spread: int
    """Levels between the outermost and the innermost read within a read."""


def reckoned(
    operation: OperationDefinitionNode, fragments: Fragments, variables: VariableValues
) -> Reckoning:
    """
    Return what an operation of a valid document costs.

    Raises:
        LimitError: it has reads within reads that would take a call for each level.
    """
    walk = _Walk(fragments, variables)
    assert CORE.query_type is not None  # noqa: S101 - for the type checker
    walk.walk(operation.selection_set, CORE.query_type, _At(times=1, page=1, reads=(), depth=0))
    depths = walk.nested_depths
    return Reckoning(cost=walk.cost, spread=max(depths) - min(depths) if depths else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """A place in a query."""

    times: int
    """Objects that the fields here are of."""
    page: int
    """Size of the page around it."""
    reads: tuple[str, ...]
    """The fields around it that read."""
    depth: int


class _Walk:
    def __init__(self, fragments: Fragments, variables: VariableValues) -> None:
        self._fragments = fragments
        self._variables = variables
        self.cost = 0
        self.nested_depths: list[int] = []

    def walk(
        self,
        selection_set: SelectionSetNode,
        parent: GraphQLObjectType | GraphQLInterfaceType,
        at: _At,
    ) -> None:
        for selection in selection_set.selections:
            match selection:
                case FieldNode() if not selection.name.value.startswith("__"):
                    self._field(selection, parent, at)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    inner = _type(condition.name.value) if condition else parent
                    self.walk(selection.selection_set, inner, at)
                case FragmentSpreadNode():
                    fragment = self._fragments[selection.name.value]
                    inner = _type(fragment.type_condition.name.value)
                    self.walk(fragment.selection_set, inner, at)

    def _field(
        self, field: FieldNode, parent: GraphQLObjectType | GraphQLInterfaceType, at: _At
    ) -> None:
        definition = parent.fields[field.name.value]
        if field.selection_set is None:
            return
        try:
            arguments = get_argument_values(definition, field, self._variables)
        except GraphQLError:
            return  # and so will the field fail, before it reads anything
        coordinate = (parent.name, field.name.value)
        reads = at.reads
        if parent is CORE.query_type or coordinate in _NESTED_READS:
            self.cost += at.times * _NESTED_READS.get(coordinate, READ_COST)
            reads = (*reads, field.name.value)
        if coordinate in _NESTED_READS:
            _check_nesting(reads)
            self.nested_depths.append(at.depth)
        times = at.times * _count(coordinate, arguments, at)
        self.cost += times
        self.walk(
            field.selection_set,
            _type(get_named_type(definition.type).name),
            _At(times=times, page=_page(arguments, at), reads=reads, depth=at.depth + 1),
        )


def _count(coordinate: tuple[str, str], arguments: Mapping[str, Any], at: _At) -> int:
    """Return how many objects a field has for each object that it is of."""
    type_name, field = coordinate
    if coordinate == ("Home", "categories"):
        return _HOME_ROWS
    if coordinate in _ITEMS_OF_A_PAGE or (
        type_name.endswith("Connection") and field in ("nodes", "edges")
    ):
        return at.page
    if coordinate == ("Query", "nodes"):
        return max(1, len(arguments["ids"]))
    return 1


def _page(arguments: Mapping[str, Any], at: _At) -> int:
    if "shows" in arguments:
        return len(arguments["shows"])
    size: int = arguments.get("first", arguments.get("showsPerCategory", at.page))
    return max(1, size)


def _check_nesting(reads: tuple[str, ...]) -> None:
    if reads[0] == "search":
        raise LimitError(
            "nesting", f"`{reads[-1]}` cannot be asked for in `search`.", given=2, allowed=1
        )
    if len(reads) > _READS_IN_READS_MAX:
        raise LimitError(
            "nesting",
            f"`{reads[-1]}` cannot be asked for in `{reads[-2]}`.",
            given=len(reads),
            allowed=_READS_IN_READS_MAX,
        )


def _type(name: str) -> GraphQLObjectType | GraphQLInterfaceType:
    found = CORE.type_map[name]
    assert isinstance(found, (GraphQLObjectType, GraphQLInterfaceType))  # noqa: S101 - it is valid
    return found
