"""What can be wrong with a GraphQL request before any of it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphql import GraphQLError
from tantrum_kit import errors

from tantrum_gateway import problems


class LimitError(errors.InvalidInputError):
    """
    A request asks for more than a limit allows.

    The *limit* is named in the message, and by `extensions.limit` for programs.
    """

    def __init__(self, limit: str, advice: str, *, given: int, allowed: int) -> None:
        super().__init__(f"{limit}: {given} is more than the {allowed} allowed; {advice}")
        self.limit = limit
        self.given = given
        self.allowed = allowed


class RequestError(Exception):
    """A request that is not executed at all, with the errors that its answer has."""

    def __init__(
        self,
        problem_type: problems.ProblemType,
        found: str | Sequence[GraphQLError],
        *,
        more: Mapping[str, object] | None = None,
        status: int | None = None,
    ) -> None:
        self.problem_type = problem_type
        self.found = [GraphQLError(found)] if isinstance(found, str) else list(found)
        super().__init__(self.found[0].message)
        self.more = more or {}
        self.status = status
        """HTTP's status where the request is none of GraphQL's, whatever its media type."""


def exceeded(error: LimitError) -> RequestError:
    """Return the error of a request that goes over a limit."""
    more = {"limit": error.limit, "given": error.given, "allowed": error.allowed}
    return RequestError(problems.LIMIT, error.message, more=more)


def malformed(message: str, *, status: int = 400) -> RequestError:
    """Return the error of what is no GraphQL request."""
    return RequestError(problems.MALFORMED, message, status=status)
