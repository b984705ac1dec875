"""What a guarded channel lets through, and what it learns."""

from __future__ import annotations

import contextlib

import grpc
import pytest
from grpc import aio
from tantrum_gateway.concurrency import Priority
from tantrum_gateway.guard import Guard, GuardedChannel, LateError, RefusedError, prioritised

READ = "/shop.Service/Get"
WRITE = "/shop.Service/Create"


class FailingChannel:
    """Its calls fail as a test says."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self.code = code
        self.calls = 0

    def unary_unary(self, method):
        async def call(request, *, timeout, metadata):  # noqa: ASYNC109 - as stubs have it
            self.calls += 1
            raise aio.AioRpcError(self.code, aio.Metadata(), aio.Metadata())

        return call


def guarded(channel):
    return GuardedChannel(channel, Guard("catalog", spoken="The catalogue"), reads=[READ])


async def failure_of(channel, method, *, timeout_seconds=1.0):
    with pytest.raises((aio.AioRpcError, RefusedError, LateError)) as caught:
        await channel.unary_unary(method)(b"", timeout=timeout_seconds)
    return caught.value


async def test_a_read_that_is_late_may_be_repeated_and_a_write_may_not():
    channel = guarded(FailingChannel(grpc.StatusCode.DEADLINE_EXCEEDED))

    read = await failure_of(channel, READ)
    write = await failure_of(channel, WRITE)

    assert isinstance(read, LateError)
    assert isinstance(write, aio.AioRpcError)
    assert write.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_an_upstream_that_fails_is_not_called_any_more():
    behind = FailingChannel(grpc.StatusCode.UNAVAILABLE)
    channel = guarded(behind)
    for _ in range(5):
        assert isinstance(await failure_of(channel, READ), aio.AioRpcError)

    refused = await failure_of(channel, WRITE)

    assert isinstance(refused, RefusedError)
    assert refused.message == "The catalogue does not answer just now; try again."
    assert behind.calls == 5


async def test_who_gives_it_no_time_learns_nothing_about_it():
    behind = FailingChannel(grpc.StatusCode.DEADLINE_EXCEEDED)
    channel = guarded(behind)

    for _ in range(50):
        await failure_of(channel, READ, timeout_seconds=0.001)

    assert behind.calls == 50


@pytest.mark.parametrize("priority", list(Priority))
async def test_the_priority_of_the_request_is_that_of_its_calls(priority):
    guard = Guard("catalog", spoken="The catalogue")
    with prioritised(Priority.READ), contextlib.ExitStack() as stack:
        for _ in range(99):
            stack.enter_context(guard.calling(1.0))

        with prioritised(priority):
            if priority is Priority.READ:
                stack.enter_context(guard.calling(1.0))
            else:
                with pytest.raises(RefusedError), guard.calling(1.0):
                    pass
