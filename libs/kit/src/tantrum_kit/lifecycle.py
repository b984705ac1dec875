"""How a service's process lives: until SIGTERM or Ctrl-C, then in order to its end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def stop_signal() -> Iterator[asyncio.Event]:
    """
    Yield an event that the first SIGTERM or SIGINT sets.

    A second one finds the default handlers again and ends the process at once.
    Enter it on the main thread's event loop, and before saying that the service has
    started: whoever reads that may stop it in the same moment.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield stopped
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
