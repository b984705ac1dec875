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
from tantrum_gateway.answers import Headers
from tantrum_gateway.queries import QUERY, InvalidQueryError

MEDIA_TYPE: Final = "application/problem+json; charset=utf-8"
_STEPS: Final = re.compile(r"[^.\[\]`]+")
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
CROSS_SITE: Final = ProblemType(
    name="cross-site",
    title="The request may come from another site",
    advice="Send the `csrfToken` of the session as `X-CSRF-Token`, from a page of this site.",
)
FORBIDDEN: Final = ProblemType(
    name="forbidden",
    title="Not within the scopes of the API token",
    advice="Use an API token that has the scope, or sign in.",
)
PRECONDITION_REQUIRED: Final = ProblemType(
    name="precondition-required",
    title="The write has to say what it changes",
    advice="Send the `ETag` of what you read as `If-Match`.",
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    name="unsupported-media-type",
    title="The body is of a kind that is not read here",
    advice="Send the body as one of the media types that the `Accept` header of the answer names.",
)
TOO_SLOW: Final = ProblemType(
    name="request-timeout",
    title="The request took too long to arrive",
    advice="Send the whole body without pauses, on a new connection.",
)
TOO_LARGE: Final = ProblemType(
    name="content-too-large",
    title="The body is too large",
    advice="Send a smaller body. Repeating the request does not help.",
)
STILL_RUNNING: Final = ProblemType(
    name="still-running",
    title="The first request with this key is still under way",
    advice="Repeat the request after as long as `Retry-After` says, with the same key.",
)
KEY_REUSED: Final = ProblemType(
    name="idempotency-key-reused",
    title="The key stands for another request",
    advice="Use a new `Idempotency-Key` for each request, and the same one to repeat it.",
)
URL_TOO_LONG: Final = ProblemType(
    name="uri-too-long",
    title="The address is too long",
    advice="Use fewer parameters or shorter values. Repeating the request does not help.",
)
HEADERS_TOO_LARGE: Final = ProblemType(
    name="header-fields-too-large",
    title="The header fields are too large",
    advice="Send fewer or shorter header fields; deleting old cookies may do.",
)
TOO_MANY: Final = ProblemType(
    name="too-many-requests",
    title="Too many requests",
    advice="Wait as long as `Retry-After` says.",
)
MALFORMED: Final = ProblemType(
    name="malformed-request",
    title="The request is no GraphQL request",
    advice="Send what GraphQL over HTTP asks for: a JSON object with `query` or `documentId`.",
)
INVALID_DOCUMENT: Final = ProblemType(
    name="invalid-document",
    title="The GraphQL document is not valid",
    advice="Correct the document or its variables. The schema is at `/docs/schema.graphql`.",
)
UNKNOWN_DOCUMENT: Final = ProblemType(
    name="unknown-document",
    title="The persisted GraphQL document is not known",
    advice="Send the document itself in `query` beside `documentId`, once.",
)
LIMIT: Final = ProblemType(
    name="limit-exceeded",
    title="The request asks for too much",
    advice="Ask for less. Which limit it was is in `extensions.limit`.",
)
INTERNAL: Final = ProblemType(
    name="internal-error",
    title="Something went wrong here",
    advice="It is not your fault. Report it with the `X-Request-Id` of the answer.",
)

CONFLICT: Final = ProblemType(
    name="conflict",
    title="Somebody else wrote in between",
    advice="Read again, and repeat the whole change.",
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
    errors.ConflictError: CONFLICT,
    errors.ExhaustedError: TOO_MANY,
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
TYPES: Final = (
    *_TYPE_BY_KIND.values(),
    METHOD,
    NOT_ACCEPTABLE,
    CROSS_SITE,
    FORBIDDEN,
    PRECONDITION_REQUIRED,
    STILL_RUNNING,
    KEY_REUSED,
    TOO_SLOW,
    TOO_LARGE,
    URL_TOO_LONG,
    UNSUPPORTED_MEDIA_TYPE,
    HEADERS_TOO_LARGE,
    MALFORMED,
    INVALID_DOCUMENT,
    UNKNOWN_DOCUMENT,
    LIMIT,
    INTERNAL,
)

RETRY_AFTER_SECONDS: Final[dict[int, int]] = {429: 1, 503: 1}


class RefusedError(Exception):
    """A request that is refused for its form, before anybody has looked at what it wants."""

    def __init__(
        self,
        problem_type: ProblemType,
        status_code: int,
        *,
        detail: str = "",
        headers: Headers | None = None,
    ) -> None:
        super().__init__(detail or problem_type.advice)
        self.problem_type = problem_type
        self.status_code = status_code
        self.headers = headers or []


class InvalidBodyError(errors.InvalidInputError):
    """A body is JSON, but not of the kind that is wanted; the message is msgspec's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        description, _, place = message.partition(" - at `$")
        self.description = description
        self.place = _STEPS.findall(place)
        """Names and indexes on the way to what is wrong; empty for the whole."""


def too_many(detail: str, *, retry_after_seconds: int, headers: Headers) -> RefusedError:
    """Return the refusal of a request that a limit does not allow."""
    headers = [*headers, (b"retry-after", b"%d" % retry_after_seconds)]
    return RefusedError(TOO_MANY, 429, detail=detail, headers=headers)


def refused(refusal: RefusedError, raw_path: bytes) -> tuple[int, bytes, Headers]:
    """Return status, body and headers of an answer to a request for *raw_path*."""
    problem = of_type(
        refusal.problem_type,
        refusal.status_code,
        detail=str(refusal),
        instance=raw_path.decode("latin-1"),
    )
    code, media_type, body = written(problem)
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *refusal.headers,
    ]
    return code, body, headers


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
    if isinstance(error, InvalidBodyError):
        parts = [_body_part(error)]
    elif isinstance(error, errors.InvalidInputError):
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


def pointer(*names: str) -> str:
    """Return the JSON pointer to *names* as the fragment of an URI: section 6 of RFC 6901."""
    escaped = (name.replace("~", "~0").replace("/", "~1") for name in names)
    return "#" + "".join(f"/{quote(name, safe=_FRAGMENT_SAFE)}" for name in escaped)


def _parameter(violation: errors.Violation, parameter_by_field: Mapping[str, str]) -> str:
    field = _INDEX.sub("", violation.field)
    return parameter_by_field.get(field, field)


def _body_part(error: InvalidBodyError) -> resources.InvalidPart:
    return resources.InvalidPart(
        detail=error.description, pointer=pointer(*error.place), parameter=".".join(error.place)
    )


def _part(description: str, parameter: str) -> resources.InvalidPart:
    parameter = parameter or QUERY
    return resources.InvalidPart(
        detail=description, pointer=pointer(parameter), parameter=parameter
    )
