"""The chart comes to an empty cluster that has the images."""

from __future__ import annotations

import json
import urllib.request

import pytest

from .api import helm
from .conftest import INSTALL_SECONDS
from .release import SERVICES
from .waiting import until

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


def test_prometheus_reads_the_figures_of_every_pod(release, api):
    service = api.get(f"/api/v1/namespaces/{release.namespace}/services/{release.name}-prometheus")
    url = f"http://{service['spec']['clusterIP']}:9090/api/v1/query?query=up"

    def read():
        with urllib.request.urlopen(url, timeout=5) as reply:
            found = json.load(reply)["data"]["result"]
        return sorted(one["metric"]["job"] for one in found if one["value"][1] == "1")

    until(lambda: read() == sorted(2 * SERVICES), 60, lambda: f"only {read()} are read")
