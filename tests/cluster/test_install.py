"""The chart comes to an empty cluster that has the images."""

from __future__ import annotations

import json
import urllib.request

import pytest

from .api import helm
from .conftest import INSTALL_SECONDS

pytestmark = pytest.mark.cluster


def test_an_install_answers_soon(release, measured):
    measured(
        "helm install to the first good answer", release.install_seconds, at_most=INSTALL_SECONDS
    )


def test_the_whole_catalogue_is_served(release):
    with urllib.request.urlopen(f"{release.edge_url}/v1/shows?pageSize=1", timeout=5) as reply:
        assert json.load(reply)["totalSize"] == 302


def test_the_releases_own_test_passes(release):
    helm("test", release.name, "-n", release.namespace)
