"""The operator as people run it, before a real API server: a scaler is obeyed."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import eventually
from .manifests import deployment

CRDS = Path(__file__).parents[2] / "charts/tvtantrum-operator/crds"


@pytest.mark.integration
def test_kubectl_scales_a_deployment_through_its_scaler(api_server, namespace, tmp_path):
    api_server.install_crds(CRDS)
    scaler = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "ServiceScaler",
        "metadata": {"name": "gateway", "namespace": namespace},
        "spec": {"targetRef": {"name": "gateway"}, "mode": "Enforce", "replicas": 3},
    }
    for each in (deployment(namespace), scaler):
        api_server.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(each))

    with _running(api_server, namespace, tmp_path / "operator.log"):
        _until_replicas(api_server, namespace, "3")
        api_server.kubectl("scale", "tss/gateway", "--replicas=4", "-n", namespace)
        _until_replicas(api_server, namespace, "4")
        api_server.kubectl(
            "wait", "tss/gateway", "--for=condition=Ready", "--timeout=100s", "-n", namespace
        )

    shown = api_server.kubectl("get", "tss", "-n", namespace).split()
    assert shown[:8] == ["NAME", "MODE", "MIN", "CUR", "WANT", "MAX", "REASON", "READY"]


def test_the_command_vectors_is_offered(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tantrum_operator", "vectors", str(tmp_path / "none.json")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "cannot be read" in done.stderr


@contextlib.contextmanager
def _running(api_server, namespace, log):
    """A process of `tantrum-operator run`, ended at the end."""
    environment = {
        "PATH": os.defpath,
        "OPERATOR_NAMESPACE": namespace,
        "OPERATOR_KUBECONFIG": str(api_server.kubeconfig()),
        "OPERATOR_HTTP_PORT": "0",
        "OPERATOR_KINDS": "ServiceScaler,ScalingBudget",
        "OPERATOR_REQUEST_TIMEOUT_SECONDS": "30",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tantrum_operator", "run"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=120)
        finally:
            process.kill()
            process.wait()


def _until_replicas(api_server, namespace, wanted):
    def reached():
        found = api_server.kubectl(
            "get", "deployment", "gateway", "-n", namespace, "-o", "jsonpath={.spec.replicas}"
        )
        return found == wanted

    eventually(reached, f"gateway has {wanted} replicas")
