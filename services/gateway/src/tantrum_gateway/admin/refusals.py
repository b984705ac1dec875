"""Refusals of what a request wants, which may name what is wrong with its body."""

from __future__ import annotations

from collections.abc import Sequence

from tantrum_gateway import problems, resources
from tantrum_gateway.answers import Headers


class RefusalError(problems.RefusedError):
    """A request is not done, and its client is told why by a problem with *parts*."""

    def __init__(
        self,
        problem_type: problems.ProblemType,
        status_code: int,
        detail: str = "",
        *,
        parts: Sequence[resources.InvalidPart] = (),
        headers: Headers | None = None,
    ) -> None:
        super().__init__(problem_type, status_code, detail=detail, headers=headers)
        self.parts = list(parts)
