"""An operator with one small reconciler, as a process of its own: each object makes a ConfigMap."""

from __future__ import annotations

import asyncio
import sys

from tantrum_kit import logs
from tantrum_operator import app
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.leadership import LeadershipLostError
from tantrum_operator.objects import PGBOUNCER, Key
from tantrum_operator.reconciling import Occurrence, Report
from tantrum_operator.settings import Settings


class Texts:
    """Copies `spec.text` into a ConfigMap of the object's name."""

    kinds = (PGBOUNCER,)

    def __init__(self, cluster):
        self._cluster = cluster

    def key(self, kind, namespace, name):
        return Key(kind=kind.name, namespace=namespace, name=name)

    async def reconcile(self, key):
        body = await self._cluster.get(PGBOUNCER, key.namespace, key.name)
        if body is None:
            return ()
        await self._cluster.apply(_child(body))
        ready = Condition(type="Ready", status=Truth.TRUE, reason="Done", message="All is done.")
        told = Occurrence(reason="Copied", message="Copied the text.")
        return [Report(body=body, conditions=[ready], occurrences=[told])]


def _child(body):
    metadata = body["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": {"app.kubernetes.io/managed-by": "tantrum-operator"},
            "ownerReferences": [
                {
                    "apiVersion": body["apiVersion"],
                    "kind": body["kind"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                }
            ],
        },
        "data": {"text": body.get("spec", {}).get("text", "")},
    }


def main():
    settings = Settings()
    logs.configure(log_format="json", level="INFO")
    try:
        asyncio.run(app.run(settings, lambda cluster, _: [Texts(cluster)]))
    except LeadershipLostError:
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
