"""
The time that the call being served has left, wherever in the call one is.

The gRPC server sets it for each call; whoever calls out (a database, another
service) bounds that by it. Outside a call there is no bound.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_deadline_monotonic: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextlib.contextmanager
def running_for(timeout_seconds: float | None) -> Iterator[None]:
    """Give the body *timeout_seconds* from now; None means no bound. Ends nothing by itself."""
    deadline = None
    if timeout_seconds is not None:
        deadline = asyncio.get_running_loop().time() + timeout_seconds
    token = _deadline_monotonic.set(deadline)
    try:
        yield
    finally:
        _deadline_monotonic.reset(token)


def remaining_seconds(at_most: float) -> float:
    """Return what is left, 0 or more, and never more than *at_most* seconds."""
    deadline = _deadline_monotonic.get()
    if deadline is None:
        return at_most
    return max(0.0, min(at_most, deadline - asyncio.get_running_loop().time()))


def passed() -> bool:
    """Say whether the call's time is over."""
    deadline = _deadline_monotonic.get()
    return deadline is not None and asyncio.get_running_loop().time() >= deadline
