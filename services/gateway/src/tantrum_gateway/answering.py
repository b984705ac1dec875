"""
Answers a parsed request: from L1, else from L2, else from an upstream, once for all who ask.

What is sent held at the newest revision that the watch had heard of when it was made: an
answer that a change has touched on its way is asked for again. And it is no newer than what
the watch has heard of, or the next answer, from memory, might be older. Where an upstream
fails, what was known last is sent instead, and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog
from grpc import aio
from tantrum_kit import deadline, errors

from tantrum_gateway import depending, metrics, problems
from tantrum_gateway.answers import CACHE, FOREVER, Answer, State, age_seconds
from tantrum_gateway.concurrency import Priority
from tantrum_gateway.dependencies import History
from tantrum_gateway.endpoints import Endpoint, Lifetime
from tantrum_gateway.flights import Flights
from tantrum_gateway.guard import prioritised
from tantrum_gateway.l1 import L1
from tantrum_gateway.l2 import ReplyStore, Stored
from tantrum_gateway.reads import Question, Reply
from tantrum_gateway.upstreams import Upstreams, leaving_time

log = structlog.get_logger()

_JITTER: Final = 0.1
_NO_STORE: Final = "no-store"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
# Who keeps it asks again soon after the upstream is back.
_STALE: Final = "public, max-age=5"

_PAUSES_SECONDS: Final = (0.0, 0.02, 0.05, 0.1)
"""Before an answer that a change has touched is asked for again. A search index needs a moment."""

_CATCHING_UP_SECONDS: Final = 0.3
"""How long to wait for the watch to hear of what an upstream knows already: three of its polls."""

_PATIENCE_SECONDS: Final = 0.1
"""How long to wait for an upstream while the watch is lost, if there is an older answer."""

_FAILURES: Final = (errors.UnavailableError, errors.DeadlineError, aio.AioRpcError)
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long answers are kept, here and by others."""

    ttl_seconds: Mapping[Lifetime, float]
    absence_ttl_seconds: float
    stale_while_revalidate_seconds: float
    stale_if_error_seconds: float
    cache_control: str
    request_timeout_seconds: float
    suggest_timeout_seconds: float


class Watched(Protocol):
    """What the caches need to know of the watch."""

    @property
    def revision(self) -> int: ...

    @property
    def up(self) -> bool: ...

    @property
    def history(self) -> History: ...

    @property
    def heard_monotonic(self) -> float | None: ...

    async def reached(self, revision: int, *, timeout_seconds: float) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that is known to be well-formed."""

    endpoint: Endpoint
    question: Question
    path: str

    @property
    def canonical(self) -> str:
        """The same text for all requests that mean the same."""
        return f"{self.path}?{self.question.arguments.canonical()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer, where it came from, and what that means for caches (RFC 9211)."""

    answer: Answer
    source: str
    """`l1`, `l2`, `miss`, `stale`, or `degraded`."""
    cache_status: bytes
    age_seconds: int


class Answering:
    """Finds or makes the answer to a request."""

    def __init__(
        self,
        *,
        upstreams: Upstreams,
        l1: L1,
        l2: ReplyStore,
        flights: Flights[Found],
        watch: Watched,
        policy: Policy,
        now_monotonic: Callable[[], float],
    ) -> None:
        self._upstreams = upstreams
        self._l1 = l1
        self._l2 = l2
        self._flights = flights
        self._watch = watch
        self._policy = policy
        self._now_monotonic = now_monotonic

    async def answer(self, request: Request) -> Found:
        """
        Return the answer. Proven absence is one too.

        Raises:
            CallerError: the upstream did, or the request's time ran out, and no older
                answer is known.
        """
        key = request.canonical
        answer = self._l1.get(key)
        if answer is not None:
            metrics.L1_LOOKUPS_HIT.inc()
            return self._found(answer, "l1", b"hit; ttl=%d" % self._ttl(answer))
        metrics.L1_LOOKUPS_MISS.inc()
        older = self._older(key)
        if older is not None and self._revalidates(older):
            self._flights.begin(key, functools.partial(self._made, key, request))
            return self._stale(older, b"stale-while-revalidate")
        joined = self._flights.under_way(key)
        try:
            found = await self._flown(key, request, patient=older is None or self._watch.up)
        except (*_FAILURES, TimeoutError):
            if older is None:
                raise
            return self._stale(older, b"stale-if-error")
        if older is not None and older.catalog_revision > found.answer.catalog_revision:
            return self._stale(older, b"stale-if-error")
        if joined and found.source == "miss":
            return replace(found, cache_status=found.cache_status + b"; collapsed")
        return found

    async def _flown(self, key: str, request: Request, *, patient: bool) -> Found:
        async with asyncio.timeout(None if patient else _PATIENCE_SECONDS):
            return await self._flights.run(key, functools.partial(self._made, key, request))

    def _older(self, key: str) -> Answer | None:
        """Return what is known of old, if it is worth anything."""
        answer = self._l1.kept(key)
        if answer is None or answer.status != _OK:
            return None
        gone_seconds = self._now_monotonic() - answer.left_fresh_monotonic
        return answer if gone_seconds <= self._policy.stale_if_error_seconds else None

    def _revalidates(self, answer: Answer) -> bool:
        gone_seconds = self._now_monotonic() - answer.left_fresh_monotonic
        allowed_seconds = self._policy.stale_while_revalidate_seconds
        return answer.state is State.EXPIRED and gone_seconds <= allowed_seconds

    async def _made(self, key: str, request: Request) -> Found:
        endpoint = request.endpoint
        timeout_seconds = (
            self._policy.suggest_timeout_seconds
            if endpoint.priority is Priority.SUGGEST
            else self._policy.request_timeout_seconds
        )
        with deadline.running_for(timeout_seconds), prioritised(endpoint.priority):
            stored = None
            if endpoint.lifetime is not Lifetime.FOREVER:
                stored = await self._l2.get(key)
            if stored is not None and self._usable(stored):
                metrics.L2_LOOKUPS_HIT.inc()
                answer = self._answer_of(key, request, stored.reply, stored)
                self._l1.put(key, answer)
                return self._found(answer, "l2", b"hit; ttl=%d; detail=l2" % self._ttl(answer))
            if stored is not None:
                metrics.L2_LOOKUPS_OUTDATED.inc()
            try:
                return await self._asked(key, request)
            except _FAILURES as failure:
                if stored is None:
                    return await self._degraded(key, request, failure)
                answer = self._answer_of(key, request, stored.reply, stored)
                answer.state = State.OUTDATED
                answer.left_fresh_monotonic = min(self._now_monotonic(), answer.expires_monotonic)
                self._l1.put(key, answer)  # so that nobody waits as long for it again
                return self._stale(answer, b"stale-if-error")

    async def _degraded(self, key: str, request: Request, failure: Exception) -> Found:
        """Have another upstream answer, worse, or raise *failure* where none can or need."""
        fallback = request.endpoint.fallback
        unavailable = isinstance(failure, errors.UnavailableError)
        if fallback is None or not unavailable or self._older(key) is not None:
            raise failure
        log.info("answer_degraded", route=request.endpoint.path, reason=str(failure))
        question = replace(request.question, min_revision=self._watch.revision)
        answer = self._answer_of(key, request, await fallback(self._upstreams, question))
        return self._found(answer, "degraded", b"fwd=uri-miss; detail=degraded")

    def _usable(self, stored: Stored) -> bool:
        """Say whether it holds. Without the watch nobody knows."""
        reply = stored.reply
        return (
            self._watch.up
            and stored.fresh_seconds > 0
            and reply.catalog_revision <= self._watch.revision
            and self._watch.history.holds(reply.depends, reply.catalog_revision)
        )

    async def _asked(self, key: str, request: Request) -> Found:
        """Ask the upstream until the answer holds, and keep it."""
        pauses = iter(_PAUSES_SECONDS)
        answer, reply = await self._asked_once(key, request)
        while not self._watch.history.holds(answer.depends, answer.catalog_revision):
            pause_seconds = next(pauses, None)
            if pause_seconds is None or deadline.remaining_seconds(1.0) <= pause_seconds:
                return self._lagging(key, answer)
            await asyncio.sleep(pause_seconds)
            answer, reply = await self._asked_once(key, request)
        self._keep(key, request, answer, reply)
        return self._found(answer, "miss", b"fwd=uri-miss; stored")

    def _lagging(self, key: str, answer: Answer) -> Found:
        """Send what an index that lags behind has, unless something newer was sent before."""
        older = self._older(key)
        if older is not None and older.catalog_revision >= answer.catalog_revision:
            return self._stale(older, b"lagging")
        return self._found(answer.as_stale(_STALE), "miss", b"fwd=uri-miss")

    async def _asked_once(self, key: str, request: Request) -> tuple[Answer, Reply | None]:
        """Ask the upstream; there is no reply where it proves that there is nothing."""
        min_revision = self._watch.revision
        question = replace(request.question, min_revision=min_revision)
        try:
            searches = request.endpoint.priority is Priority.SEARCH
            with leaving_time() if searches else contextlib.nullcontext():
                reply = await request.endpoint.read(self._upstreams, question)
        except errors.NotFoundError as error:
            return self._absence(request, error, min_revision), None
        if self._watch.up and reply.catalog_revision > self._watch.revision:
            await self._watch.reached(reply.catalog_revision, timeout_seconds=_CATCHING_UP_SECONDS)
        return self._answer_of(key, request, reply), reply

    def _keep(self, key: str, request: Request, answer: Answer, reply: Reply | None) -> None:
        if reply is not None and reply.degraded:
            return
        self._l1.put(key, answer)
        lifetime = request.endpoint.lifetime
        # Nobody could tell what happened to it while nobody watched.
        if reply is not None and self._watch.up and lifetime is not Lifetime.FOREVER:
            self._l2.put(key, reply, fresh_seconds=self._policy.ttl_seconds[lifetime])

    def _answer_of(
        self, key: str, request: Request, reply: Reply, stored: Stored | None = None
    ) -> Answer:
        endpoint = request.endpoint
        forever = endpoint.lifetime is Lifetime.FOREVER
        now_monotonic = self._now_monotonic()
        if stored is None:
            ttl_seconds = self._policy.ttl_seconds[endpoint.lifetime]
            fresh_seconds = ttl_seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311
        else:
            fresh_seconds = stored.fresh_seconds
        return Answer(
            body=reply.body,
            media_type=reply.media_type,
            cache_control=self._cache_control(reply, forever=forever),
            catalog_revision=FOREVER if forever else reply.catalog_revision,
            route=endpoint.path,
            stored_monotonic=now_monotonic - (stored.age_seconds if stored else 0.0),
            expires_monotonic=now_monotonic + fresh_seconds,
            depends=reply.depends,
            remake=functools.partial(self._remade, key, request),
        )

    def _cache_control(self, reply: Reply, *, forever: bool) -> str:
        if reply.degraded:
            return _NO_STORE
        return _IMMUTABLE if forever else self._policy.cache_control

    async def _remade(self, key: str, request: Request) -> None:
        """Ask for an answer again that nobody waits for."""
        with (
            deadline.running_for(self._policy.request_timeout_seconds),
            prioritised(request.endpoint.priority),
        ):
            await self._flights.run(key, functools.partial(self._asked, key, request))

    def _absence(self, request: Request, error: errors.NotFoundError, min_revision: int) -> Answer:
        problem = problems.of_error(error, instance=request.path, parameter_by_field={})
        status, media_type, body = problems.written(problem)
        question = request.question
        now_monotonic = self._now_monotonic()
        ttl_seconds = self._policy.absence_ttl_seconds
        return Answer(
            status=status,
            body=body,
            media_type=media_type,
            cache_control=f"public, max-age={int(ttl_seconds)}",
            catalog_revision=min_revision,
            route=request.endpoint.path,
            stored_monotonic=now_monotonic,
            expires_monotonic=now_monotonic + ttl_seconds,
            depends=depending.on_absence(question.key, question.arguments.get("ids", ())),
        )

    def _ttl(self, answer: Answer) -> float:
        return answer.expires_monotonic - self._now_monotonic()

    def _stale(self, answer: Answer, detail: bytes) -> Found:
        """Say for how long it has not been fresh, in a `ttl` below 0."""
        metrics.stale_answered(detail.decode())
        gone_seconds = max(1.0, self._now_monotonic() - answer.left_fresh_monotonic)
        status = b"hit; ttl=-%d; detail=%s" % (gone_seconds, detail)
        held = detail == b"stale-while-revalidate"
        return self._found(answer if held else answer.as_stale(_STALE), "stale", status)

    def _found(self, answer: Answer, source: str, cache_status: bytes) -> Found:
        held_until = min(self._watch.heard_monotonic or 0.0, answer.left_fresh_monotonic)
        age = age_seconds(answer.stored_monotonic, now=self._now_monotonic(), held_until=held_until)
        return Found(
            answer=answer,
            source=source,
            cache_status=CACHE + b"; " + cache_status,
            age_seconds=age,
        )
