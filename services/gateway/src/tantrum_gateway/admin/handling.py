"""
From a request to the operation it asks for, and back.

In this order: who asks → may they (origin, CSRF token, scope) → query string → precondition
→ body → repetition → the operation. So who may not do something learns nothing of what else
would be wrong with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from tantrum_kit import deadline

from tantrum_gateway import problems, queries
from tantrum_gateway.admin import bodies, proof, repetitions, revisions
from tantrum_gateway.admin.answers_codec import SCOPES
from tantrum_gateway.admin.desk import Desk
from tantrum_gateway.admin.identities import Caller, Identities, Identity
from tantrum_gateway.admin.operations import Call, Operation, Outcome
from tantrum_gateway.admin.preconditions import IfMatch
from tantrum_gateway.admin.refusals import RefusalError
from tantrum_gateway.admin.replies import Reply, reply_to
from tantrum_gateway.bodies import decode_json
from tantrum_gateway.limits.limiter import Limiter
from tantrum_gateway.limits.rules import LimitClass

_ANYTHING: Final = IfMatch(None)
_USER_AGENT_CHARACTERS_MAX: Final = 200
_SAFE: Final = ("GET", "HEAD")


class Handling:
    """Does operations. To be used on one event loop."""

    def __init__(
        self,
        desk: Desk,
        identities: Identities,
        limiter: Limiter,
        *,
        timeout_seconds: float,
        revision: Callable[[], int],
    ) -> None:
        self._desk = desk
        self._identities = identities
        self._limiter = limiter
        self._timeout_seconds = timeout_seconds
        self._revision = revision

    async def answer(self, request: Request, operation: Operation) -> tuple[Reply, list[str]]:
        """
        Do what *request* asks for; return the answer, and cookies for who asked.

        Raises:
            RefusalError, CallerError: it is not done.
        """
        caller = None
        if not operation.open_to_all:
            with deadline.running_for(self._timeout_seconds):
                caller = await self._identities.caller(proof.proof_of(request))
        _check_allowed(request, operation, caller)
        if caller is not None:
            self._check_rate(request, caller.identity)
        call = await self._call(request, operation, caller)
        cookies: list[str] = []

        async def run() -> tuple[Reply, Reply]:
            outcome = await operation.run(call)
            cookies.extend(_cookies(request, call, outcome))
            reply = reply_to(operation, outcome, if_none_match=_listed(request, "if-none-match"))
            if outcome.repeatable_answer is None:
                return reply, reply
            secretless = dataclasses.replace(outcome, answer=outcome.repeatable_answer)
            return reply, reply_to(operation, secretless)

        # From now on: the time that a large body took to arrive does not count.
        with deadline.running_for(self._timeout_seconds):
            if call.idempotency is None:
                reply, _ = await run()
            else:
                reply = await repetitions.once(call.desk, call.idempotency, run)
        return reply, cookies

    def _check_rate(self, request: Request, identity: Identity) -> None:
        """Limit a session, or an API token, as well as the address that it comes from."""
        limit_class = LimitClass.READ if request.method in _SAFE else LimitClass.WRITE
        verdict = self._limiter.take(limit_class, identity.key)
        if not verdict.allowed:
            wait = (b"retry-after", b"%d" % verdict.retry_after_seconds)
            raise RefusalError(problems.TOO_MANY, 429, headers=[*verdict.headers, wait])

    async def _call(self, request: Request, operation: Operation, caller: Caller | None) -> Call:
        arguments = queries.read(request.scope["query_string"], operation.parameters)
        if_match = IfMatch.read(_listed(request, "if-match")) if operation.guarded else _ANYTHING
        raw = await _body_of(request, operation)
        values, body = _read(raw, operation)
        return Call(
            desk=self._desk_of(caller),
            identities=self._identities,
            caller=caller,
            arguments=arguments,
            key=request.path_params.get(operation.key_name, ""),
            values=values,
            body=body,
            if_match=if_match,
            min_revision=max(self._revision(), revisions.seen_by(request)),
            idempotency=repetitions.idempotency_of(request, raw) if operation.keyed else None,
            client_address=request.client.host if request.client else "",
            user_agent=request.headers.get("user-agent", "")[:_USER_AGENT_CHARACTERS_MAX],
        )

    def _desk_of(self, caller: Caller | None) -> Desk:
        if caller is None:
            return self._desk
        editor, token = caller.identity.editor, caller.identity.api_token
        return self._desk.of_editor(editor.id, api_token_id=0 if token is None else token.id)


def _check_allowed(request: Request, operation: Operation, caller: Caller | None) -> None:
    by_token = caller is not None and caller.identity.api_token is not None
    if request.method not in _SAFE and not by_token:
        proof.check_origin(request)
        if caller is not None:
            proof.check_csrf_token(request, caller.proof.token)
    if caller is None or operation.by_any_token or caller.identity.may(operation.scope):
        return
    if operation.scope is None:
        raise RefusalError(problems.FORBIDDEN, 403, "No API token reaches this; sign in.")
    raise RefusalError(
        problems.FORBIDDEN, 403, f"The API token lacks the scope {SCOPES[operation.scope - 1]}."
    )


async def _body_of(request: Request, operation: Operation) -> bytes:
    if operation.uploads:
        return await bodies.read(request, bodies.IMAGES)
    if operation.body is None:
        return b""
    media_types = bodies.MERGE_PATCH if operation.method == "PATCH" else bodies.JSON
    return await bodies.read(request, media_types)


def _read(raw: bytes, operation: Operation) -> tuple[dict[str, Any], Any]:
    """Return what the body gives a value to, and the body itself unless it is a merge patch."""
    if operation.body is None:
        return {}, raw
    given: dict[str, Any] = decode_json(raw, dict[str, Any])
    if operation.method == "PATCH":
        return bodies.values_of(given, operation.body, partial=True), None
    values = bodies.values_of(given, operation.body, partial=False)
    return values, msgspec.convert(given, operation.body)


def _cookies(request: Request, call: Call, outcome: Outcome) -> list[str]:
    cookies = []
    if outcome.session_token is not None:
        cookies.append(proof.session_cookie(request, outcome.session_token))
    written = request.method not in _SAFE and outcome.catalog_revision
    if written and call.identity.session is not None:
        cookies.append(revisions.cookie(request, outcome.catalog_revision))
    return cookies


def _listed(request: Request, name: str) -> str | None:
    """Return a header that is a list, which may come in several lines."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None
