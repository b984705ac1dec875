"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import threading
import time

_TICK_SECONDS = 0.2


def until(condition, seconds, what):
    """
    Return the first true value of *condition* and the seconds until then.

    Fails after *seconds*, with *what* was waited for: words, or a function that finds them.
    """
    began_monotonic = time.monotonic()
    tick = threading.Event()
    while True:
        value = condition()
        took_seconds = time.monotonic() - began_monotonic
        if value:
            return value, took_seconds
        if took_seconds > seconds:
            words = what() if callable(what) else what
            raise AssertionError(f"not within {seconds:g} s: {words}")
        tick.wait(_TICK_SECONDS)


def pause(seconds):
    """Let time pass, where that is what a measurement is about."""
    threading.Event().wait(seconds)
