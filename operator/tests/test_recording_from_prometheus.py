"""`tantrum-operator replay --from-prometheus` against a real Prometheus that kept two days."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import yaml
from tantrum_operator.commands import replay
from tantrum_operator.simulation import trace as traces
from tantrum_stack import ports
from tantrum_stack.errors import StackError
from tantrum_stack.testing import engine_needed

from .conftest import eventually
from .scaler_manifests import scaler_body

SCRAPE_SECONDS = 60
DAYS = 2
REQUESTS_PER_SECOND = 30.0
HISTOGRAM = "requests_seconds"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Its address: it knows two gateways that had 30 requests a second each for two days."""
    with engine_needed("Prometheus"):
        if shutil.which("prometheus") is None or shutil.which("promtool") is None:
            raise StackError("`make setup-test` installs it on Debian")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "past.txt").write_text(_past(int(time.time())))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (folder / "prometheus.yml").write_text("{}")
    [port] = ports.free_ports(1)
    address = f"http://127.0.0.1:{port}"
    command = ["prometheus", f"--web.listen-address=127.0.0.1:{port}"]
    command += ["--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        eventually(lambda: _ready(address), "Prometheus is ready")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=120)


def _ready(address):
    try:
        with urllib.request.urlopen(f"{address}/-/ready", timeout=10) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _past(now):
    """Counters of two pods until *now*, in the text that `promtool` reads."""
    begin = now - DAYS * 86400 - 600
    times = range(begin, now, SCRAPE_SECONDS)
    lines = [f"# TYPE {HISTOGRAM} histogram"]
    cpu = ["# TYPE container_cpu_usage_seconds counter"]
    for pod in ("gateway-7d5f-aaaaa", "gateway-7d5f-bbbbb"):
        labels = f'job="gateway",instance="{pod}"'
        for time_ in times:
            count = REQUESTS_PER_SECOND * (time_ - begin)
            within = 0.98 * count
            lines += [
                f'{HISTOGRAM}_bucket{{{labels},le="0.2"}} {within} {time_}',
                f'{HISTOGRAM}_bucket{{{labels},le="+Inf"}} {count} {time_}',
                f"{HISTOGRAM}_count{{{labels}}} {count} {time_}",
                f"{HISTOGRAM}_sum{{{labels}}} {0.03 * count} {time_}",
            ]
            cpu.append(
                f'container_cpu_usage_seconds_total{{pod="{pod}",container="gateway"}} '
                f"{0.004 * count} {time_}"
            )
    return "\n".join([*lines, *cpu, "# EOF\n"])


def typed(*arguments):
    parser = argparse.ArgumentParser()
    replay.add_to(parser.add_subparsers(required=True))
    found = parser.parse_args(["replay", *map(str, arguments)])
    return found.run(found)


@pytest.fixture
def scaler_file(tmp_path):
    path = tmp_path / "scaler.yaml"
    path.write_text(yaml.safe_dump(scaler_body()))
    return path


def test_what_prometheus_kept_is_replayed_and_recorded(prometheus, scaler_file, tmp_path, capsys):
    kept = tmp_path / "kept.jsonl"

    source = ("--from-prometheus", prometheus, "--days", 1, "--record", kept)
    assert typed("--scaler", scaler_file, *source) == 0

    assert "Trace gateway, 1 day until" in capsys.readouterr().out
    trace = traces.read(kept)
    middle = trace.steps[len(trace.steps) // 2]
    assert middle.requests_per_second == pytest.approx(2 * REQUESTS_PER_SECOND, rel=0.01)
    assert middle.over_ratio == pytest.approx(0.02, abs=0.001)
    assert middle.replicas == 2
    assert trace.service.service_seconds == pytest.approx(0.03, rel=0.01)
    assert trace.service.cpu_seconds == pytest.approx(0.004, rel=0.01)


def test_without_such_a_histogram_and_without_prometheus_one_sentence_says_so(
    prometheus, scaler_file, tmp_path, capsys
):
    other = tmp_path / "other.yaml"
    other.write_text(scaler_file.read_text().replace(HISTOGRAM, "nothing_seconds"))
    [closed] = ports.free_ports(1)

    assert typed("--scaler", other, "--from-prometheus", prometheus, "--days", 1) == 1
    assert typed("--scaler", scaler_file, "--from-prometheus", f"http://127.0.0.1:{closed}") == 1
    assert typed("--scaler", scaler_file, "--from-prometheus", "prometheus") == 1

    told = [line for line in capsys.readouterr().err.splitlines() if "replay:" in line]
    assert len(told) == 3
    assert "Prometheus has no nothing_seconds_count" in told[0]
