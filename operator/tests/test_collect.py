"""The support bundle has what helps, and no secret."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tarfile

import pytest

from .manifests import config_map, deployment

SECRET_TEXT = "correct-horse-battery"


@pytest.mark.integration
def test_a_bundle_has_objects_and_events_and_no_secret(operators, api_server, namespace, tmp_path):
    operators("a")
    ours = {"app.kubernetes.io/managed-by": "tantrum-operator"}
    pool = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {"name": "pool", "namespace": namespace},
        "spec": {"text": f"password={SECRET_TEXT}"},
    }
    redis = config_map(namespace, "redis", **{"redis.conf": f"requirepass {SECRET_TEXT}\nport 1\n"})
    redis["metadata"]["labels"] = ours
    child = deployment(namespace, "pool")
    child["metadata"]["labels"] = ours
    [container] = child["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": "DB_PASSWORD", "value": SECRET_TEXT}]
    container["args"] = [f"postgres://user:{SECRET_TEXT}@db/shows"]
    hidden = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "hidden", "namespace": namespace, "labels": ours},
        "data": {"password": base64.b64encode(SECRET_TEXT.encode()).decode()},
    }
    for manifest in (pool, redis, child, hidden):
        api_server.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    api_server.kubectl("-n", namespace, "wait", "pgbouncer/pool", "--for=condition=Ready")
    output = tmp_path / "bundle.tar.gz"

    done = subprocess.run(
        [sys.executable, "-m", "tantrum_operator", "collect", "--output", str(output)],
        env={
            "OPERATOR_NAMESPACE": namespace,
            "OPERATOR_KUBECONFIG": str(api_server.kubeconfig()),
            "OPERATOR_REQUEST_TIMEOUT_SECONDS": "30",
        },
        check=True,
        capture_output=True,
        text=True,
    )

    with tarfile.open(output) as archive:
        parts = {each.name: archive.extractfile(each).read().decode() for each in archive}
    text = "".join(parts.values())
    assert SECRET_TEXT not in text
    assert base64.b64encode(SECRET_TEXT.encode()).decode() not in text
    folder = f"tantrum-operator/{namespace}"
    assert '"name": "pool"' in parts[f"{folder}/pgbouncers.json"]
    assert '"password": "<removed>"' in parts[f"{folder}/children/secrets.json"]
    assert "port 1" in parts[f"{folder}/children/configmaps.json"]
    assert '"reason": "Copied"' in parts[f"{folder}/events.json"]
    assert "holderIdentity" in parts[f"{folder}/lease.json"]
    # The other kinds are not served here, which stops nothing.
    assert "servicescalers" in parts["tantrum-operator/faults.txt"]
    assert str(output) in done.stdout
