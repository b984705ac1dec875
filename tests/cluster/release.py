"""One release of the chart in a namespace of its own."""

from __future__ import annotations

import base64
import json
import secrets
import urllib.request

from ..load.signing_in import api_token
from .api import CommandError, helm, kubectl
from .images import CHECKOUT, values
from .pods import Pods
from .waiting import until

CHART = CHECKOUT / "charts/tvtantrum"
SERVICES = ("catalog", "search", "gateway")


class Release:
    """The release *name*; the files that a test makes for it lie in *folder*."""

    def __init__(self, api, namespace, folder, name="tantrum"):
        self.name = name
        self.namespace = namespace
        self.pods = Pods(api, namespace)
        self.install_seconds = None
        self._api = api
        self._folder = folder
        self._apps = f"/apis/apps/v1/namespaces/{namespace}"

    def install(self):
        helm("install", self.name, CHART, *self._options())

    def upgrade(self, variant="", **values):
        """
        Bring the services to the images of *variant*, with other *values* of the chart too.

        Returns before their pods are there.
        """
        changes = [f"--set-string={name}={value}" for name, value in values.items()]
        helm("upgrade", self.name, CHART, *self._options(variant), *changes)

    def rollback(self):
        helm("rollback", self.name, "-n", self.namespace)

    def uninstall(self):
        helm("uninstall", self.name, "-n", self.namespace)

    def _options(self, variant=""):
        images = self._folder / "images.json"
        images.write_text(json.dumps(values(variant)))
        return ("-n", self.namespace, "-f", CHART / "values-trial.yaml", "-f", images)

    @property
    def edge_url(self):
        service = self._api.get(f"/api/v1/namespaces/{self.namespace}/services/{self.name}-edge")
        return f"http://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"

    def api_token(self):
        """Make an editor as the README says, and an API token of theirs that may write shows."""
        email, password = "load@example.com", secrets.token_urlsafe()
        catalog = f"deployment/{self.name}-catalog"
        create = ("tantrum-catalog", "create-editor", email)
        kubectl("exec", "-i", "-n", self.namespace, catalog, "--", *create, stdin=password)
        return api_token(self.edge_url, email, password)

    def answers(self, path="/v1/shows?pageSize=1"):
        """Whether the edge has a good answer for *path*."""
        try:
            with urllib.request.urlopen(self.edge_url + path, timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def settled(self, *, seconds=120):
        """Wait until all is as it is to be and no pod comes or goes; return the seconds."""
        return until(lambda: not self.unsettled(), seconds, self.unsettled)[1]

    def unsettled(self):
        """Return what is not as it is to be."""
        parts = []
        for kind in ("deployments", "statefulsets"):
            for body in self._api.get(f"{self._apps}/{kind}")["items"]:
                spec, status = body["spec"], body.get("status", {})
                counts = [status.get(each, 0) for each in ("replicas", "updatedReplicas")]
                counts.append(status.get("availableReplicas", 0))
                seen = status.get("observedGeneration", 0) >= body["metadata"]["generation"]
                wanted = spec["replicas"]
                if body["metadata"]["labels"]["app.kubernetes.io/component"] in SERVICES:
                    # Until its autoscaler has found it, a new Deployment wants one pod.
                    wanted = max(wanted, 2)
                if not seen or any(count != wanted for count in counts):
                    parts.append(f"{body['metadata']['name']} {counts} of {wanted}")
        parts += [f"{one.name} leaving" for one in self.pods.all() if one.leaving]
        return parts

    def scale(self, component, count):
        """Have *count* pods of *component*, whatever its autoscaler would rather."""
        limits = {"spec": {"minReplicas": count, "maxReplicas": count}}
        name = f"{self.name}-{component}"
        scalers = f"/apis/autoscaling/v2/namespaces/{self.namespace}/horizontalpodautoscalers"
        self._api.patch(f"{scalers}/{name}", limits)
        self._api.patch(f"{self._apps}/deployments/{name}/scale", {"spec": {"replicas": count}})

    def sql(self, question):
        """Return what the database answers, as text."""
        secret = self._api.get(f"/api/v1/namespaces/{self.namespace}/secrets/{self.name}-secrets")
        password = base64.b64decode(secret["data"]["database-password"]).decode()
        psql = ["psql", "-h", "127.0.0.1", "-U", "tantrum", "-Atc", question]
        return kubectl(
            "exec", "-n", self.namespace, f"{self.name}-postgres-0", "--",
            "env", f"PGPASSWORD={password}", *psql,
        ).strip()  # fmt: skip

    def show_troubles(self, say):
        """Tell what may explain a failure: pods, their last words, events."""
        for command in (
            ["get", "pods", "-o", "wide"],
            ["get", "events", "--sort-by=.lastTimestamp"],
        ):
            say(_tail(kubectl(*command, "-n", self.namespace), 40))
        for pod in self.pods.all():
            if not pod.ready or pod.restarts:
                for which in ([], ["--previous"]):
                    try:
                        logs = kubectl("logs", pod.name, "-n", self.namespace, "--tail=20", *which)
                    except CommandError:
                        continue
                    say(f"{pod.name} {' '.join(which)}\n{logs}")


def _tail(text, count):
    return "\n".join(text.splitlines()[-count:])
