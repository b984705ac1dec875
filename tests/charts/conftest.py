"""Renders the chart with Helm. Nothing here needs a cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .rendering import CHECKOUT, VARIANTS, Chart


@pytest.fixture(scope="session")
def chart(tmp_path_factory):
    return Chart(_helm(), tmp_path_factory.mktemp("values"))


@pytest.fixture(scope="session")
def operator_chart(tmp_path_factory):
    """The chart of the operator."""
    chart = CHECKOUT / "charts" / "tvtantrum-operator"
    return Chart(_helm(), tmp_path_factory.mktemp("values"), chart)


@pytest.fixture(params=VARIANTS)
def objects(request, chart):
    """What each of the variants renders, one after the other."""
    return chart.variant(request.param)


@pytest.fixture(scope="session")
def promtool():
    """`promtool(words…)`: what it says, once it is content."""
    program = shutil.which("promtool")
    if program is None:
        reason = "there is no promtool: `make setup-test` installs it on Debian, with Prometheus"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)

    def run(*words):
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def _helm():
    """Return the program: of the environment, of the PATH, or of the cluster for tests."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = sorted(
        cache.glob("tantrum/devcluster/*/helm"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    candidates = [os.environ.get("HELM"), shutil.which("helm"), *map(str, built)]
    helm = next(filter(None, candidates), None)
    if helm is None:
        reason = "there is no helm: put it on the PATH or into HELM, or run `make cluster` once"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return helm
