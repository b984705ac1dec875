"""
Keeps a terminal's Ctrl-C from ending `make` as well.

The terminal sends Ctrl-C to every process in the foreground, and make, having
waited for us, would still report an interrupt (exit code 130) for what ended in
good order. So while the product runs a stand-in holds the foreground alone, and
its end is the interrupt.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator

from tantrum_stack.processes import with_parent

# Ctrl-Z would stop the stand-in and nothing else, and the terminal would hang.
_STAND_IN = "trap '' TSTP; exec sleep infinity"


@contextlib.contextmanager
def keeping_interrupts(on_interrupt: Callable[[], None]) -> Iterator[None]:
    """
    Call *on_interrupt* when the terminal interrupts or hangs up during the body.

    Without a terminal, in its background, or at the head of the foreground (a shell
    started us, and nobody else is there to be interrupted), it does nothing.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        yield
        return
    group = os.getpgrp()
    try:
        if os.tcgetpgrp(terminal) != group or group == os.getpid():
            yield
        else:
            with _stand_in(terminal, group, on_interrupt):
                yield
    finally:
        os.close(terminal)


@contextlib.contextmanager
def _stand_in(terminal: int, group: int, on_interrupt: Callable[[], None]) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [*with_parent(signal.SIGKILL), "/bin/sh", "-c", _STAND_IN],
        stdin=subprocess.DEVNULL,
        process_group=0,
    )

    def look() -> None:
        if process.poll() is not None and loop.remove_signal_handler(signal.SIGCHLD):
            # The next Ctrl-C comes to us, and to make: whoever presses it cannot wait.
            _give(terminal, group)
            on_interrupt()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, look)
    try:
        _give(terminal, process.pid)
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCHLD)
        _give(terminal, group)
        process.kill()
        process.wait()


def _give(terminal: int, group: int) -> None:
    """Make *group* the foreground, from the background too (SIGTTOU would stop us)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with contextlib.suppress(OSError):  # a terminal that has hung up has none
            os.tcsetpgrp(terminal, group)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})
