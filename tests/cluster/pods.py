"""Pods, and what can happen to one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from dataclasses import dataclass

from .api import ApiError
from .images import CHECKOUT
from .waiting import until

_METRICS_PORTS = {"gateway": 9100, "catalog": 9101, "search": 9102}
# Not what probes ask.
_COUNTS_USERS = re.compile(
    r'tantrum_gateway_(requests|l1_sent)_total\{.*route="/v1/'
    r'|tantrum_grpc_calls_total\{.*method=".*(Catalog|Search)Service/'
)


@dataclass(frozen=True, kw_only=True)
class Pod:
    name: str
    uid: str
    component: str
    ip: str
    ready: bool
    leaving: bool
    restarts: int
    trouble: str
    """Why its container does not run, such as CrashLoopBackOff."""
    finished: str
    """`Succeeded`, `Failed`, or empty while it is neither."""


def pod_of(body):
    status = body.get("status", {})
    containers = status.get("containerStatuses", [])
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    phase = status.get("phase", "")
    return Pod(
        name=body["metadata"]["name"],
        uid=body["metadata"]["uid"],
        component=body["metadata"].get("labels", {}).get("app.kubernetes.io/component", ""),
        ip=status.get("podIP", ""),
        ready=conditions.get("Ready") == "True",
        leaving="deletionTimestamp" in body["metadata"],
        restarts=sum(one["restartCount"] for one in containers),
        trouble=" ".join(one["state"].get("waiting", {}).get("reason", "") for one in containers),
        finished=phase if phase in ("Succeeded", "Failed") else "",
    )


class Pods:
    """The pods of one namespace."""

    def __init__(self, api, namespace):
        self._api = api
        self._namespace = namespace
        self._path = f"/api/v1/namespaces/{namespace}/pods"

    def all(self, component=None):
        """Return those of *component* by name, jobs' pods that are done left out."""
        pods = [pod_of(body) for body in self._api.get(self._path)["items"]]
        return sorted(
            (one for one in pods if component in (None, one.component) and not one.finished),
            key=lambda one: one.name,
        )

    def ready(self, component):
        return [one for one in self.all(component) if one.ready and not one.leaving]

    def get(self, name):
        return pod_of(self._api.get(f"{self._path}/{name}"))

    def delete(self, pod):
        """Have it stopped, as `kubectl delete pod` would; returns at once."""
        self._api.delete(f"{self._path}/{pod.name}")

    def evict(self, pod, *, seconds=60):
        """Have it evicted, as soon as its disruption budget allows."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": self._namespace},
        }

        def accepted():
            try:
                self._api.post(f"{self._path}/{pod.name}/eviction", body)
            except ApiError as error:
                if error.status == 429:
                    return False
                raise
            return True

        until(accepted, seconds, f"the eviction of {pod.name} is allowed")

    def replaced(self, pods, *, seconds=90):
        """Wait until none of *pods* is left and others serve in their place; return the seconds."""
        gone = {one.uid for one in pods}
        wanted = {one.component: self.wanted(one.component) for one in pods}

        def condition():
            now = self.all()
            serving = [one.component for one in now if one.ready and not one.leaving]
            return not any(one.uid in gone for one in now) and all(
                serving.count(component) >= count for component, count in wanted.items()
            )

        return until(condition, seconds, f"others in place of {[one.name for one in pods]}")[1]

    def made_up_for(self, pod, *, seconds=90):
        """Wait until as many others serve as there are to be, while *pod* may still be leaving."""
        wanted = self.wanted(pod.component)

        def condition():
            return len([one for one in self.ready(pod.component) if one.uid != pod.uid]) >= wanted

        until(condition, seconds, f"another in place of {pod.name}")

    def wanted(self, component):
        """Return how many pods of *component* there are to be."""
        for kind in ("deployments", "statefulsets"):
            for body in self._api.get(f"/apis/apps/v1/namespaces/{self._namespace}/{kind}")[
                "items"
            ]:
                if body["metadata"]["labels"].get("app.kubernetes.io/component") == component:
                    return body["spec"]["replicas"]
        raise AssertionError(f"nothing owns the pods of {component}")

    def freeze(self, pod):
        """
        Stop each process of *pod* where it stands, by SIGSTOP; return their ids.

        They are as good as dead to others, and know nothing of it.
        """
        numbers = [int(one) for one in self._processes(pod)]
        for number in numbers:
            os.kill(number, signal.SIGSTOP)
        return numbers

    def restarted(self, pods, *, seconds):
        """Wait until the containers of *pods* were restarted and are ready; return the seconds."""

        def condition():
            now = {one.uid: one for one in self.all()}
            return all(
                one.uid in now and now[one.uid].restarts > one.restarts and now[one.uid].ready
                for one in pods
            )

        return until(condition, seconds, f"{[one.name for one in pods]} restarted")[1]

    def _processes(self, pod):
        command = [CHECKOUT / "devcluster/cluster", "pids", pod.name, "-n", self._namespace]
        return subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=30
        ).stdout.split()


def served(pod):
    """Return how many requests of users *pod* has answered, by its own metrics."""
    url = f"http://{pod.ip}:{_METRICS_PORTS[pod.component]}/metrics"
    with urllib.request.urlopen(url, timeout=5) as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if _COUNTS_USERS.match(line))
