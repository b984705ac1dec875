"""The chart comes to an empty cluster that has the images."""

from __future__ import annotations

import json
import urllib.request

import pytest

from .api import helm, kubectl
from .conftest import INSTALL_SECONDS
from .release import CHART, SERVICES
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
    url = f"http://{service['spec']['clusterIP']}:9090/api/v1/query?query="

    def read(metric):
        with urllib.request.urlopen(f"{url}{metric}", timeout=5) as reply:
            found = json.load(reply)["data"]["result"]
        return sorted(one["metric"]["job"] for one in found if one["value"][1] == "1")

    def reads(metric, *jobs):
        until(lambda: read(metric) == sorted(jobs), 60, lambda: f"only {read(metric)} {metric}")

    reads("up", *2 * SERVICES, *2 * ("edge", "pgbouncer"), "redis", "postgres")
    # The exporters answer; and the engines answer them.
    reads("pgbouncer_up", "pgbouncer", "pgbouncer")
    reads("redis_up", "redis")
    reads("pg_up", "postgres")


def test_kubernetes_takes_everything_that_can_be_turned_on(release, api, tmp_path):
    """But for the kinds that it does not have by itself, which tests/charts looks at."""
    options = ["--set=ingress.enabled=true,ingress.host=tv.example.com,ingress.className=web"]
    options += ["--set=ingress.tlsSecretName=web-tls,opensearch.enabled=true"]
    chart = [release.name, CHART, "-n", release.namespace, "-f", CHART / "values-trial.yaml"]
    rendered = tmp_path / "objects.yaml"
    options += [f"--kube-version={api.get('/version')['gitVersion']}", "--is-upgrade", "--no-hooks"]
    rendered.write_text(helm("template", *chart, *options))

    apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"]
    said = kubectl(*apply, "-n", release.namespace, "-f", rendered)

    assert f"ingress.networking.k8s.io/{release.name}-edge" in said
    assert f"statefulset.apps/{release.name}-opensearch" in said
