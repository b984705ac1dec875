"""
`Idempotency-Key`: a create that is repeated is done once, and answered as it was.

The catalogue keeps keys and answers in its database, each editor's apart. What it makes
is made once even where this gateway dies between the write and the note of its answer:
shows, categories and research carry a request id that the key gives them, and the others
have a name that nothing else may have.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from starlette.requests import Request
from tantrum_kit import deadline, errors
from tvtantrum.catalog.v1 import idempotency_service_pb2 as pb

from tantrum_gateway import problems
from tantrum_gateway.admin.desk import Desk
from tantrum_gateway.admin.operations import Idempotency
from tantrum_gateway.admin.refusals import RefusalError
from tantrum_gateway.admin.replies import Reply

log = structlog.get_logger()

_HEADER: Final = "idempotency-key"
_REPLAYED: Final = ("idempotency-replayed", "true")

_KEY: Final = re.compile(r"[ -~]{1,255}")
_AFTERWARDS_SECONDS: Final = 2.0
_ATTEMPT_ID_MAX: Final = 2**63 - 1


def idempotency_of(request: Request, body: bytes) -> Idempotency | None:
    """Return what *request* says of its repetition. Raises `RefusalError`."""
    key = request.headers.get(_HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        sentence = "Idempotency-Key: must have 1 to 255 printable ASCII characters"
        raise RefusalError(problems.INVALID, 400, sentence)
    parts = (request.method.encode(), request.url.path.encode(), body)
    return Idempotency(key=key, digest=hashlib.sha256(b"\0".join(parts)).digest())


async def once(
    desk: Desk,
    idempotency: Idempotency,
    run: Callable[[], Awaitable[tuple[Reply, Reply]]],
) -> Reply:
    """
    Return what *run* answers, or what it answered before.

    *run* returns its answer, and what a repetition of it is answered with. Where it
    fails, the key is free again.

    Raises:
        RefusalError: 409, the first one is under way; 422, the key stands for another.
        CallerError: as *run* does.
    """
    begun = await desk.ask(
        desk.upstreams.idempotency.BeginRequest,
        pb.BeginRequestRequest(
            editor_id=desk.editor_id,
            key=idempotency.key,
            payload_digest=idempotency.digest,
            # Chosen here, so that another try of this call finds its own attempt.
            attempt_id=secrets.randbelow(_ATTEMPT_ID_MAX) + 1,
        ),
    )
    match begun.state:
        case pb.REQUEST_STATE_RUNNING:
            raise RefusalError(problems.STILL_RUNNING, 409, headers=[(b"retry-after", b"1")])
        case pb.REQUEST_STATE_OTHER_PAYLOAD:
            raise RefusalError(problems.KEY_REUSED, 422)
        case pb.REQUEST_STATE_COMPLETED:
            stored = begun.response
            headers = dict([*stored.headers.items(), _REPLAYED])
            return Reply(status=stored.status, headers=headers, body=stored.body)
    attempt: dict[str, Any] = {
        "editor_id": desk.editor_id,
        "key": idempotency.key,
        "attempt_id": begun.attempt_id,
    }
    try:
        reply, repeated = await run()
    except Exception:
        await _afterwards(
            desk, desk.upstreams.idempotency.AbandonRequest, pb.AbandonRequestRequest(**attempt)
        )
        raise
    response = pb.StoredResponse(
        status=repeated.status, headers=dict(repeated.headers), body=repeated.body
    )
    await _afterwards(
        desk,
        desk.upstreams.idempotency.CompleteRequest,
        pb.CompleteRequestRequest(**attempt, response=response),
    )
    return reply


async def _afterwards(desk: Desk, method: object, request: object) -> None:
    """Note what became of a request; where that fails, the note is lost and nothing else."""
    with deadline.running_for(_AFTERWARDS_SECONDS):
        try:
            await desk.ask(method, request)  # type: ignore[arg-type]  # one of two stubs' methods
        except errors.CallerError as error:
            log.warning("idempotency_note_lost", reason=error.reason)
