"""Errors as RFC 9457 problems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import msgspec
from tantrum_kit import errors, status

from tantrum_gateway import resources
from tantrum_gateway.queries import QUERY, InvalidQueryError

MEDIA_TYPE: Final = "application/problem+json; charset=utf-8"
_OLD_MEDIA_TYPE: Final = "application/json; charset=utf-8"
_OLD_ADDRESSES: Final = ("/api/", "/images/tv-shows/")
_UNAVAILABLE: Final = 503
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_FRAGMENT_SAFE: Final = "!$&'()*+,;=:@/?~"
_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A kind of problem; its page is at `/problems/{name}`."""

    name: str
    title: str
    advice: str


INVALID: Final = ProblemType(
    name="invalid-parameter",
    title="The request is not valid",
    advice="Correct the parameters that `errors` names. Repeating the request does not help.",
)
NOT_FOUND: Final = ProblemType(
    name="not-found",
    title="There is no such thing",
    advice="Nothing is at this address. Look for it by its name with `/v1/search`.",
)
METHOD: Final = ProblemType(
    name="method-not-allowed",
    title="The method is not allowed here",
    advice="Use one of the methods that the `Allow` header names.",
)
NOT_ACCEPTABLE: Final = ProblemType(
    name="not-acceptable",
    title="Nothing that you would accept",
    advice="Accept the media type in `Accept`, and one of `br`, `zstd`, `gzip` or `identity` in "
    "`Accept-Encoding`.",
)
STATE_CHANGED: Final = ProblemType(
    name="state-changed",
    title="It is not what you have any more",
    advice="Nothing has the tags of `If-Match`. Ask again without it for what there is now.",
)
INTERNAL: Final = ProblemType(
    name="internal-error",
    title="Something went wrong here",
    advice="It is not your fault. Report it with the `X-Request-Id` of the answer.",
)

_TYPE_BY_KIND: Final[dict[type[errors.CallerError], ProblemType]] = {
    errors.InvalidInputError: INVALID,
    errors.NotFoundError: NOT_FOUND,
    errors.AlreadyExistsError: ProblemType(
        name="already-exists",
        title="That exists already",
        advice="Choose another name, or use what exists.",
    ),
    errors.UnauthenticatedError: ProblemType(
        name="unauthenticated", title="Sign in first", advice="Sign in and repeat the request."
    ),
    errors.PreconditionFailedError: ProblemType(
        name="precondition-failed",
        title="The system is not in the state that this needs",
        advice="Change that state first. Repeating the request does not help.",
    ),
    errors.ConflictError: ProblemType(
        name="conflict",
        title="Somebody else wrote in between",
        advice="Read again, and repeat the whole change.",
    ),
    errors.ExhaustedError: ProblemType(
        name="too-many-requests",
        title="Too many requests",
        advice="Wait as long as `Retry-After` says.",
    ),
    errors.UnavailableError: ProblemType(
        name="unavailable",
        title="A part of the service does not answer just now",
        advice="Repeat the request after as long as `Retry-After` says.",
    ),
    errors.DeadlineError: ProblemType(
        name="timeout",
        title="The answer took too long",
        advice="Repeat the request a little later.",
    ),
}
TYPES: Final = (*_TYPE_BY_KIND.values(), METHOD, NOT_ACCEPTABLE, INTERNAL)

RETRY_AFTER_SECONDS: Final[dict[int, int]] = {429: 1, 503: 1}


def of_error(
    error: errors.CallerError, *, instance: str, parameter_by_field: Mapping[str, str]
) -> resources.Problem:
    """
    Return the problem that *error* is to the caller of the path *instance*.

    Fields of proto requests turn into the parameters they were made from.
    """
    problem_type = next(
        (_TYPE_BY_KIND[kind] for kind in type(error).__mro__ if kind in _TYPE_BY_KIND), INTERNAL
    )
    parts = []
    if isinstance(error, errors.InvalidInputError):
        ours = isinstance(error, InvalidQueryError)
        parts = [
            _part(one.description, one.field if ours else _parameter(one, parameter_by_field))
            for one in error.violations
        ]
    detail = "; ".join(f"{part.parameter}: {part.detail}" for part in parts) or error.message
    return of_type(
        problem_type, status.http_status_of(error), detail=detail, instance=instance, parts=parts
    )


def of_type(
    problem_type: ProblemType,
    status_code: int,
    *,
    detail: str,
    instance: str,
    parts: list[resources.InvalidPart] | None = None,
) -> resources.Problem:
    """Return a problem of a type."""
    return resources.Problem(
        type=f"/problems/{problem_type.name}",
        title=problem_type.title,
        status=status_code,
        detail=detail,
        instance=instance,
        errors=parts or [],
    )


def written(problem: resources.Problem) -> tuple[int, str, bytes]:
    """
    Return status, media type and body of the answer that tells of *problem*.

    Under the old application's addresses that is a `{"message"}`, and what went wrong
    here is a 500 unless it is to be tried again soon: all that its clients know.
    """
    if not problem.instance.startswith(_OLD_ADDRESSES):
        return problem.status, MEDIA_TYPE, _ENCODER.encode(problem)
    status_code = 500 if problem.status > _UNAVAILABLE else problem.status
    return status_code, _OLD_MEDIA_TYPE, _ENCODER.encode({"message": problem.detail})


def _parameter(violation: errors.Violation, parameter_by_field: Mapping[str, str]) -> str:
    field = _INDEX.sub("", violation.field)
    return parameter_by_field.get(field, field)


def _part(description: str, parameter: str) -> resources.InvalidPart:
    parameter = parameter or QUERY
    # A JSON pointer as the fragment of an URI, by section 6 of RFC 6901.
    escaped = parameter.replace("~", "~0").replace("/", "~1")
    return resources.InvalidPart(
        detail=description,
        pointer=f"#/{quote(escaped, safe=_FRAGMENT_SAFE)}",
        parameter=parameter,
    )
