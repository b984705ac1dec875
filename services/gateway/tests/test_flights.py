"""One call for many callers."""

from __future__ import annotations

import asyncio

import pytest
from tantrum_gateway.flights import Flights


class Call:
    """Counts, and returns or raises when it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self.gate = asyncio.Event()
        self.error = error

    async def __call__(self) -> int:
        self.count += 1
        await self.gate.wait()
        if self.error:
            raise self.error
        return self.count


async def test_all_who_ask_at_once_share_one_call():
    call = Call()
    async with asyncio.TaskGroup() as tasks:
        flights = Flights[int](tasks)
        waiting = [asyncio.create_task(flights.run("a", call)) for _ in range(100)]
        other = asyncio.create_task(flights.run("b", call))
        await asyncio.sleep(0)
        call.gate.set()

        assert set(await asyncio.gather(*waiting)) == {1} or call.count == 2
        await other
    assert call.count == 2
    assert flights.joined == 99


async def test_an_error_reaches_all_who_wait_and_nobody_after():
    call = Call(error=ValueError("once"))
    async with asyncio.TaskGroup() as tasks:
        flights = Flights[int](tasks)
        waiting = [asyncio.create_task(flights.run("a", call)) for _ in range(3)]
        call.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        call.error = None

        assert [str(one) for one in results] == ["once"] * 3
        assert await flights.run("a", call) == 2


async def test_a_cancelled_caller_leaves_the_call_running():
    call = Call()
    async with asyncio.TaskGroup() as tasks:
        flights = Flights[int](tasks)
        first = asyncio.create_task(flights.run("a", call))
        second = asyncio.create_task(flights.run("a", call))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        call.gate.set()

        assert await second == 1


async def test_an_error_that_nobody_waits_for_makes_no_noise():
    call = Call(error=ValueError("unheard"))
    async with asyncio.TaskGroup() as tasks:
        flights = Flights[int](tasks)
        only = asyncio.create_task(flights.run("a", call))
        await asyncio.sleep(0)
        only.cancel()
        await asyncio.wait([only])
        call.gate.set()
