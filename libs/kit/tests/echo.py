"""A service without protos, for the kit knows none: requests and answers are bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import grpc
from grpc import aio
from tantrum_kit import grpc_server

NAME = "tvtantrum.test.v1.EchoService"


class Echo:
    """Answers as it is told: a test sets what `behave` does."""

    def __init__(self):
        self.calls = 0
        self.ready = True

    async def behave(self, request: bytes) -> bytes:
        return request

    async def unary(self, request, context):
        self.calls += 1
        return await self.behave(request)

    async def stream(self, request, context):
        for _ in range(3):
            yield await self.behave(request)

    async def is_ready(self) -> bool:
        return self.ready


class Endless(Echo):
    """Never answers; notes that a call was cancelled."""

    def __init__(self):
        super().__init__()
        self.cancelled = asyncio.Event()

    async def behave(self, request: bytes) -> bytes:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError("nobody sets the event")


def raw(value: bytes) -> bytes:
    return value


@contextlib.asynccontextmanager
async def serving(echo: Echo, **changes) -> AsyncIterator[str]:
    def add(server: aio.Server) -> None:
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    NAME,
                    {
                        "Unary": grpc.unary_unary_rpc_method_handler(echo.unary, raw, raw),
                        "Stream": grpc.unary_stream_rpc_method_handler(echo.stream, raw, raw),
                    },
                ),
            )
        )

    settings = {"drain_seconds": 0, "grace_seconds": 0, "ready_period_seconds": 0.05}
    async with grpc_server.serving(
        "127.0.0.1:0",
        servicers=add,
        service_names=[NAME],
        ready=echo.is_ready,
        **(settings | changes),
    ) as port:
        yield f"127.0.0.1:{port}"


async def eventually(condition, *, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)
