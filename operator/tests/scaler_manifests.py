"""ServiceScalers as manifests, for replays."""

from __future__ import annotations

CPU = {
    "name": "cpu",
    "type": "Resource",
    "resource": {"name": "cpu", "averageUtilization": 70},
}
LATENCY = {
    "name": "latency",
    "type": "Latency",
    "latency": {"histogram": "requests_seconds", "selector": 'job="gateway"'},
}


def scaler_body(name="gateway", *, metrics=(CPU, LATENCY), mode="Enforce", **autoscaling):
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "ServiceScaler",
        "metadata": {"name": name, "namespace": "tv"},
        "spec": {
            "targetRef": {"name": name},
            "mode": mode,
            "autoscaling": {
                "minReplicas": 2,
                "maxReplicas": 30,
                "metrics": list(metrics),
                **autoscaling,
            },
        },
    }
