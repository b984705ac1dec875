"""The chart as Helm renders it, for the tests beside."""

from __future__ import annotations

import itertools
import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
CHART = CHECKOUT / "charts" / "tvtantrum"
RELEASE = "tvt"
NAMESPACE = "shows"
KUBERNETES = "1.36.0"

EVERYTHING = {
    "images": {"pullSecrets": ["registry"]},
    "scheduling": {
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "shows", "operator": "Exists"}],
    },
    "priorityClasses": {"enabled": True},
    "networkPolicies": {
        "edgeFrom": [{"namespaceSelector": {"matchLabels": {"part": "ingress"}}}],
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"part": "monitoring"}}}],
        "tracesTo": [{"namespaceSelector": {"matchLabels": {"part": "tracing"}}}],
    },
    "tracing": {"otlpEndpoint": "http://collector.tracing:4317", "sampleRatio": 0.1},
    "search": {"backend": "postgres"},
    "gateway": {"cloudflare": {"zoneId": "zone-1", "tokenSecretName": "cdn"}},
    "opensearch": {"enabled": True},
    "edge": {
        "serviceType": "LoadBalancer",
        "serviceAnnotations": {"balancer": "small"},
        "tls": {"existingSecret": "site-tls"},
        "trustedProxies": ["10.0.0.0/8"],
    },
    "objectStore": {
        "endpoint": "https://s3.example.com",
        "bucket": "backups",
        "existingSecret": "object-store",
    },
    "prometheus": {"enabled": True},
    "monitoring": {
        "exporters": {"enabled": True},
        "serviceMonitors": True,
        "rules": True,
        "dashboards": True,
        "labels": {"prometheus": "main"},
    },
    "ingress": {"enabled": True, "host": "tv.example.com", "tlsSecretName": "site-tls"},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "web"}]},
}
"""Everything on that goes together; PostgreSQL is the embedded one."""

EXTERNAL = {
    "postgres": {
        "mode": "external",
        "external": {"host": "db.example.com", "port": 6543, "caSecretName": "db-ca"},
    },
}

VARIANTS = {
    "defaults": ((), {}),
    "trial": (("values-trial.yaml",), {}),
    "production": (("values-production.yaml",), EXTERNAL),
    "everything": ((), EVERYTHING),
    "bare": (
        (),
        {
            "redis": {"enabled": False},
            "networkPolicies": {"enabled": False},
            "edge": {"cache": {"enabled": False}, "replicas": 1},
            "catalog": {"autoscaling": {"enabled": False}, "seed": False},
            "secrets": {"existingSecret": "given"},
        },
    ),
}


@dataclass(frozen=True)
class Pod:
    """A pod template, and what it is in."""

    owner: dict
    template: dict

    @property
    def name(self):
        return f"{self.owner['kind']}/{self.owner['metadata']['name']}"

    @property
    def spec(self):
        return self.template["spec"]

    @property
    def labels(self):
        return self.template["metadata"].get("labels", {})

    @property
    def component(self):
        return self.labels["app.kubernetes.io/component"]

    @property
    def containers(self):
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def main(self):
        """The container that the pod is for: an exporter may stand behind it."""
        return self.spec["containers"][0]

    @property
    def ports(self):
        return {
            port["name"]: port["containerPort"]
            for container in self.containers
            for port in container.get("ports", ())
        }


class Objects:
    """What one rendering makes. Not to be changed."""

    def __init__(self, text):
        self.text = text
        self.all = [one for one in yaml.load_all(text, yaml.CSafeLoader) if one]

    def of(self, kind):
        return [one for one in self.all if one["kind"] == kind]

    def one(self, kind, name):
        [found] = [one for one in self.of(kind) if one["metadata"]["name"] == name]
        return found

    @cached_property
    def pods(self):
        found = []
        for one in self.all:
            match one["kind"]:
                case "Pod":
                    found.append(Pod(one, one))
                case "CronJob":
                    found.append(Pod(one, one["spec"]["jobTemplate"]["spec"]["template"]))
                case "Deployment" | "StatefulSet" | "Job":
                    found.append(Pod(one, one["spec"]["template"]))
        return found


class Chart:
    """Renders *chart*, each combination of values once."""

    def __init__(self, helm, folder, chart=CHART):
        self._helm = helm
        self._folder = folder
        self._chart = chart
        self._names = itertools.count()
        self._rendered = {}

    def run(self, *arguments):
        return subprocess.run(
            [self._helm, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    def lint(self):
        return self.run("lint", "--strict", "--kube-version", KUBERNETES, str(self._chart))

    def variant(self, name, *, upgrade=False):
        files, values = VARIANTS[name]
        return self.render(values, files=files, upgrade=upgrade)

    def render(self, values=None, *, files=(), upgrade=False):
        done = self._template(values or {}, files=files, upgrade=upgrade)
        assert done.returncode == 0, done.stderr
        return Objects(done.stdout)

    def refusal(self, values, *, files=()):
        """Return what Helm says when it refuses to render."""
        done = self._template(values, files=files, upgrade=False)
        assert done.returncode != 0
        return done.stderr

    def _template(self, values, *, files, upgrade):
        key = json.dumps([values, files, upgrade])
        if key not in self._rendered:
            given = self._folder / f"{next(self._names)}.json"
            given.write_text(json.dumps(values))
            chosen = [f"--values={self._chart / file}" for file in files]
            self._rendered[key] = self.run(
                "template",
                RELEASE,
                str(self._chart),
                f"--namespace={NAMESPACE}",
                f"--kube-version={KUBERNETES}",
                *chosen,
                f"--values={given}",
                *(["--is-upgrade"] if upgrade else []),
            )
        return self._rendered[key]
