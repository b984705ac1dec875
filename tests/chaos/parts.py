"""Processes of the product that a test starts, stops, freezes and starts again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import grpc
import httpx
from grpc_health.v1 import health_pb2
from tantrum_stack.processes import Process, until_ready

START_SECONDS = 60


class Part:
    """A process, with the probe that says when it can serve."""

    def __init__(self, command, ready, log):
        self._command = command
        self._ready = ready
        self._log = log
        self._process = None

    def start(self):
        """Start it, and return when it can serve."""
        self._process = Process.start(self._command, self._log)
        asyncio.run(until_ready(self._process, self._ready, within_seconds=START_SECONDS))

    def stop(self):
        """Ask it to stop; return its exit code."""
        if self._process is None:
            return 0
        self.thaw()  # or it would not hear of it
        return asyncio.run(self._process.stop())

    def freeze(self):
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _pids(self):
        """It and its descendants, as the backends of PostgreSQL are."""
        if self._process.exit_code is not None:
            return []
        found = [self._process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            found += map(int, children.split())
        return found


def serving_grpc(address):
    """The probe of a gRPC server: does its health say SERVING?"""

    async def probe():
        async with grpc.aio.insecure_channel(address) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            try:
                reply = await check(health_pb2.HealthCheckRequest(), timeout=2)
            except grpc.aio.AioRpcError:
                return False
        return reply.status == health_pb2.HealthCheckResponse.SERVING

    return probe


def serving_http(url):
    """The probe of a gateway: is it ready?"""

    async def probe():
        async with httpx.AsyncClient() as http:
            try:
                return (await http.get(f"{url}/readyz", timeout=2)).status_code == 200
            except httpx.TransportError:
                return False

    return probe


def wait_until(holds, *, within_seconds=60.0):
    """Return the seconds that it took until *holds* said yes; fail where it does not."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within_seconds, f"not within {within_seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began
