"""
An agent's HTTP: orders in, state and figures out.

`/livez`, `/readyz` and `/metrics` are for anybody; `/v1/…` asks for the agents' token.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import AsyncIterator
from http import HTTPStatus

from aiohttp import web

from tantrum_operator.pgbouncer.agent.agent import Agent
from tantrum_operator.pgbouncer.agent.console import ConsoleUnavailableError, RefusedError
from tantrum_operator.pgbouncer.agent.figures import figures
from tantrum_operator.pgbouncer.protocol import (
    ProtocolError,
    orders_from_json,
    state_to_json,
)


@contextlib.asynccontextmanager
async def serving(agent: Agent, *, host: str, port: int, token: str) -> AsyncIterator[int]:
    """Serve *agent* and yield the port; 0 takes any free one."""
    runner = web.AppRunner(_application(agent, token), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _application(agent: Agent, token: str) -> web.Application:
    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def readyz(request: web.Request) -> web.Response:
        ready = await agent.ready()
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(status=status)

    async def metrics(request: web.Request) -> web.Response:
        page = await figures(agent.console, await agent.state())
        return web.Response(body=page, content_type="text/plain")

    async def state(request: web.Request) -> web.Response:
        _check(request, token)
        return _json(state_to_json(await agent.state()))

    async def orders(request: web.Request) -> web.Response:
        _check(request, token)
        try:
            done = await agent.follow(orders_from_json(await request.read()))
        except ProtocolError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=str(error))
        except ConsoleUnavailableError as error:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=str(error))
        except RefusedError as error:
            return web.Response(status=HTTPStatus.UNPROCESSABLE_ENTITY, text=str(error))
        return _json(state_to_json(done))

    application = web.Application(client_max_size=256 * 1024)
    application.add_routes(
        [
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
            web.get("/v1/state", state),
            web.put("/v1/orders", orders),
        ]
    )
    return application


def _check(request: web.Request, token: str) -> None:
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise web.HTTPUnauthorized


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
