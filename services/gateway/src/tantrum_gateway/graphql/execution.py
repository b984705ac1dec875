"""Executes what was asked, and writes what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError, execute
from graphql.execution import get_variable_values
from grpc import aio
from tantrum_kit import errors

from tantrum_gateway import problems
from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.graphql import dependence
from tantrum_gateway.graphql.catalog_reads import CatalogReads
from tantrum_gateway.graphql.context import Context
from tantrum_gateway.graphql.cost import reckoned
from tantrum_gateway.graphql.documents import Documents
from tantrum_gateway.graphql.failures import LimitError, RequestError, exceeded
from tantrum_gateway.graphql.limits import check_cost
from tantrum_gateway.graphql.schema import CORE
from tantrum_gateway.graphql.search_reads import SearchReads
from tantrum_gateway.upstreams import Upstreams, request_id

log = structlog.get_logger()

PATH: Final = "/graphql"
_PATIENCE_PASSES: Final = 4
"""Passes of the event loop in which all fields of one level come to ask."""

_PASSES_A_LEVEL: Final = 2
_MAX_ERRORS: Final = 20
_OUTAGES: Final = (errors.UnavailableError, errors.DeadlineError)
_ARGUMENT_BY_FIELD: Final = {"page_token": "after", "page_size": "first"}
_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is to be executed."""

    text: str
    operation_name: str | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a query."""

    body: bytes
    catalog_revision: int
    depends: Dependencies
    failed: bool
    """Whether some field failed, and so nobody should keep it."""
    outage: bool
    """Whether that was for an upstream that did not answer."""
    degraded: bool
    """Whether the catalogue answered for search, and so nobody should keep it either."""


class Executor:
    """Executes queries against the upstreams."""

    def __init__(self, documents: Documents, *, max_cost: int, suggestions: bool) -> None:
        self._documents = documents
        self._max_cost = max_cost
        self._suggestions = suggestions

    async def execute(
        self, query: Query, upstreams: Upstreams, *, min_revision: int, degrading: bool
    ) -> Outcome:
        """
        Return what came of *query*; nothing in it is older than *min_revision* but search.

        Where search is away, others answer in its place if *degrading*; else its fields fail.

        Raises:
            RequestError: nothing was executed.
        """
        document = self._documents.ready(query.text)
        operation = document.operation(query.operation_name)
        variables = get_variable_values(
            CORE,
            operation.variable_definitions or (),
            dict(query.variables),
            max_errors=_MAX_ERRORS,
            hide_suggestions=not self._suggestions,
        )
        if isinstance(variables, list):
            raise RequestError(problems.INVALID_DOCUMENT, variables)
        try:
            reckoning = reckoned(operation, document.fragments, variables)
            check_cost(reckoning.cost, self._max_cost)
        except LimitError as error:
            raise exceeded(error) from error
        catalog = CatalogReads(
            upstreams,
            min_revision=min_revision,
            patience_passes=_PATIENCE_PASSES + _PASSES_A_LEVEL * reckoning.spread,
        )
        search = SearchReads(upstreams, min_revision=min_revision, degrading=degrading)
        executing = execute(
            CORE,
            document.node,
            context_value=Context(catalog=catalog, search=search),
            variable_values=dict(query.variables),
            operation_name=query.operation_name,
            hide_suggestions=not self._suggestions,
        )
        result = await executing if isinstance(executing, Awaitable) else executing
        revisions = [*catalog.revisions, *search.revisions]
        return _outcome(
            result,
            catalog_revision=min(revisions, default=min_revision),
            depends=dependence.on_all([*catalog.depends, *search.depends]),
            degraded=search.degraded,
        )


def refusal(error: RequestError) -> bytes:
    """Return the body of an answer to what was not executed: errors, and no data."""
    described = [_described(one, error.problem_type, error.more) for one in error.found]
    return _ENCODER.encode({"errors": described})


def _outcome(
    result: ExecutionResult, *, catalog_revision: int, depends: Dependencies, degraded: bool
) -> Outcome:
    failures = result.errors or []
    body: dict[str, Any] = {"data": result.data}
    if failures:
        body["errors"] = [_failure(one) for one in failures]
    if degraded:
        body["extensions"] = {"degraded": True}
    return Outcome(
        body=_ENCODER.encode(body),
        catalog_revision=catalog_revision,
        depends=depends,
        failed=bool(failures),
        outage=any(isinstance(one.original_error, _OUTAGES) for one in failures),
        degraded=degraded,
    )


def _failure(error: GraphQLError) -> dict[str, Any]:
    """Return what a client gets to know of a field that failed: what a problem would say."""
    cause = error.original_error
    if isinstance(cause, LimitError):
        return _described(error, problems.LIMIT, exceeded(cause).more)
    if cause is None or isinstance(cause, GraphQLError):
        # graphql-core's own: an argument that only its variable's value makes invalid.
        return _described(error, problems.INVALID, {})
    if isinstance(cause, errors.CallerError):
        problem = problems.of_error(cause, instance=PATH, parameter_by_field=_ARGUMENT_BY_FIELD)
        code = problem.type.removeprefix("/problems/")
        return {**_located(error), "message": problem.detail, "extensions": {"code": code}}
    # A bug of an upstream or ours: its words are for the log only.
    if isinstance(cause, aio.AioRpcError):
        log.error(
            "upstream_failed",
            code=cause.code().name,
            detail=cause.details(),
            request_id=request_id.get(),
        )
    else:
        log.error("field_failed", exc_info=cause, request_id=request_id.get())
    hidden = {"message": problems.INTERNAL.title, "extensions": {"code": problems.INTERNAL.name}}
    return {**_located(error), **hidden}


def _described(
    error: GraphQLError, problem_type: problems.ProblemType, more: Mapping[str, object]
) -> dict[str, Any]:
    return {
        **_located(error),
        "message": error.message,
        "extensions": {"code": problem_type.name, **more},
    }


def _located(error: GraphQLError) -> dict[str, Any]:
    located: dict[str, Any] = {}
    if error.locations:
        located["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if error.path:
        located["path"] = error.path
    return located
