"""Each hop is allowed by name, and no other."""

from __future__ import annotations

import pytest

from .images import reference
from .pods import pod_of
from .waiting import until

pytestmark = pytest.mark.cluster

_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 5432), timeout=5).close()
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def reaches_database(release, api, name, component=None):
    """Whether a pod in the release's namespace can connect to PostgreSQL."""
    labels = {
        "app.kubernetes.io/name": "tvtantrum",
        "app.kubernetes.io/instance": release.name,
        "app.kubernetes.io/component": component,
    }
    host = f"{release.name}-postgres.{release.namespace}.svc.cluster.local"
    container = {
        "name": "probe",
        "image": reference("catalog"),
        "command": ["/opt/tantrum/bin/python", "-c", _CONNECT, host],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    path = f"/api/v1/namespaces/{release.namespace}/pods"
    body = {
        "metadata": {"name": name, "labels": labels if component else {}},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    api.post(path, body)
    until(lambda: pod_of(api.get(f"{path}/{name}")).finished, 30, f"{name} has tried")
    outcome = pod_of(api.get(f"{path}/{name}")).finished
    api.delete(f"{path}/{name}")
    return outcome == "Succeeded"


def test_only_who_should_reaches_the_database(release, api, say):
    outcomes = {
        "a pod of no part": reaches_database(release, api, "stranger"),
        "a part that should not": reaches_database(release, api, "visitor", "test"),
        "a part that should": reaches_database(release, api, "migrator", "migrations"),
    }

    say(f"reaches PostgreSQL: {outcomes}")
    assert list(outcomes.values()) == [False, False, True]
