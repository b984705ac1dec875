"""
How services call one another: balanced, bounded, repeated only where that is safe.

A method that may be repeated gets a second attempt on another server in two cases. It
*failed* as UNAVAILABLE: then after a jittered pause, and even on the same server where
there is no other. Or it is *late*, later than 19 of 20 calls were: then at once, the
first answer wins, and a server that is overtaken twice without an answer in between is
avoided for a second. Both are kept to a share of all calls, so that they cannot double
the load on servers that are slow because they have too much of it (Dean and Barroso,
"The Tail at Scale", 2013).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections import deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from types import TracebackType
from typing import Any, Final, NoReturn, Self, cast

import grpc
import prometheus_client
from grpc import aio

from tantrum_kit import status, tracing
from tantrum_kit.grpc_peers import Peer, Peers, Resolve, named_by_dns

_ATTEMPTS_MAX: Final = 4
_PAUSE_SECONDS: Final = 0.02
"""Before the second attempt, three times that before the third, and so on."""

_RETRY_RATIO: Final = 0.2
_LATE_RATIO: Final = 0.05
_BURST: Final = 20

_LATE_SECONDS: Final = (0.01, 0.1, 0.3)
"""The least that is late, what is late as long as nothing is known, and the most."""

_EXTRA_ATTEMPTS: Final = prometheus_client.Counter(
    "tantrum_grpc_client_extra_attempts_total",
    "Attempts of calls after their first.",
    ["method", "reason"],
)


def channel(
    address: str, *, retried: Mapping[str, Sequence[str]], resolve: Resolve = named_by_dns
) -> aio.Channel:
    """
    Return a channel to all servers that *address* (`host:port`) resolves to, each second anew.

    The methods *retried*, by full name of their service, may get attempts on other
    servers: name only those that may be done twice. So may any request that carries a
    `request_id`, by which its server knows it again (AIP-155). Every unary call needs a
    `timeout=`.
    To be entered (`async with`) before the first call.
    """
    balanced = _BalancedChannel(
        Peers(address, resolve),
        repeatable={
            f"/{service}/{method}" for service, methods in retried.items() for method in methods
        },
    )
    # It has no state, since each server has one, and takes no streams, as no service here does.
    return cast("aio.Channel", balanced)


class _BalancedChannel:
    """
    What generated stubs use of a channel, over many servers: unary calls and server streams.

    A stream stays with the server that it began on, and ends when that one does.
    """

    def __init__(self, peers: Peers, *, repeatable: Collection[str]) -> None:
        self._peers = peers
        self._repeatable = repeatable
        # One for all methods: it is the servers that are to be spared.
        self._retries = _Allowance(_RETRY_RATIO)
        self._hedges = _Allowance(_LATE_RATIO)

    async def __aenter__(self) -> Self:
        await self._peers.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._peers.close()

    def unary_unary(self, method: str, *codec: Any, **options: Any) -> Any:
        def attempt(peer: Peer, *arguments: Any, **settings: Any) -> Awaitable[Any]:
            call = peer.channel.unary_unary(method, *codec, **options)
            return call(*arguments, **settings)

        repeated = _Repeated(
            method, self._peers, attempt, retries=self._retries, hedges=self._hedges
        )
        if method in self._repeatable:
            return _traced(method, repeated)
        return _traced(method, _OnceUnlessKnown(_Once(self._peers, attempt), repeated))

    def unary_stream(self, method: str, *codec: Any, **options: Any) -> Any:
        def begin(*arguments: Any, **settings: Any) -> Any:
            peer = self._peers.best() or _no_server()
            return _Stream(
                peer.channel.unary_stream(method, *codec, **options)(*arguments, **settings)
            )

        return begin


@contextlib.contextmanager
def errors_raised() -> Iterator[None]:
    """Raise a failed call of the body as the `CallerError` that its server raised."""
    try:
        yield
    except aio.AioRpcError as failure:
        error = status.error_of(failure)
        if error is None:
            raise
        raise error from failure


def _traced(method: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return *call* as a part of its caller's trace, whatever its attempts are."""
    name = method.removeprefix("/")

    async def traced(
        request: Any,
        *,
        timeout: float,  # noqa: ASYNC109 - the name that stubs call it by
        metadata: Sequence[tuple[str, str]] | None = None,
    ) -> Any:
        with tracing.called(name, **{"rpc.system.name": "grpc", "rpc.method": name}):
            if carried := tracing.traceparent():
                metadata = (*(metadata or ()), (tracing.TRACEPARENT, carried))
            return await call(request, timeout=timeout, metadata=metadata)

    return traced


class _Stream:
    """Answers from one server."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def __aiter__(self) -> AsyncIterator[Any]:
        with _cancelled_from_here_only():
            async for answer in self._call:
                yield answer

    def cancel(self) -> None:
        self._call.cancel()


class _Once:
    """A unary method that is tried once."""

    def __init__(self, peers: Peers, attempt: Callable[..., Awaitable[Any]]) -> None:
        self._peers = peers
        self._attempt = attempt

    async def __call__(
        self,
        request: Any,
        *,
        timeout: float,  # noqa: ASYNC109 - the name that stubs call it by
        metadata: Any = None,
    ) -> Any:
        peer = self._peers.best() or _no_server()
        with peer.calling(), _cancelled_from_here_only():
            return await self._attempt(peer, request, timeout=timeout, metadata=metadata)


class _OnceUnlessKnown:
    """A unary method that is tried once, or more often where its server knows a repetition."""

    def __init__(self, once: _Once, repeated: _Repeated) -> None:
        self._once = once
        self._repeated = repeated

    async def __call__(self, request: Any, **settings: Any) -> Any:
        known = getattr(request, "request_id", "")
        return await (self._repeated if known else self._once)(request, **settings)


class _Repeated:
    """A unary method that may get more attempts."""

    def __init__(
        self,
        method: str,
        peers: Peers,
        attempt: Callable[..., Awaitable[Any]],
        *,
        retries: _Allowance,
        hedges: _Allowance,
    ) -> None:
        self._peers = peers
        self._attempt = attempt
        self._retries = retries
        self._hedges = hedges
        self._pace = _Pace()
        self._retried = _EXTRA_ATTEMPTS.labels(method, "failed")
        self._hedged = _EXTRA_ATTEMPTS.labels(method, "late")

    async def __call__(
        self,
        request: Any,
        *,
        timeout: float,  # noqa: ASYNC109 - as above
        metadata: Any = None,
    ) -> Any:
        end_monotonic = asyncio.get_running_loop().time() + timeout
        self._retries.earn()
        self._hedges.earn()
        attempts = _Attempts(functools.partial(self._one, request, end_monotonic, metadata))
        refusal: BaseException | None = None
        try:
            attempts.begin(self._peers.best() or _no_server())
            while True:
                done = await attempts.one_done(within_seconds=self._pace.late_seconds)
                if done is None:
                    self._hedge(attempts)
                elif (failure := done.exception()) is None:
                    attempts.overtaken()
                    return done.result()
                elif _is(failure, grpc.StatusCode.UNAVAILABLE):
                    refusal = failure
                    if not attempts.under_way:
                        await self._retry(attempts, failure, end_monotonic)
                elif refusal and _is(failure, grpc.StatusCode.DEADLINE_EXCEEDED):
                    # What took the time was an outage, and that can be waited for.
                    raise refusal
                else:
                    raise failure
        finally:
            attempts.cancel()

    async def _one(self, request: Any, end_monotonic: float, metadata: Any, peer: Peer) -> Any:
        loop = asyncio.get_running_loop()
        started_monotonic = loop.time()
        with peer.calling(), _cancelled_from_here_only():
            answer = await self._attempt(
                peer, request, timeout=end_monotonic - started_monotonic, metadata=metadata
            )
        self._pace.note(loop.time() - started_monotonic)
        return answer

    def _hedge(self, attempts: _Attempts) -> None:
        """Ask another server as well, if there is one and it is not too often."""
        other = self._peers.best(without=attempts.tried)
        # To wait for a server that is known to be slow is of no use to anybody.
        if other and (attempts.tried[-1].shunned() or self._hedges.spend()):
            self._hedged.inc()
            attempts.begin(other)
        else:
            attempts.settle()

    async def _retry(
        self, attempts: _Attempts, failure: BaseException, end_monotonic: float
    ) -> None:
        """Try again after a pause, or raise *failure* where that is too late or too often."""
        count = len(attempts.tried)
        pause_seconds = _PAUSE_SECONDS * 3 ** (count - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        too_late = asyncio.get_running_loop().time() + pause_seconds >= end_monotonic
        if count >= _ATTEMPTS_MAX or too_late or not self._retries.spend():
            raise failure
        await asyncio.sleep(pause_seconds)
        self._retried.inc()
        attempts.begin(
            self._peers.best(without=attempts.tried) or self._peers.best() or _no_server()
        )


class _Attempts:
    """The attempts of one call."""

    def __init__(self, start: Callable[[Peer], Coroutine[Any, Any, Any]]) -> None:
        self._start = start
        self._settled = False
        self.tried: list[Peer] = []
        self.under_way: dict[asyncio.Task[Any], Peer] = {}

    def begin(self, peer: Peer) -> None:
        self.tried.append(peer)
        self.under_way[asyncio.create_task(self._start(peer))] = peer

    def settle(self) -> None:
        """Wait from now on for those that are under way, however late they are."""
        self._settled = True

    async def one_done(self, *, within_seconds: float) -> asyncio.Task[Any] | None:
        """Return an attempt that is over; None if none is in time and another may begin."""
        patient = self._settled or len(self.tried) >= _ATTEMPTS_MAX
        done, _ = await asyncio.wait(
            self.under_way,
            timeout=None if patient else within_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done:
            return None
        one = done.pop()
        del self.under_way[one]
        return one

    def overtaken(self) -> None:
        """Note of those that are still under way that another was faster."""
        for peer in self.under_way.values():
            peer.overtake()

    def cancel(self) -> None:
        for task in self.under_way:
            if not task.cancel() and not task.cancelled():
                task.exception()  # or asyncio complains that nobody looked


class _Pace:
    """Knows how long a method takes, from its last hundred answers."""

    def __init__(self) -> None:
        self._least, self.late_seconds, self._most = _LATE_SECONDS
        self._seconds: deque[float] = deque(maxlen=100)
        self._noted = 0

    def note(self, seconds: float) -> None:
        self._seconds.append(seconds)
        self._noted += 1
        if self._noted % 20 == 0:
            p95 = sorted(self._seconds)[int(len(self._seconds) * 0.95)]
            self.late_seconds = min(max(p95, self._least), self._most)


class _Allowance:
    """Lets something happen for a *ratio* of what it is earned by, and `_BURST` times besides."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._left = float(_BURST)

    def earn(self) -> None:
        self._left = min(_BURST, self._left + self._ratio)

    def spend(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


@contextlib.contextmanager
def _cancelled_from_here_only() -> Iterator[None]:
    """
    Raise as UNAVAILABLE what the body does not raise for being cancelled itself.

    gRPC raises CancelledError in whoever waits on a channel that is closed, as that to a
    server is that is named no more. It would end the task without a word. And a server that
    is told to stop cancels what has reached it and not yet its program: that was not begun.
    """
    try:
        yield
    except aio.AioRpcError as failure:
        if failure.code() is not grpc.StatusCode.CANCELLED:
            raise
        raise aio.AioRpcError(
            grpc.StatusCode.UNAVAILABLE, details="the server cancelled the call"
        ) from failure
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise aio.AioRpcError(
            grpc.StatusCode.UNAVAILABLE, details="the server is named no more"
        ) from None


def _is(failure: BaseException, code: grpc.StatusCode) -> bool:
    return isinstance(failure, aio.AioRpcError) and failure.code() is code


def _no_server() -> NoReturn:
    raise aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, details="no server is known")
