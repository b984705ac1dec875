"""
The gateway as an ASGI application.

A request that came in before, byte for byte, is answered by one look-up and
nothing else: no parsing, no labels, and a log line only where it is sampled. All
others take the long way: route, parse, find or make the answer, negotiate, send. So
this module works on raw bytes and plain dicts: the short way takes 2 µs of the 20 to
25 that a request costs in all. It runs on granian's thread (see `first_step`), the long
way in a task on the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from time import perf_counter
from typing import Final

import structlog
from grpc import aio
from tantrum_kit import errors, status

from tantrum_gateway import metrics, problems, resources
from tantrum_gateway.answering import Answering, Found, Request
from tantrum_gateway.answers import CACHE, FOREVER, Answer, Clock, Form, Headers, RawKey, State
from tantrum_gateway.bodies import BodyLimits, BoundedBody
from tantrum_gateway.exchange import EMPTY_BODY, Exchange, under_tag
from tantrum_gateway.first_step import in_a_task
from tantrum_gateway.front import Front
from tantrum_gateway.l1 import L1
from tantrum_gateway.limits.lease import Lease
from tantrum_gateway.limits.rules import index_of
from tantrum_gateway.mounts import Application, Mounts, Passage, Receive, Scope, Send
from tantrum_gateway.negotiation import coding_for
from tantrum_gateway.observing import Observed, Observer
from tantrum_gateway.queries import read
from tantrum_gateway.reads import Question
from tantrum_gateway.routing import Match, Routes
from tantrum_gateway.upstreams import request_id as request_id_of_calls

log = structlog.get_logger()

Page = Callable[[], Awaitable[Answer]]
"""Makes an answer that no cache may keep, or that is ready anyway."""

_observe_duration: Final = metrics.DURATIONS.observe
_ALLOW: Final = (b"allow", b"GET, HEAD, OPTIONS")
_ALL_METHODS: Final = b"GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
_CLOSE: Final = (b"connection", b"close")
_RETRY_AFTER: Final = b"retry-after"
_NO_STORE: Final = "no-store"
_MAX_ACCEPTED: Final = 32
_MAX_ACCEPT_BYTES: Final = 512
# What may stand in the metadata of a gRPC call, and in a log.
_REQUEST_ID: Final = re.compile(rb"[!-~]{1,128}")


class Gateway:
    """Answers HTTP requests. To be used on one event loop."""

    def __init__(
        self,
        *,
        routes: Routes,
        pages: dict[str, Page],
        mounts: Mapping[str, Application],
        answering: Answering,
        l1: L1,
        clock: Clock,
        threads: Executor,
        observer: Observer,
        front: Front,
        body_limits: BodyLimits,
    ) -> None:
        self._routes = routes
        self._pages = pages
        self._mounts = Mounts(mounts)
        self._answering = answering
        self._l1 = l1
        self._clock = clock
        self._threads = threads
        self._observer = observer
        self._sampled = observer.sampled
        self._slow_seconds = observer.slow_seconds
        self._front = front
        self._body_limits = body_limits
        self._callers = front.callers
        self._ready: dict[RawKey, Form] = l1.ready
        self._next_id = _request_ids().__next__
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        header = headers.get
        raw_caller = (
            scope["client"][0],
            header(b"x-forwarded-for"),
            header(b"x-forwarded-proto"),
            header(b"cf-connecting-ip"),
        )
        caller = self._callers.get(raw_caller) or self._front.caller(raw_caller)
        form = self._ready.get(
            (
                scope["method"],
                scope["raw_path"],
                scope["query_string"],
                header(b"accept-encoding"),
            )
        )
        index = index_of(scope["method"], scope["path"]) if form is None else form.limit_index
        lease = caller.leases[index] or self._front.lease(caller, index)
        left = lease.left
        allowed = True
        if left > lease.low:
            lease.left = left - 1
        else:
            allowed = self._front.limiter.take_from(lease)
        given_id = header(b"x-request-id")
        request_id = self._next_id() if given_id is None else self._request_id(given_id)
        own_headers = [(b"x-request-id", request_id), *lease.headers(lease.left + lease.beyond)]
        origin = header(b"origin")
        if origin is not None:
            own_headers += self._front.cors.headers(origin)
        if not allowed:
            own_headers += caller.headers
            await self._send_limited(scope, lease, own_headers, send)
            return
        accept = header(b"accept")
        sampled = self._sampled()
        if (
            form is None
            or b"x-server-timing" in headers
            or b"if-match" in headers
            or (accept is not None and accept not in form.accepted)
        ):
            await in_a_task()
            scope["client"] = (caller.client.address, 0)
            scope["scheme"] = "https" if caller.client.secure else "http"
            exchange = Exchange(
                scope, receive, send, headers, own_headers, caller=caller, limit_index=index
            )
            await self._take_long_way(exchange, sampled=sampled)
            return
        if form.told_at != self._clock.now:
            form.tell(self._clock)
        if_none_match = header(b"if-none-match")
        if if_none_match is not None and (etag := form.matching(if_none_match, weak=True)):
            form.not_modified += 1
            code, body_event = 304, EMPTY_BODY
            own_headers += under_tag(form, etag, form.hit_not_modified_headers)
            own_headers += caller.confirming_headers
        else:
            form.hits += 1
            code, body_event = form.status, form.body_event
            own_headers += form.hit_headers
            own_headers += caller.headers
        await send(
            {
                "type": "http.response.start",
                "status": code,
                "headers": own_headers,
            }
        )
        await send(body_event)
        elapsed_seconds = perf_counter() - started
        _observe_duration(form.route, elapsed_seconds)
        if sampled or elapsed_seconds >= self._slow_seconds:
            self._observer.tell_of_hit(
                scope["method"],
                scope["raw_path"].decode("latin-1"),
                route=form.route,
                code=code,
                request_id=request_id.decode(),
                traceparent=header(b"traceparent"),
                sampled=sampled,
                elapsed_seconds=elapsed_seconds,
            )

    def drain(self) -> None:
        """From now on ask each client to close its connection."""
        self.draining = True
        # The short way knows nothing of this, so nobody takes it any more.
        self._ready = {}

    async def until_idle(self) -> None:
        """Return when no request is under way."""
        await self._idle.wait()

    async def _send_limited(
        self, scope: Scope, lease: Lease, own_headers: Headers, send: Send
    ) -> None:
        """Refuse at once: who asks too often shall not cost more than who does not."""
        rule = lease.rule
        refusal = problems.too_many(
            f"{rule.limit_class}: {rule.quota} requests in {rule.window_seconds} seconds",
            retry_after_seconds=lease.wait_seconds(1),
            headers=own_headers,
        )
        if self.draining:
            refusal.headers.append(_CLOSE)
        code, body, headers = problems.refused(refusal, scope["raw_path"])
        await send({"type": "http.response.start", "status": code, "headers": headers})
        is_head = scope["method"] == "HEAD"
        await send(EMPTY_BODY if is_head else {"type": "http.response.body", "body": body})
        metrics.request_answered("", code, 0.0)

    async def _take_long_way(self, exchange: Exchange, *, sampled: bool) -> None:
        request_id_of_calls.set(exchange.own_id)
        self._under_way += 1
        self._idle.clear()
        if self.draining:
            exchange.headers.append(_CLOSE)
        try:
            with self._observer.observing(
                exchange.method,
                exchange.instance,
                request_id=exchange.own_id,
                traceparent=exchange.request_headers.get(b"traceparent"),
                sampled=sampled,
            ) as observed:
                mounted = self._mounts.at(exchange.path)
                if mounted is None:
                    observed.route, observed.code = await self._answer(exchange, observed)
                else:
                    observed.route, observed.code = await self._pass_on(
                        exchange, observed, *mounted
                    )
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _pass_on(
        self, exchange: Exchange, observed: Observed, prefix: str, application: Application
    ) -> tuple[str, int]:
        """Have a mounted application answer; answer in its place where it fails."""
        body = BoundedBody(exchange.receive, exchange.request_headers, self._body_limits)
        passage = Passage(
            exchange.scope,
            body,
            exchange.send,
            headers=lambda: [*exchange.timing(observed), *exchange.all_headers()],
            refused=lambda: body.refused,
        )
        failure_code = 500
        try:
            self._front.bounds.check(exchange.scope)
            body.check()
            if (preflight := self._preflight(exchange, _ALL_METHODS)) is not None:
                return await exchange.send_options(preflight)
            await application(passage.scope, passage.receive, passage.send)
            body.check()
        except Exception as error:
            if passage.status:  # half an answer cannot be mended; granian breaks it off
                log.exception("answer_broken_off")
                raise
            failure_code = await self._send_raised(exchange, error)
        return passage.scope.get("route_template", prefix), passage.status or failure_code

    def _request_id(self, given_id: bytes) -> bytes:
        """Return the id that the request came with, if it may travel, else a new one."""
        return given_id if _REQUEST_ID.fullmatch(given_id) else self._next_id()

    async def _answer(self, exchange: Exchange, observed: Observed) -> tuple[str, int]:
        """Answer; return the route and the status that the client got."""
        match: Match | None = None
        try:
            self._front.bounds.check(exchange.scope)
            if exchange.method not in ("GET", "HEAD", "OPTIONS"):
                return await self._refuse(exchange, problems.METHOD, 405)
            page = self._pages.get(exchange.path)
            if page is None:
                match = self._match(exchange.raw_path)
            if exchange.method == "OPTIONS":
                preflight = self._preflight(exchange, _ALLOW[1])
                return await exchange.send_options(preflight or [_ALLOW])
            if page is not None:
                observed.source = "page"
                return await self._send(exchange, _found(await page()), None, observed)
            assert match is not None  # noqa: S101 - for the type checker
            request = _request(match, exchange.query)
            found = await self._answering.answer(request)
            return await self._send(exchange, found, request, observed)
        except Exception as error:  # noqa: BLE001 - the edge
            fields = match.endpoint.parameter_by_field if match else {}
            code = await self._send_raised(exchange, error, parameter_by_field=fields)
            return match.endpoint.path if match else "", code

    def _preflight(self, exchange: Exchange, methods: bytes) -> Headers | None:
        """Return what to say to a browser that asks before it sends; None where none does."""
        if exchange.method != "OPTIONS":
            return None
        return self._front.cors.preflight(exchange.request_headers, methods=methods)

    def _match(self, raw_path: bytes) -> Match:
        try:
            match = self._routes.match(raw_path)
        except ValueError as error:
            raise errors.InvalidInputError.of("path", str(error)) from error
        if match is None:
            raise errors.NotFoundError("nothing is at this address")
        return match

    async def _send(
        self, exchange: Exchange, found: Found, request: Request | None, observed: Observed
    ) -> tuple[str, int]:
        answer = found.answer
        if request is not None:
            observed.source = found.source
        coding = coding_for(exchange.accept_encoding, compressible=answer.compressible)
        if coding is None or not exchange.takes(answer):
            return await self._refuse(exchange, problems.NOT_ACCEPTABLE, 406)
        form = await answer.form(coding, threads=self._threads)
        if request is not None and answer.state is State.OUTDATED and found.source != "stale":
            # A change has touched it while it was compressed.
            return await self._send(
                exchange, await self._answering.answer(request), request, observed
            )
        if request is not None:
            self._lead(exchange, request.canonical, answer, form)
        exchange.headers += exchange.timing(observed)
        if answer.cache_control != _NO_STORE:
            age = b"%d" % found.age_seconds
            exchange.headers += [(b"age", age), (b"cache-status", found.cache_status)]
        if exchange.has_another(form):
            return await self._refuse(exchange, problems.STATE_CHANGED, 412)
        return answer.route, await exchange.send_form(form)

    def _lead(self, exchange: Exchange, key: str, answer: Answer, form: Form) -> None:
        """Have the next request like this one find *form* the short way, if it is kept."""
        if self._l1.get(key) is not answer:
            return
        self._l1.resized(key)
        if exchange.method == "GET":
            form.limit_index = exchange.limit_index
            self._l1.alias(exchange.raw_key, key, form)
        accept = exchange.accept
        room = len(form.accepted) < _MAX_ACCEPTED
        if accept is not None and room and len(accept) <= _MAX_ACCEPT_BYTES:
            form.accepted.add(accept)

    async def _send_raised(
        self,
        exchange: Exchange,
        error: Exception,
        *,
        parameter_by_field: Mapping[str, str] | None = None,
    ) -> int:
        """Send what was raised as a problem, and return its status."""
        if isinstance(error, problems.RefusedError):
            exchange.headers += error.headers
            return (
                await self._refuse(exchange, error.problem_type, error.status_code, str(error))
            )[1]
        if isinstance(error, errors.CallerError):
            problem = problems.of_error(
                error, instance=exchange.instance, parameter_by_field=parameter_by_field or {}
            )
            return await self._send_problem(exchange, problem)
        code = 500
        if isinstance(error, aio.AioRpcError):
            # A bug of the upstream or ours: its words are for the log only.
            code = max(code, status.HTTP_STATUS_BY_CODE[error.code()])
            log.error(
                "upstream_failed",
                code=error.code().name,
                detail=error.details(),
            )
        else:
            log.error("request_failed", exc_info=error)
        _, code = await self._refuse(exchange, problems.INTERNAL, code)
        return code

    async def _refuse(
        self,
        exchange: Exchange,
        problem_type: problems.ProblemType,
        code: int,
        detail: str = "",
    ) -> tuple[str, int]:
        if code == 405:  # noqa: PLR2004
            exchange.headers.append(_ALLOW)
        problem = problems.of_type(
            problem_type,
            code,
            detail=detail or problem_type.advice,
            instance=exchange.instance,
        )
        return "", await self._send_problem(exchange, problem)

    async def _send_problem(self, exchange: Exchange, problem: resources.Problem) -> int:
        code, media_type, body = problems.written(problem)
        retry_after_seconds = problems.RETRY_AFTER_SECONDS.get(code)
        if retry_after_seconds is not None and _RETRY_AFTER not in dict(exchange.headers):
            exchange.headers.append((_RETRY_AFTER, b"%d" % retry_after_seconds))
        answer = Answer(
            status=code,
            body=body,
            media_type=media_type,
            cache_control=_NO_STORE,
            catalog_revision=FOREVER,
        )
        coding = coding_for(None, compressible=False)
        assert coding is not None  # noqa: S101 - without a wish there always is one
        return await exchange.send_form(await answer.form(coding, threads=self._threads))


def _request(match: Match, query: bytes) -> Request:
    arguments = read(query, match.endpoint.parameters, lenient=match.endpoint.lenient)
    question = Question(arguments=arguments, key=match.key)
    return Request(endpoint=match.endpoint, question=question, path=match.path)


def _request_ids() -> Iterator[bytes]:
    """Yield ids that no other process gives. Most cost a hit no more than joining two texts."""
    prefix = os.urandom(6).hex().encode()
    last_digits = [b"%02x" % number for number in range(256)]
    for block in itertools.count(1):
        first_part = b"%s-%x" % (prefix, block)
        for last_part in last_digits:
            yield first_part + last_part


def _found(page: Answer) -> Found:
    return Found(
        answer=page, source="page", cache_status=CACHE + b"; hit; detail=built-in", age_seconds=0
    )
