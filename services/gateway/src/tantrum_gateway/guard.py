"""
What stands between the gateway and an upstream: its breaker and its limiter.

Every unary call on a guarded channel goes by here, whoever makes it. What the guard
refuses fails as `RefusedError`, before anything was sent.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextvars import ContextVar
from typing import Any, Final

import grpc
import structlog
from grpc import aio
from tantrum_kit import errors

from tantrum_gateway import metrics
from tantrum_gateway.breaker import Breaker, State
from tantrum_gateway.concurrency import Limiter, Priority

log = structlog.get_logger()

_LATE_RATIO: Final = 0.5
"""A call that takes more than this part of the time it has is late."""

_FAIR_SECONDS: Final = 0.05
"""Who gives an upstream less than this learns nothing about it."""

_OUTAGES: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

_priority: ContextVar[Priority] = ContextVar("priority", default=Priority.READ)


@contextlib.contextmanager
def prioritised(priority: Priority) -> Iterator[None]:
    """Make the calls of the body, and of tasks that it begins, as important as that."""
    token = _priority.set(priority)
    try:
        yield
    finally:
        _priority.reset(token)


class RefusedError(errors.UnavailableError):
    """A call that was not made, to spare the upstream; the message is for people."""

    reason = "REFUSED"


class LateError(errors.UnavailableError):
    """A read that ran out of time. Unlike a write, it may be repeated without a thought."""

    reason = "LATE"


class Guard:
    """Lets calls to *upstream* through, or refuses them. To be made in the event loop."""

    def __init__(self, upstream: str, *, spoken: str) -> None:
        self._upstream = upstream
        self._spoken = spoken
        self._breaker = Breaker(on_change=self._changed, now_monotonic=time.monotonic)
        self._limiter = Limiter(now_monotonic=time.monotonic)
        metrics.breaker_changed(upstream, State.CLOSED)
        metrics.UPSTREAM_LIMIT.labels(upstream).set_function(lambda: self._limiter.limit)
        metrics.UPSTREAM_UNDER_WAY.labels(upstream).set_function(lambda: self._limiter.under_way)

    async def run(self, serving: Callable[[], Awaitable[bool]]) -> None:
        """Until cancelled: ask a failed upstream whether it is *serving* again."""
        await self._breaker.run(serving)

    @contextlib.contextmanager
    def calling(self, timeout_seconds: float) -> Iterator[None]:
        """Let the body call, and learn from how long it takes and how it fails."""
        priority = _priority.get()
        if not self._limiter.begin(priority):
            raise self._refused(priority, "limit", "has too much to do just now; try again.")
        era = self._breaker.begin()
        if era is None:
            self._limiter.end(late=None)
            raise self._refused(priority, "breaker", "does not answer just now; try again.")
        started_monotonic = time.monotonic()
        failed: bool | None = None
        late: bool | None = None
        try:
            yield
            failed = False
        except aio.AioRpcError as failure:
            failed = failure.code() in _OUTAGES
            # What failed at once says nothing about how much is too much.
            late = True if failure.code() is grpc.StatusCode.DEADLINE_EXCEEDED else None
            if failed and timeout_seconds < _FAIR_SECONDS:
                failed = late = None
            raise
        finally:
            if failed is False:
                late = time.monotonic() - started_monotonic > timeout_seconds * _LATE_RATIO
            self._breaker.end(era, failed=failed)
            self._limiter.end(late=late)

    def _refused(self, priority: Priority, reason: str, what: str) -> RefusedError:
        metrics.call_refused(self._upstream, priority, reason)
        return RefusedError(f"{self._spoken} {what}")

    def _changed(self, state: State) -> None:
        if state is State.HALF_OPEN:
            self._limiter.restart()
        metrics.breaker_changed(self._upstream, state)
        log.warning("breaker_changed", upstream=self._upstream, state=state)


class GuardedChannel:
    """
    What stubs use of a channel, behind a guard.

    The methods *reads*, by full name, fail as `LateError` where they run out of time.
    Streams go by unguarded: there is one, and it has its own patience.
    """

    def __init__(self, channel: aio.Channel, guard: Guard, *, reads: Collection[str]) -> None:
        self._channel = channel
        self._guard = guard
        self._reads = reads

    def unary_unary(self, method: str, *codec: Any, **options: Any) -> Any:
        call: Any = self._channel.unary_unary(method, *codec, **options)
        is_read = method in self._reads

        async def guarded(
            request: Any,
            *,
            timeout: float,  # noqa: ASYNC109 - the name that stubs call it by
            metadata: Any = None,
        ) -> Any:
            try:
                with self._guard.calling(timeout):
                    return await call(request, timeout=timeout, metadata=metadata)
            except aio.AioRpcError as failure:
                if is_read and failure.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise LateError("the read ran out of time") from failure
                raise

        return guarded

    def unary_stream(self, method: str, *codec: Any, **options: Any) -> Any:
        return self._channel.unary_stream(method, *codec, **options)
