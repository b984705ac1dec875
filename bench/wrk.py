"""Load on loopback with wrk, a closed-loop generator in C that is not the bottleneck."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

# wrk prints no p95 of its own accord; a script's `done` sees the whole histogram.
_DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p95": %d, "p99": %d, ' ..
    '"errors": %d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(95), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run measured."""

    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    error_count: int
    """Answers of 400 and above, broken connections and time-outs."""

    request_count: int


def run(
    url: str,
    *,
    connections: int = 32,
    duration_seconds: int = 5,
    script: str = "",
    headers: tuple[str, ...] = (),
) -> Load:
    """
    Load *url*, an address on this machine, from one thread.

    The Lua *script* may define `request` to vary what is asked.
    """
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("bench: wrk is missing; 'make bench' installs it on Debian, as root")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script + _DONE)
        file.flush()
        command = [program, "-t1", f"-c{connections}", f"-d{duration_seconds}s", "-s", file.name]
        for header in headers:
            command += ["-H", header]
        output = subprocess.run(  # noqa: S603 - our own arguments
            [*command, url], check=True, capture_output=True, text=True
        ).stdout
    figures = json.loads(output.strip().rsplit("\n", 1)[-1])
    return Load(
        requests_per_second=figures["requests"] / (figures["microseconds"] / 1e6),
        p50_ms=figures["p50"] / 1e3,
        p95_ms=figures["p95"] / 1e3,
        p99_ms=figures["p99"] / 1e3,
        error_count=figures["errors"],
        request_count=figures["requests"],
    )
