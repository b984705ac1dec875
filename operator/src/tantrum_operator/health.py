"""Over HTTP: is this process alive, is it ready, and its metrics."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import prometheus_client
from aiohttp import web


@contextlib.asynccontextmanager
async def serving(
    host: str, port: int, *, alive: Callable[[], str], ready: Callable[[], str]
) -> AsyncIterator[int]:
    """
    Serve `/livez`, `/readyz` and `/metrics`, and give the port.

    *alive* and *ready* return why not, or nothing when all is well.
    """
    application = web.Application()
    application.router.add_get("/livez", _probe(alive))
    application.router.add_get("/readyz", _probe(ready))
    application.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _probe(fault: Callable[[], str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        said = fault()
        return web.Response(text=(said or "ok") + "\n", status=503 if said else 200)

    return answer


async def _metrics(request: web.Request) -> web.StreamResponse:
    return web.Response(
        body=prometheus_client.generate_latest(),
        headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST},
    )
