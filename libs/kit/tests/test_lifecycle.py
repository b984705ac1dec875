from __future__ import annotations

import asyncio
import os
import signal

import pytest
from tantrum_kit import lifecycle


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_heard_from_the_beginning_and_only_the_first(number):
    before = signal.getsignal(signal.SIGTERM)
    with lifecycle.stop_signal() as stopped:
        os.kill(os.getpid(), number)

        await asyncio.wait_for(stopped.wait(), 60)
        assert signal.getsignal(signal.SIGTERM) is before is signal.SIG_DFL


async def test_without_a_signal_nothing_stops_and_nothing_is_left():
    with lifecycle.stop_signal() as stopped:
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert not stopped.is_set()

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
