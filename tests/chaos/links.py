"""Connections between two parts of the product that go through the test: slowed down, or led on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading

HOST = "127.0.0.1"
_CHUNK_BYTES = 65_536


class Link:
    """
    Passes connections on to *ports* in turn, as a Service of Kubernetes does.

    What goes to the servers waits for `delay_seconds` first. Another list of `ports`
    counts for connections that come from then on.
    """

    def __init__(self, *ports):
        self.ports = ports
        self.delay_seconds = 0.0
        self.port = 0
        self._server = None
        self._turns = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")

    @property
    def address(self):
        return f"{HOST}:{self.port}"

    def __enter__(self):
        self._thread.start()
        starting = asyncio.start_server(self._pass_on, HOST, 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exc_info):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self):
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass_on(self, reader, writer):
        port = self.ports[next(self._turns) % len(self.ports)]
        with contextlib.suppress(OSError):
            try:
                server_reader, server_writer = await asyncio.open_connection(HOST, port)
            except OSError:
                writer.transport.abort()
                return
            try:
                await self._both_ways(reader, writer, server_reader, server_writer)
            finally:
                for one in (writer, server_writer):
                    one.transport.abort()

    async def _both_ways(self, reader, writer, server_reader, server_writer):
        there = asyncio.create_task(self._pump(reader, server_writer, slowly=True))
        back = asyncio.create_task(self._pump(server_reader, writer, slowly=False))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _pump(self, reader, writer, *, slowly):
        while chunk := await reader.read(_CHUNK_BYTES):
            if slowly and self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            writer.write(chunk)
            await writer.drain()
