"""How a service's process lives: until SIGTERM or Ctrl-C, then in order to its end."""

from __future__ import annotations

import asyncio
import signal


async def until_stopped() -> None:
    """
    Return at the first SIGTERM or SIGINT.

    A second one finds the default handlers again and ends the process at once.
    Call it from the main thread's event loop.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
