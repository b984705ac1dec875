"""Logs as a process writes them, each in a process of its own: logging is set up only once."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import structlog
from tantrum_kit import logs

def sign_in(password):
    raise RuntimeError("no hashing today")

logs.configure(log_format=sys.argv[1])
try:
    sign_in("hunter" + "2")
except RuntimeError:
    structlog.get_logger().exception("call_failed")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variables(log_format):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, log_format],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "call_failed" in done.stderr
    assert "no hashing today" in done.stderr
    assert "hunter2" not in done.stderr
