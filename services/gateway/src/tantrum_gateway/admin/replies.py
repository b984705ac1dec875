"""Finished answers: outcomes and refusals as status, headers and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from tantrum_kit import errors

from tantrum_gateway import problems, resources
from tantrum_gateway.admin.operations import Operation, Outcome
from tantrum_gateway.admin.preconditions import names
from tantrum_gateway.admin.problem_parts import parts_of
from tantrum_gateway.admin.refusals import RefusalError
from tantrum_gateway.mounts import Send
from tantrum_gateway.queries import InvalidQueryError
from tantrum_gateway.reads import JSON

_ENCODER: Final = msgspec.json.Encoder()
_CHALLENGE: Final = 'Bearer realm="tvtantrum"'
_UNAUTHENTICATED: Final = 401
_PRECONDITION_FAILED: Final = 412


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    async def send(self, request: Request, cookies: Sequence[str], send: Send) -> None:
        """Send it, with `Set-Cookie` for each of *cookies*; to HEAD without its body."""
        headers = [
            (b"cache-control", b"no-store"),
            *((name.encode(), value.encode("latin-1")) for name, value in self.headers.items()),
            *((b"set-cookie", cookie.encode()) for cookie in cookies),
        ]
        if self.body:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if request.method == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def reply_to(operation: Operation, outcome: Outcome, *, if_none_match: str | None = None) -> Reply:
    """Return the answer that tells *outcome*; 304 where the client has it already."""
    headers = {}
    if outcome.tag:
        headers["etag"] = f'"{outcome.tag}"'
    if outcome.catalog_revision:
        headers["catalog-revision"] = str(outcome.catalog_revision)
    if outcome.location:
        headers["location"] = outcome.location
    if outcome.answer is None:
        return Reply(status=operation.status, headers=headers)
    if outcome.tag and operation.method == "GET" and names(if_none_match, outcome.tag):
        return Reply(status=304, headers=headers)
    headers["content-type"] = JSON
    return Reply(status=operation.status, headers=headers, body=_ENCODER.encode(outcome.answer))


def refusal_reply(refusal: RefusalError, *, path: str) -> Reply:
    """Return the answer that tells why a request is not done."""
    problem = problems.of_type(
        refusal.problem_type,
        refusal.status_code,
        detail=str(refusal),
        instance=path,
        parts=refusal.parts,
    )
    headers = {name.decode(): value.decode("latin-1") for name, value in refusal.headers}
    return _problem_reply(problem, headers)


def error_reply(error: errors.CallerError, *, operation: Operation | None, path: str) -> Reply:
    """Return the answer that tells what the catalogue, or the query string, made fail."""
    fields = {one.field: one.name for one in operation.parameters} if operation else {}
    problem = problems.of_error(error, instance=path, parameter_by_field=fields)
    if operation is not None and operation.guarded and isinstance(error, errors.ConflictError):
        problem = msgspec.structs.replace(problem, status=_PRECONDITION_FAILED)
    of_body = operation is not None and (operation.body is not None or operation.uploads)
    of_query = isinstance(error, InvalidQueryError)
    if isinstance(error, errors.InvalidInputError) and of_body and not of_query:
        parts = parts_of(error)
        detail = "; ".join(f"{one.parameter}: {one.detail}" for one in parts) or error.message
        problem = msgspec.structs.replace(problem, errors=parts, detail=detail)
    headers = {}
    wait_seconds = error.facts.get("retry_after_seconds", "")
    if wait_seconds.isdigit():
        headers["retry-after"] = wait_seconds
    if problem.status == _UNAUTHENTICATED:
        headers["www-authenticate"] = _CHALLENGE
    return _problem_reply(problem, headers)


def _problem_reply(problem: resources.Problem, headers: dict[str, str]) -> Reply:
    wait_seconds = problems.RETRY_AFTER_SECONDS.get(problem.status)
    if wait_seconds is not None:
        headers.setdefault("retry-after", str(wait_seconds))
    status, headers["content-type"], body = problems.written(problem)
    return Reply(status=status, headers=headers, body=body)
