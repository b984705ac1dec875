"""Refusals that are HTTP's own, such as of a write without a precondition."""

from __future__ import annotations

from collections.abc import Sequence

from tantrum_gateway import resources
from tantrum_gateway.answers import Headers
from tantrum_gateway.problems import ProblemType


class RefusalError(Exception):
    """A request is not done, and its client is told why by a problem."""

    def __init__(
        self,
        problem_type: ProblemType,
        status: int,
        detail: str = "",
        *,
        parts: Sequence[resources.InvalidPart] = (),
        headers: Headers | None = None,
    ) -> None:
        self.problem_type = problem_type
        self.status = status
        self.detail = detail or problem_type.advice
        self.parts = list(parts)
        self.headers: Headers = headers or []
        super().__init__(self.detail)
