"""Renders the chart with Helm. Nothing here needs a cluster."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from .rendering import VARIANTS, Chart


@pytest.fixture(scope="session")
def chart(tmp_path_factory):
    return Chart(_helm(), tmp_path_factory.mktemp("values"))


@pytest.fixture(params=VARIANTS)
def objects(request, chart):
    """What each of the variants renders, one after the other."""
    return chart.variant(request.param)


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
