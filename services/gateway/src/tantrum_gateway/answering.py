"""
Answers a parsed request: from L1, else from L2, else from an upstream, once for all who ask.

No answer that is older than the watch's revision is kept: it is asked for with
that as `min_revision`, and looked at again before it is stored, since the watch
may have moved on meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tantrum_kit import deadline, errors

from tantrum_gateway import metrics, problems
from tantrum_gateway.answers import FOREVER, Answer
from tantrum_gateway.endpoints import Endpoint, Lifetime
from tantrum_gateway.flights import Flights
from tantrum_gateway.l1 import L1
from tantrum_gateway.l2 import ReplyStore
from tantrum_gateway.reads import Question, Reply
from tantrum_gateway.upstreams import Upstreams

_JITTER: Final = 0.1
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long answers are kept, here and by others."""

    ttl_seconds: Mapping[Lifetime, float]
    absence_ttl_seconds: float
    cache_control: str
    request_timeout_seconds: float
    suggest_timeout_seconds: float


class Watched(Protocol):
    """What the caches need to know of the watch."""

    @property
    def revision(self) -> int: ...

    @property
    def up(self) -> bool: ...


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


class Answering:
    """Finds or makes the answer to a request."""

    def __init__(
        self,
        *,
        upstreams: Upstreams,
        l1: L1,
        l2: ReplyStore,
        flights: Flights[Answer],
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

    async def answer(self, request: Request) -> tuple[Answer, str]:
        """
        Return the answer and where it came from: `l1` or `miss`.

        Proven absence is an answer too.

        Raises:
            CallerError: the upstream did, or the request's time ran out.
        """
        key = request.canonical
        answer = self._l1.get(key)
        if answer is not None:
            metrics.L1_LOOKUPS_HIT.inc()
            return answer, "l1"
        metrics.L1_LOOKUPS_MISS.inc()
        # Who has heard of a newer revision must not join a call that has not.
        flight = (key, self._watch.revision)
        return await self._flights.run(flight, lambda: self._made(key, request)), "miss"

    async def _made(self, key: str, request: Request) -> Answer:
        min_revision = self._watch.revision
        endpoint = request.endpoint
        timeout_seconds = (
            self._policy.suggest_timeout_seconds
            if endpoint.suggests
            else self._policy.request_timeout_seconds
        )
        with deadline.running_for(timeout_seconds):
            try:
                reply = await self._reply(key, request, min_revision)
            except errors.NotFoundError as error:
                return self._absence(key, request, error, min_revision)
        answer = self._answer_of(endpoint, reply)
        if answer.catalog_revision >= self._watch.revision:
            self._l1.put(key, answer)
        return answer

    async def _reply(self, key: str, request: Request, min_revision: int) -> Reply:
        endpoint = request.endpoint
        # Without the watch nobody knows which revision is the newest.
        shared = self._watch.up and endpoint.lifetime is not Lifetime.FOREVER
        if shared:
            stored = await self._l2.get(key, catalog_revision=min_revision)
            if stored is not None:
                return stored
        question = Question(
            arguments=request.question.arguments,
            key=request.question.key,
            min_revision=min_revision,
        )
        reply = await endpoint.read(self._upstreams, question)
        if shared and reply.catalog_revision >= self._watch.revision:
            ttl_seconds = self._policy.ttl_seconds[endpoint.lifetime]
            self._l2.put(key, reply, ttl_seconds=ttl_seconds)
        return reply

    def _answer_of(self, endpoint: Endpoint, reply: Reply) -> Answer:
        forever = endpoint.lifetime is Lifetime.FOREVER
        now_monotonic = self._now_monotonic()
        ttl_seconds = self._policy.ttl_seconds[endpoint.lifetime]
        jittered_seconds = ttl_seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311
        return Answer(
            body=reply.body,
            media_type=reply.media_type,
            cache_control=_IMMUTABLE if forever else self._policy.cache_control,
            catalog_revision=FOREVER if forever else reply.catalog_revision,
            route=endpoint.path,
            stored_monotonic=now_monotonic,
            expires_monotonic=now_monotonic + jittered_seconds,
        )

    def _absence(
        self, key: str, request: Request, error: errors.NotFoundError, min_revision: int
    ) -> Answer:
        problem = problems.of_error(error, instance=request.path, parameter_by_field={})
        status, media_type, body = problems.written(problem)
        now_monotonic = self._now_monotonic()
        ttl_seconds = self._policy.absence_ttl_seconds
        answer = Answer(
            status=status,
            body=body,
            media_type=media_type,
            cache_control=f"public, max-age={int(ttl_seconds)}",
            catalog_revision=min_revision,
            route=request.endpoint.path,
            stored_monotonic=now_monotonic,
            expires_monotonic=now_monotonic + ttl_seconds,
        )
        if min_revision == self._watch.revision:
            self._l1.put(key, answer)
        return answer
