"""Operators before a real API server: how soon they act, and how soon another takes over."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tantrum_stack.testing import ApiServer, running_api_server

from bench.report import bar, title

_TESTS: Final = Path(__file__).parents[1] / "operator/tests"
_NAMESPACE: Final = "bench"
_TIMES: Final = 3
_IDLE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 120.0


def measure() -> bool:
    """Print the figures; return whether every bar is held."""
    title("operators: one small kind, two processes, requests to one API server")
    with running_api_server() as server, contextlib.ExitStack() as running:
        server.install_crds(_TESTS / "data/small-kind.yaml")
        server.kubectl("create", "namespace", _NAMESPACE)
        operators = _Operators(server, running)
        leader = operators.start()
        operators.say("first")
        back = max(operators.deleted_child() for _ in range(_TIMES))
        stopped = 0.0
        for _ in range(_TIMES):
            following = operators.start()
            stopped = max(stopped, operators.handed_over(leader, signal.SIGTERM))
            leader = following
        following = operators.start()
        frozen = operators.handed_over(leader, signal.SIGSTOP)
        leader.kill()
        began = _cpu_seconds(following.pid)
        time.sleep(_IDLE_SECONDS)
        idle = 100 * (_cpu_seconds(following.pid) - began) / _IDLE_SECONDS
        return all(
            (
                bar("a deleted child is back", back, at_most=5, unit=" s"),
                bar("from SIGTERM to the next one's write", stopped, at_most=3, unit=" s"),
                bar("from SIGSTOP to the next one's write", frozen, at_most=20, unit=" s"),
                bar("idle CPU", idle, at_most=1, unit=" % of a core"),
                bar("memory", _memory_mib(following.pid), at_most=120, unit=" MiB"),
            )
        )


class _Operators:
    def __init__(self, server: ApiServer, running: contextlib.ExitStack) -> None:
        self._server = server
        self._running = running
        self._count = 0

    def start(self) -> subprocess.Popen[bytes]:
        """Return a process that leads, or waits for the Lease."""
        self._count += 1
        log = self._server.folder / f"operator-{self._count}.log"
        with log.open("wb") as output:
            operator = subprocess.Popen(  # noqa: S603 - our own arguments
                [sys.executable, str(_TESTS / "candidate.py")],
                env={
                    "OPERATOR_NAMESPACE": _NAMESPACE,
                    "OPERATOR_KUBECONFIG": str(self._server.kubeconfig()),
                    "OPERATOR_IDENTITY": str(self._count),
                    "OPERATOR_HTTP_PORT": "0",
                },
                stderr=output,
            )
        self._running.callback(operator.wait)
        self._running.callback(operator.kill)
        _until(lambda: "operator_started" in log.read_text())
        # Until it has seen the Lease, and what there is.
        time.sleep(3)
        return operator

    def say(self, text: str) -> float:
        """Change the object; return after how many seconds its child says the same."""
        manifest = {
            "apiVersion": "platform.tvtantrum.com/v1alpha1",
            "kind": "PgBouncer",
            "metadata": {"name": "pool", "namespace": _NAMESPACE},
            "spec": {"text": text},
        }
        began = time.monotonic()
        self._server.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
        _until(lambda: self._text() == text)
        return time.monotonic() - began

    def deleted_child(self) -> float:
        began, before = time.monotonic(), self._text()
        self._server.kubectl("-n", _NAMESPACE, "delete", "configmap", "pool", "--wait=false")
        _until(lambda: self._text() == before)
        return time.monotonic() - began

    def handed_over(self, leader: subprocess.Popen[bytes], number: signal.Signals) -> float:
        """Send the signal; return when the API server got the first write of the newest."""
        began = dt.datetime.now(dt.UTC)
        leader.send_signal(number)
        _until(lambda: self._first_write() is not None)
        first = self._first_write()
        return (first - began).total_seconds() if first is not None else math.inf

    def _first_write(self) -> dt.datetime | None:
        for entry in self._server.audited():
            about = entry.get("objectRef", {})
            ours = entry["userAgent"] == f"tantrum-operator/{self._count}"
            if ours and (entry["verb"], about.get("resource")) == ("patch", "configmaps"):
                return dt.datetime.fromisoformat(entry["requestReceivedTimestamp"])
        return None

    def _text(self) -> str:
        wanted = ("get", "configmap", "pool", "--ignore-not-found", "-o=jsonpath={.data.text}")
        return self._server.kubectl("-n", _NAMESPACE, *wanted)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
