"""What the person at the terminal sees: each step with a tick and the time it took."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TextIO

_WIDTH = 44


class Console:
    """Writes to standard output, and to standard error what went wrong."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may lack ✓

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show *title* while the body runs, and whether it came through."""
        began = time.monotonic()
        if self._live:
            self._write(f"  … {title}\r")
        try:
            yield
        except BaseException:
            self.say(f"  ✗ {title}")
            raise
        self.say(f"  ✓ {title:<{_WIDTH}} {time.monotonic() - began:5.1f} s")

    def say(self, text: str = "") -> None:
        self._write(f"{text}\n")

    def warn(self, text: str) -> None:
        _write(sys.stderr, f"{text}\n")

    def _write(self, text: str) -> None:
        _write(sys.stdout, text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # Whoever read has gone away (a closed terminal); the product goes on in silence.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
