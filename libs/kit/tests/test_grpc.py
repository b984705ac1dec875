"""The server and the client that every service uses, over loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tantrum_kit import deadline, errors, grpc_client, grpc_server

from .echo import NAME, Echo, Endless, eventually, serving


@contextlib.asynccontextmanager
async def connected(echo: Echo, **changes) -> AsyncIterator[aio.Channel]:
    async with (
        serving(echo, **changes) as address,
        grpc_client.channel(address, retried={NAME: ["Unary"]}) as channel,
    ):
        yield channel


async def call(channel: aio.Channel, request: bytes = b"hello", within_seconds: float = 5) -> bytes:
    with grpc_client.errors_raised():
        return await channel.unary_unary(f"/{NAME}/Unary")(request, timeout=within_seconds)


async def health_of(channel: aio.Channel, service: str = "") -> int:
    answer = await health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service=service), timeout=5
    )
    return answer.status


async def test_a_call_is_answered():
    async with connected(Echo()) as channel:
        assert await call(channel) == b"hello"


async def test_an_error_arrives_as_it_was_raised():
    class Missing(Echo):
        async def behave(self, request):
            error = errors.NotFoundError("no show 'x'", show="x")
            error.reason = "SHOW_NOT_FOUND"
            raise error

    async with connected(Missing()) as channel:
        with pytest.raises(errors.NotFoundError) as caught:
            await call(channel)

    assert caught.value.message == "no show 'x'"
    assert caught.value.reason == "SHOW_NOT_FOUND"
    assert caught.value.facts == {"show": "x"}


async def test_violations_arrive():
    violation = errors.Violation(field="filter.min_age", description="must be in [0, 18], not -1")

    class Refusing(Echo):
        async def behave(self, request):
            raise errors.InvalidInputError.listing([violation])

    async with connected(Refusing()) as channel:
        with pytest.raises(errors.InvalidInputError) as caught:
            await call(channel)

    assert caught.value.violations == (violation,)


async def test_who_is_not_admitted_is_told_and_never_reaches_the_service():
    around = []

    @contextlib.contextmanager
    def admitted(method, metadata):
        if metadata.get("x-word") != "sesame":
            raise errors.UnauthenticatedError("say the word")
        around.append(method)
        yield

    echo = Echo()
    async with connected(echo, admitted=admitted) as channel:
        with pytest.raises(errors.UnauthenticatedError):
            await call(channel)
        reached = echo.calls
        answer = await channel.unary_unary(f"/{NAME}/Unary")(
            b"hello", timeout=5, metadata=(("x-word", "sesame"),)
        )

    assert reached == 0
    assert (answer, around) == (b"hello", [f"{NAME}/Unary"])


async def test_a_bug_is_internal_and_leaks_nothing():
    class Broken(Echo):
        async def behave(self, request):
            raise RuntimeError("password=hunter2")

    async with connected(Broken()) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "internal error"


async def test_an_error_in_a_stream_arrives():
    class Gone(Echo):
        async def behave(self, request):
            raise errors.PreconditionFailedError("too old")

    async with connected(Gone()) as channel:
        with pytest.raises(errors.PreconditionFailedError), grpc_client.errors_raised():
            async for _ in channel.unary_stream(f"/{NAME}/Stream")(b"", timeout=5):
                pass


async def test_a_call_knows_its_deadline():
    seen = []

    class Asking(Echo):
        async def behave(self, request):
            seen.append(deadline.remaining_seconds(60))
            return b""

    async with connected(Asking()) as channel:
        await call(channel, within_seconds=2)

    assert 0 < seen[0] < 2.5  # gRPC rounds what is left up, to what fits its header


async def test_the_deadline_cancels_what_the_call_does():
    echo = Endless()
    async with connected(echo) as channel:
        with pytest.raises(errors.DeadlineError):
            await call(channel, within_seconds=0.1)
        async with asyncio.timeout(5):
            await echo.cancelled.wait()


async def test_a_timeout_of_our_own_is_a_bug_and_not_the_callers():
    class Impatient(Echo):
        async def behave(self, request):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()

    async with connected(Impatient()) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel)

    assert caught.value.code() is grpc.StatusCode.INTERNAL


async def test_a_named_method_is_retried_while_unavailable():
    class Flaky(Echo):
        async def behave(self, request):
            if self.calls < 3:
                raise errors.UnavailableError("not yet")
            return b"here"

    echo = Flaky()
    async with connected(echo) as channel:
        assert await call(channel) == b"here"

    assert echo.calls == 3


async def test_health_follows_readiness():
    echo = Echo()
    async with connected(echo) as channel:

        async def is_serving():
            return await health_of(channel) == health_pb2.HealthCheckResponse.SERVING

        async def is_not_serving():
            return await health_of(channel, NAME) == health_pb2.HealthCheckResponse.NOT_SERVING

        await eventually(is_serving)
        echo.ready = False
        await eventually(is_not_serving)
        echo.ready = True
        await eventually(is_serving)


async def test_a_readiness_check_that_fails_or_hangs_is_a_no():
    class Hanging(Echo):
        async def is_ready(self):
            await asyncio.Event().wait()

    class Failing(Echo):
        async def is_ready(self):
            raise OSError("gone")

    for echo in (Hanging(), Failing()):
        async with connected(echo) as channel:
            assert await health_of(channel) == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_server_that_is_not_ready_lives():
    echo = Echo()
    echo.ready = False
    async with connected(echo) as channel:
        assert await health_of(channel, "liveness") == health_pb2.HealthCheckResponse.SERVING
        assert await health_of(channel) == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_stopping_server_answers_until_its_drain_is_over():
    echo = Echo()
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(contextlib.AsyncExitStack())
        address = await server.enter_async_context(serving(echo, drain_seconds=0.5))
        channel = await stack.enter_async_context(grpc_client.channel(address, retried={}))
        await call(channel)
        stopping = asyncio.ensure_future(server.aclose())

        async def is_not_serving():
            return await health_of(channel) == health_pb2.HealthCheckResponse.NOT_SERVING

        await eventually(is_not_serving)
        assert await call(channel) == b"hello"
        await stopping


async def test_a_taken_port_is_an_os_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(OSError, match="cannot listen on"):
            async with grpc_server.serving(
                address,
                servicers=lambda server: None,
                service_names=[NAME],
                ready=Echo().is_ready,
                drain_seconds=0,
                grace_seconds=0,
            ):
                pass


async def test_reflection_lists_the_service():
    async with serving(Echo()) as address, aio.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = stub.ServerReflectionInfo(iter([request]), timeout=5)
        names = [
            service.name
            async for answer in answers
            for service in answer.list_services_response.service
        ]

    assert NAME in names
