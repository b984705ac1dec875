"""The operator's side of what it and the agents say to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

import aiohttp

from tantrum_operator.pgbouncer.protocol import (
    AGENT_PORT,
    AgentState,
    Orders,
    ProtocolError,
    orders_to_json,
    state_from_json,
)

_TIMEOUT: Final = aiohttp.ClientTimeout(total=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooler:
    """A pod as it answered: *state* is None where its agent did not, and *error* says why."""

    name: str
    state: AgentState | None
    error: str = ""


Addresses: TypeAlias = Sequence[tuple[str, str]]
"""Pods by name and address."""
_Request: TypeAlias = tuple[str, str, str | None]
"""Method, path and body."""


class Agents:
    """Speaks to the agents of poolers by the addresses of their pods."""

    def __init__(self, *, port: int = AGENT_PORT) -> None:
        self._port = port

    async def states(self, addresses: Addresses, *, token: str) -> list[Pooler]:
        """Ask each pod, at the same time, within 4 s."""
        return await self._all(addresses, ("GET", "/v1/state", None), token)

    async def order_all(self, addresses: Addresses, orders: Orders, *, token: str) -> list[Pooler]:
        """Order the same of each pod, at the same time, within 4 s; what they say is of then."""
        return await self._all(addresses, ("PUT", "/v1/orders", orders_to_json(orders)), token)

    async def _all(self, addresses: Addresses, request: _Request, token: str) -> list[Pooler]:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as session:
            asked = (self._ask(session, name, host, request) for name, host in addresses)
            return list(await asyncio.gather(*asked))

    async def _ask(
        self, session: aiohttp.ClientSession, name: str, host: str, request: _Request
    ) -> Pooler:
        method, path, data = request
        url = f"http://{f'[{host}]' if ':' in host else host}:{self._port}{path}"
        try:
            async with session.request(method, url, data=data) as response:
                text = await response.text()
                if response.status != HTTPStatus.OK:
                    return Pooler(name=name, state=None, error=f"{response.status}: {text}")
                return Pooler(name=name, state=state_from_json(text))
        except (aiohttp.ClientError, TimeoutError, OSError, ProtocolError) as error:
            return Pooler(name=name, state=None, error=str(error) or "no answer within 4 s")
