from __future__ import annotations

import asyncio
import inspect


async def eventually(condition, *, within_seconds: float = 10.0):
    """Return the first true value of *condition*, which may be awaitable."""
    async with asyncio.timeout(within_seconds):
        while True:
            value = condition()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.005)
