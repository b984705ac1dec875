"""The chart's roles allow what the operator does for each kind, as it is shipped."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .conftest import eventually
from .manifests import deployment
from .test_rights import CHART, allowed, rendered, requests, used

pytestmark = pytest.mark.integration

GROUP = "platform.tvtantrum.com"


def test_the_roles_allow_what_it_does_for_each_kind(api_server, namespace, tmp_path):
    def apply(manifest):
        api_server.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(manifest))

    api_server.install_crds(CHART / "crds")
    for manifest in rendered(namespace):
        if manifest["kind"] in ("ServiceAccount", "Role", "RoleBinding"):
            apply(manifest)
    token = api_server.kubectl("-n", namespace, "create", "token", "op")
    apply(deployment(namespace))
    apply(custom("ServiceScaler", "gateway", targetRef={"name": "gateway"}, replicas=3))
    apply(custom("RedisCache", "cache", image="nowhere/redis:1"))
    apply(
        custom(
            "PgBouncer",
            "pooler",
            image="nowhere/pgbouncer:1",
            upstream={"host": "127.0.0.1", "database": "shows"},
            auth={"secretRef": {"name": "users"}, "user": "shows"},
        )
    )
    apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "users"},
            "stringData": {"userlist.txt": '"shows" "a-password"\n'},
        }
    )
    environment = {
        "OPERATOR_NAMESPACE": namespace,
        "OPERATOR_KUBECONFIG": str(api_server.kubeconfig(token)),
        "OPERATOR_LEASE_NAME": "op",
        "OPERATOR_IDENTITY": "a",
        "OPERATOR_HTTP_PORT": "0",
        "OPERATOR_IMAGE": "nowhere/operator:1",
        "OPERATOR_REQUEST_TIMEOUT_SECONDS": "30",
    }
    with (tmp_path / "operator.log").open("wb") as output:
        operator = subprocess.Popen(
            [sys.executable, "-m", "tantrum_operator", "run"], env=environment, stderr=output
        )
    try:
        made = ("apps", "statefulsets", "patch")
        eventually(lambda: made in used(api_server, namespace), "it makes what Redis runs as")
        for plural in ("servicescalers", "pgbouncers", "rediscaches"):
            said = (GROUP, f"{plural}/status", "patch")
            eventually(lambda said=said: said in used(api_server, namespace), f"{said}")
    finally:
        operator.kill()
        operator.wait()

    told = requests(api_server, namespace)
    assert [each for each in told if each["code"] == 403] == []
    assert used(api_server, namespace) - allowed(namespace) == set()


def custom(kind, name, **spec):
    api_version = f"{GROUP}/v1alpha1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
