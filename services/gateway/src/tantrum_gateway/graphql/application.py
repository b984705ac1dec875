"""
GraphQL over HTTP, as an ASGI application to be mounted at `/graphql`.

A persisted document that is asked for with GET is an endpoint like those of REST: it goes
through the same caches, and has the same ETag and Cache-Control. All else is executed each
time, and kept by nobody.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from concurrent.futures import Executor as Threads
from typing import Final

import msgspec
import structlog
from tantrum_kit import deadline, errors

from tantrum_gateway import problems
from tantrum_gateway.answering import Answering, Found, Request
from tantrum_gateway.answers import CACHE, FOREVER, Answer, Form, Headers
from tantrum_gateway.concurrency import Priority
from tantrum_gateway.endpoints import Endpoint, Lifetime
from tantrum_gateway.graphql import graphiql, requests
from tantrum_gateway.graphql.documents import Documents
from tantrum_gateway.graphql.execution import PATH, Executor, Outcome, Query, refusal
from tantrum_gateway.graphql.failures import RequestError, malformed
from tantrum_gateway.graphql.requests import Asked
from tantrum_gateway.guard import prioritised
from tantrum_gateway.mounts import Receive, Scope, Send
from tantrum_gateway.negotiation import Coding, coding_for
from tantrum_gateway.queries import Arguments
from tantrum_gateway.reads import Question, Reply
from tantrum_gateway.upstreams import Upstreams

log = structlog.get_logger()

_OK: Final = 200
_DEGRADED: Final = CACHE + b"; fwd=bypass; detail=degraded"
_NO_STORE: Final = "no-store"
_ALLOW: Final = (b"allow", b"GET, HEAD, POST, OPTIONS")
_DETERMINISTIC: Final = msgspec.json.Encoder(order="deterministic")


class _PartialError(errors.CallerError):
    """Brings an outcome past the caches, which are to keep what is whole only."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("some field failed")
        self.outcome = outcome


class _OutageError(errors.UnavailableError):
    """As `_PartialError`; an older answer that is whole would do instead."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("an upstream does not answer just now")
        self.outcome = outcome


class GraphqlApplication:
    """Answers requests at `/graphql`."""

    def __init__(
        self,
        *,
        documents: Documents,
        executor: Executor,
        upstreams: Upstreams,
        answering: Answering,
        revision: Callable[[], int],
        timeout_seconds: float,
        threads: Threads,
    ) -> None:
        self._documents = documents
        self._executor = executor
        self._upstreams = upstreams
        self._answering = answering
        self._revision = revision
        self._timeout_seconds = timeout_seconds
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH:
            raise errors.NotFoundError("nothing is at this address")
        if scope["method"] == "OPTIONS":
            await _send_options(send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        found = await self._answer(scope, headers, receive)
        coding = coding_for(headers.get(b"accept-encoding"), compressible=found.answer.compressible)
        if coding is None:
            found = _unfound(_unacceptable("an `Accept-Encoding`"))
            coding = Coding.IDENTITY
        form = await found.answer.form(coding, threads=self._threads)
        if_match = headers.get(b"if-match")
        if if_match is not None and form.status == _OK and not form.matching(if_match, weak=False):
            form = await _changed().form(Coding.IDENTITY, threads=self._threads)
        await _send(form, _told(found), scope["method"], headers.get(b"if-none-match"), send)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Found:
        method = scope["method"]
        accept = headers.get(b"accept")
        offered = [requests.RESPONSE, requests.JSON]
        if method in ("GET", "HEAD") and not scope["query_string"]:
            offered.append(requests.HTML)
        media_type = requests.wanted(accept, offered)
        if media_type is None:
            ours = "`application/graphql-response+json` or `application/json`"
            return _unfound(_unacceptable(ours))
        if media_type == requests.HTML:
            return _unfound(graphiql.page())
        try:
            if method in ("GET", "HEAD"):
                asked = requests.from_query_string(scope["query_string"])
                return await self._got(asked, media_type)
            if method == "POST":
                content_type = headers.get(b"content-type", b"")
                asked = requests.from_body(content_type, await _body(receive))
                return await self._executed(asked, media_type)
            raise malformed("use GET or POST", status=405)
        except RequestError as error:
            return _unfound(_refused(error, media_type, safe=method in ("GET", "HEAD")))

    async def _got(self, asked: Asked, media_type: str) -> Found:
        """Answer a GET: through the caches, where the document is a persisted one."""
        if asked.document_id is None:
            return await self._executed(asked, media_type)
        text = await self._documents.text(asked.document_id, asked.query)
        operation = self._documents.ready(text).operation(asked.operation_name)
        # Nor does what means nothing make another answer.
        names = {one.variable.name.value for one in operation.variable_definitions or ()}
        variables = {name: value for name, value in asked.variables.items() if name in names}
        arguments = {
            "documentId": asked.document_id,
            "mediaType": media_type,
            "operationName": asked.operation_name or "",
            "variables": _DETERMINISTIC.encode(variables).decode(),
        }
        read = functools.partial(self._read, _query(text, asked), media_type)
        endpoint = Endpoint(
            path=PATH,
            summary="Answer a persisted document",
            tag="GraphQL",
            read=functools.partial(read, degrading=False),
            fallback=functools.partial(read, degrading=True),
            # The shortest of all, since anything may be in the answer.
            lifetime=Lifetime.SEARCH,
        )
        question = Question(arguments=Arguments(arguments))
        request = Request(endpoint=endpoint, question=question, path=PATH)
        try:
            return await self._answering.answer(request)
        except (_PartialError, _OutageError) as error:
            return _found(error.outcome, media_type)

    async def _executed(self, asked: Asked, media_type: str) -> Found:
        text = await self._documents.text(asked.document_id, asked.query)
        priority = Priority.AD_HOC if asked.document_id is None else Priority.READ
        with deadline.running_for(self._timeout_seconds), prioritised(priority):
            outcome = await self._executor.execute(
                _query(text, asked),
                self._upstreams,
                min_revision=self._revision(),
                degrading=True,
            )
        if outcome.degraded:
            log.info("answer_degraded", route=PATH)
        return _found(outcome, media_type)

    async def _read(
        self,
        query: Query,
        media_type: str,
        upstreams: Upstreams,
        question: Question,
        *,
        degrading: bool,
    ) -> Reply:
        outcome = await self._executor.execute(
            query, upstreams, min_revision=question.min_revision, degrading=degrading
        )
        if outcome.failed:
            raise _OutageError(outcome) if outcome.outage else _PartialError(outcome)
        return Reply(
            body=outcome.body,
            media_type=f"{media_type}; charset=utf-8",
            catalog_revision=outcome.catalog_revision,
            depends=outcome.depends,
            degraded=outcome.degraded,
        )


def _query(text: str, asked: Asked) -> Query:
    return Query(text=text, operation_name=asked.operation_name, variables=asked.variables)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise malformed("the body broke off")
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return body


def _found(outcome: Outcome, media_type: str) -> Found:
    """Return what was executed past the caches."""
    answer = _unkept(outcome.body, media_type=media_type, catalog_revision=outcome.catalog_revision)
    found = _unfound(answer)
    return dataclasses.replace(found, cache_status=_DEGRADED) if outcome.degraded else found


def _refused(error: RequestError, media_type: str, *, safe: bool) -> Answer:
    """Return the answer to what is not executed, with the status that the media type gives it."""
    operation = error.more.get("operation")
    status = error.status
    if safe and operation is not None:
        # Whatever the schema had: GET is safe.
        status = 405
    if status is None:
        status = 400 if media_type == requests.RESPONSE else 200
    return _unkept(refusal(error), media_type=media_type, status=status, allow=status == 405)  # noqa: PLR2004


def _unfound(answer: Answer) -> Found:
    """Return an answer that no cache had a part in."""
    return Found(answer=answer, source="miss", cache_status=b"", age_seconds=0)


def _told(found: Found) -> Headers:
    """Return what is said of how an answer was found."""
    if not found.cache_status:
        return []
    return [(b"age", b"%d" % found.age_seconds), (b"cache-status", found.cache_status)]


def _changed() -> Answer:
    problem = problems.of_type(
        problems.STATE_CHANGED, 412, detail=problems.STATE_CHANGED.advice, instance=PATH
    )
    status, media_type, body = problems.written(problem)
    return _unkept(body, media_type=media_type, status=status)


def _unacceptable(wanted: str) -> Answer:
    problem = problems.of_type(
        problems.NOT_ACCEPTABLE, 406, detail=f"Accept {wanted} that is made here.", instance=PATH
    )
    status, problem_media_type, body = problems.written(problem)
    return _unkept(body, media_type=problem_media_type, status=status)


def _unkept(
    body: bytes,
    *,
    media_type: str,
    status: int = 200,
    catalog_revision: int = FOREVER,
    allow: bool = False,
) -> Answer:
    """Return an answer that nobody is to keep."""
    return Answer(
        body=body,
        media_type=media_type if ";" in media_type else f"{media_type}; charset=utf-8",
        cache_control=_NO_STORE,
        catalog_revision=catalog_revision,
        status=status,
        route=PATH,
        extra_headers=[_ALLOW] if allow else None,
    )


async def _send_options(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": [_ALLOW]})
    await send({"type": "http.response.body", "body": b""})


async def _send(
    form: Form, told: Headers, method: str, if_none_match: bytes | None, send: Send
) -> None:
    etag = form.matching(if_none_match, weak=True) if if_none_match and method != "POST" else b""
    replaced = {b"vary": b"Accept, Accept-Encoding"}
    if etag:
        # Made with another effort it has another tag, and the client's stays its own.
        replaced[b"etag"] = etag
    headers = [
        (name, replaced.get(name, value))
        for name, value in (form.not_modified_headers if etag else form.start_headers)
    ]
    status = 304 if etag else form.status
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *told]})
    empty = etag or method == "HEAD"
    await send({"type": "http.response.body", "body": b""} if empty else dict(form.body_event))
