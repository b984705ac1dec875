"""The operator's side of what it and the agents say to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

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


class Agents:
    """Speaks to the agents of poolers by the addresses of their pods."""

    def __init__(self, session: aiohttp.ClientSession, *, port: int = AGENT_PORT) -> None:
        self._session = session
        self._port = port

    async def order_all(
        self, addresses: Sequence[tuple[str, str]], orders: Orders, *, token: str
    ) -> list[Pooler]:
        """Order the same of each pod (name, address), at the same time, within 4 s."""
        asked = (self._order(name, host, orders, token) for name, host in addresses)
        return list(await asyncio.gather(*asked))

    async def _order(self, name: str, host: str, orders: Orders, token: str) -> Pooler:
        url = f"http://{f'[{host}]' if ':' in host else host}:{self._port}/v1/orders"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.put(
                url, data=orders_to_json(orders), headers=headers, timeout=_TIMEOUT
            ) as response:
                text = await response.text()
                if response.status != HTTPStatus.OK:
                    return Pooler(name=name, state=None, error=f"{response.status}: {text}")
                return Pooler(name=name, state=state_from_json(text))
        except (aiohttp.ClientError, TimeoutError, OSError, ProtocolError) as error:
            return Pooler(name=name, state=None, error=str(error) or "no answer within 4 s")
