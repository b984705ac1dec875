"""Operators as processes of their own, before a real API server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on the machine, and says nothing about the code.
settings.register_profile("operator", deadline=None)
settings.load_profile("operator")

_HERE = Path(__file__).parent
# Ten times what a slow machine needs: nothing is said about how long things take.
PATIENCE_SECONDS = 120.0


def eventually(condition, what, *, within_seconds=PATIENCE_SECONDS):
    """Return the first true value of *condition*; it may raise while what it asks is down."""
    deadline = time.monotonic() + within_seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"within {within_seconds:g} s it did not happen that {what}")
        time.sleep(0.05)


class Operator:
    """A process of `candidate.py`, or of what *arguments* say."""

    def __init__(self, api_server, namespace, identity, log, **environment):
        self.identity = identity
        self._log = log
        settings = {
            "OPERATOR_NAMESPACE": namespace,
            "OPERATOR_KUBECONFIG": str(api_server.kubeconfig()),
            "OPERATOR_IDENTITY": identity,
            "OPERATOR_HTTP_PORT": "0",
            # Of which there are plenty for a slow machine, unless the test is about them.
            "OPERATOR_REQUEST_TIMEOUT_SECONDS": "30",
            **environment,
        }
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(_HERE / "candidate.py")],
                env={"PATH": os.defpath, "PYTHONWARNINGS": "ignore", **settings},
                stdout=output,
                stderr=output,
            )

    def signal(self, number):
        self._process.send_signal(number)

    def said(self, event):
        """Return the first line of its log with that event, once there is one."""
        for line in self._log.read_text().splitlines():
            with contextlib.suppress(ValueError):
                if (told := json.loads(line)).get("event") == event:
                    return told
        return None

    def exit_code(self):
        return self._process.poll()

    def end(self):
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            self._process.kill()
        self._process.wait()


@pytest.fixture
def operators(api_server, namespace, tmp_path):
    """Starts operators, and ends them after the test."""
    api_server.install_crds(_HERE / "data" / "small-kind.yaml")
    with contextlib.ExitStack() as running:

        def start(identity, **environment):
            log = tmp_path / f"{identity}.log"
            operator = Operator(api_server, namespace, identity, log, **environment)
            running.callback(operator.end)
            return operator

        yield start
