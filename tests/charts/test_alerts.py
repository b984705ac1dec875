"""Alerts and the settings of Prometheus are what Prometheus takes, and alerts fire as meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from .rendering import CHART, RELEASE

CASES = Path(__file__).with_name("alerts.cases.yaml")


@pytest.fixture
def folder(chart, tmp_path):
    """What the pod of Prometheus mounts."""
    data = chart.variant("everything").one("ConfigMap", f"{RELEASE}-prometheus")["data"]
    for name, text in data.items():
        # In the pod it is all in one folder, too.
        (tmp_path / name).write_text(text.replace("/etc/prometheus/", f"{tmp_path}/"))
    return tmp_path


def test_prometheus_takes_its_settings_and_every_rule(promtool, folder):
    said = promtool("check", "config", str(folder / "prometheus.yml"))

    assert "rules found" in said


def test_prometheus_understands_what_dashboards_ask(promtool, tmp_path):
    expressions = [
        target["expr"].replace("$__rate_interval", "5m")
        for path in (CHART / "files/dashboards").glob("*.json")
        for panel in json.loads(path.read_text())["panels"]
        for target in panel.get("targets", ())
    ]
    rules = [{"record": f"panel:{n}", "expr": text} for n, text in enumerate(expressions)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))


def test_alerts_fire_when_they_should_and_only_then(promtool, folder):
    shutil.copy(CASES, folder)

    assert "SUCCESS" in promtool("test", "rules", str(folder / CASES.name))
