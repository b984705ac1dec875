"""What is left of a release that is gone."""

from __future__ import annotations

import pytest

from .api import kubectl
from .waiting import until

pytestmark = pytest.mark.cluster

# What every namespace has, and what tells of the past.
_NOBODYS = ("configmap/kube-root-ca.crt", "serviceaccount/default", "event", "podmetrics")


def test_an_uninstall_leaves_what_the_notes_say(release, api, say):
    kept = {
        f"secret/{release.name}-secrets",
        f"persistentvolumeclaim/data-{release.name}-postgres-0",
    }

    release.uninstall()
    # Those that ended badly are pods too, until they are collected.
    pods = ["get", "pods", "-o", "name", "-n", release.namespace]
    until(lambda: not kubectl(*pods).split(), 120, "all pods are gone")
    left = objects("--namespaced=true", "-n", release.namespace)
    of_cluster = objects("--namespaced=false", "-l", f"app.kubernetes.io/instance={release.name}")

    say(f"left after helm uninstall: {', '.join(sorted(left | of_cluster))}")
    assert left == kept
    assert of_cluster == set()


def objects(scope, *selection):
    """Return the names of all objects of all kinds, `kind/name`, that are selected."""
    kinds = kubectl("api-resources", "--verbs=list", "-o", "name", scope).split()
    lines = kubectl("get", ",".join(kinds), "-o", "name", "--ignore-not-found", *selection).split()
    return {
        f"{kind.partition('.')[0]}/{name}"
        for kind, _, name in (line.partition("/") for line in lines)
        if not f"{kind.partition('.')[0]}/{name}".startswith(_NOBODYS)
    }
