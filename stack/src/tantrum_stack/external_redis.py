"""A Redis that somebody else runs, named by `REDIS_URL`."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from tantrum_stack.errors import StackError

_CONNECT_SECONDS = 2.0
_PORT = 6379


class ExternalRedis:
    """Raises `StackError` when *url* is not an address of a Redis server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port or _PORT
        except ValueError:
            port = 0
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname or port == 0:
            raise StackError("REDIS_URL is not of the form redis://:password@host:6379/0.")
        self.url = url
        self.host = parts.hostname
        self._port = port

    async def answers(self) -> bool:
        """Whether anybody takes connections there."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(self.host, self._port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True
