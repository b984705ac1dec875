"""
Covers as JPEG, which is what the old front end shows, drawn by a process of their own.

Drawing one takes 30 ms, in which the library lets no other thread of its process
run: answers would wait that long. The process (`drawing`) starts with the first
cover, draws one at a time, and ends with this one, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog
from tantrum_kit.errors import UnavailableError

log = structlog.get_logger()

_LENGTH_BYTES: Final = 4
"""As in `drawing`, which is not imported: what it imports is not wanted in this process."""

_TIMEOUT_SECONDS: Final = 20.0
"""
For drawing one, the wait for those before and the start of the process included. A
page of a hundred covers that no cache has yet takes three, and gets them all.
"""

_STARTS: Final = 3
"""On a busy machine uvloop now and then closes the input of a process that it has just started."""

_DRAWING_MODULE: Final = "tantrum_gateway.old_api.drawing"

DrawnCover = Callable[[str], Awaitable[bytes]]
"""Returns an SVG as JPEG. Raises `UnavailableError`."""


@contextlib.asynccontextmanager
async def drawing() -> AsyncIterator[DrawnCover]:
    """Yield what draws, and end its process afterwards."""
    draughtsman = _Draughtsman()
    try:
        yield draughtsman.draw
    finally:
        await draughtsman.dismiss()


class _Draughtsman:
    def __init__(self) -> None:
        self._process: Process | None = None
        self._drawing = asyncio.Lock()

    async def draw(self, svg: str) -> bytes:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._drawing:
                return await self._drawn(svg.encode())
        except (OSError, EOFError) as error:  # TimeoutError is an OSError
            log.warning("drawing_failed", reason=repr(error))
            raise UnavailableError("The picture cannot be drawn now; try again.") from error

    async def dismiss(self) -> None:
        """End the process, if there is one. The next drawing starts another."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _drawn(self, svg: bytes) -> bytes:
        drawn = b""
        try:
            drawn = await self._exchange(svg)
        finally:
            # What is left of an exchange would be taken for the answer to the next.
            if not drawn:
                await self.dismiss()
        return drawn

    async def _exchange(self, svg: bytes) -> bytes:
        if self._process is None:
            await self._start()
        assert self._process is not None  # noqa: S101 - it has been started
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None  # noqa: S101 - both are pipes
        assert answers is not None  # noqa: S101
        if requests.is_closing():
            raise EOFError("what draws has ended")
        requests.write(len(svg).to_bytes(_LENGTH_BYTES) + svg)
        await requests.drain()
        length = int.from_bytes(await answers.readexactly(_LENGTH_BYTES))
        return await answers.readexactly(length)

    async def _start(self) -> None:
        for _ in range(_STARTS):
            # In a session of its own: a Ctrl-C is for us, and its end of input tells it the rest.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", _DRAWING_MODULE),
                stdin=PIPE,
                stdout=PIPE,
                start_new_session=True,
            )
            requests = self._process.stdin
            if requests is not None and not requests.is_closing():
                return
            await self.dismiss()
        raise EOFError("what draws cannot be told what to draw")
