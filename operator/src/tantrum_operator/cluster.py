"""
The Kubernetes API, as much of it as the operator needs.

Every call has a timeout, is counted by verb and kind, and fails with an error that says what
the caller can do next. Nothing is retried here: the loop comes again. Plain REST rather than
the dynamic client, whose discovery would ask for rights and calls that nothing here needs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import aiohttp
import prometheus_client
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config
from tantrum_kit.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
)

from tantrum_operator.objects import DEPLOYMENT, FIELD_MANAGER, POD_METRICS, Body, Kind, kind_of

__all__ = [
    "Cluster",
    "ClusterUnavailableError",
    "ConflictError",
    "ForbiddenError",
    "NotLeadingError",
    "Scale",
    "connected",
]

API_CALLS: Final = prometheus_client.Counter(
    "tantrum_operator_api_calls_total",
    "Calls of the Kubernetes API.",
    ("verb", "kind", "outcome"),
)

_PAGE_SIZE: Final = 500
_CONTENT_TYPES: Final = {"PATCH": "application/apply-patch+yaml"}
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _GONE, _TOO_MANY = 401, 403, 404, 409, 410, 429
_SERVER_ERRORS: Final = 500


class ClusterUnavailableError(UnavailableError):
    """The API server does not answer, not in time, or not just now."""

    reason = "CLUSTER_UNAVAILABLE"


class ForbiddenError(PreconditionFailedError):
    """The operator's role lacks a right; the message names it."""

    reason = "FORBIDDEN"


class NotLeadingError(UnavailableError):
    """Another operator may be writing by now, so this write was not sent."""

    reason = "NOT_LEADING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The replica count of a Deployment as it was read."""

    replicas: int
    resource_version: str
    selector: str
    """Of the Deployment's pods, as a query string (`app=gateway`)."""


# Inside the class `list` is a method.
Bodies: TypeAlias = list[Body]


class Cluster:
    """
    Reads and writes the objects of one cluster.

    Raises `ClusterUnavailableError`, `ForbiddenError`, and where the API server refuses what
    it is told `ConflictError`, `NotFoundError` or `InvalidInputError`. *may_write* is asked
    immediately before each write; where it says no, `NotLeadingError` is raised.
    """

    def __init__(
        self,
        client: ApiClient,
        *,
        timeout_seconds: float,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._client = client
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._may_write = may_write

    async def get(self, kind: Kind, namespace: str, name: str) -> Body | None:
        try:
            return await self._call("get", kind, _path(kind, namespace, name))
        except NotFoundError:
            return None

    async def list(
        self, kind: Kind, namespace: str, *, labels: Mapping[str, str] | None = None
    ) -> Bodies:
        """Return all of *kind*, of every namespace where *namespace* is empty."""
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        return await self._list(kind, namespace, selector)

    async def create(self, manifest: Body) -> Body:
        """Raises `ConflictError` where there is one of that name already."""
        kind = kind_of(manifest)
        path = _path(kind, manifest["metadata"]["namespace"])
        return await self._call("create", kind, path, body=manifest)

    async def replace(self, manifest: Body) -> Body:
        """Raises `ConflictError` unless the object still has *manifest*'s resourceVersion."""
        kind, metadata = kind_of(manifest), manifest["metadata"]
        path = _path(kind, metadata["namespace"], metadata["name"])
        return await self._call("update", kind, path, body=manifest)

    async def apply(self, manifest: Body) -> Body:
        """Make the fields that *manifest* names as it says, whoever had set them before."""
        kind, metadata = kind_of(manifest), manifest["metadata"]
        path = _path(kind, metadata["namespace"], metadata["name"])
        return await self._call("apply", kind, path, query=_APPLY, body=manifest)

    async def apply_status(
        self, kind: Kind, namespace: str, name: str, status: Body, *, uid: str | None = None
    ) -> None:
        """Apply *status*; with *uid* to that very object, not to a later one of its name."""
        metadata = {"name": name, "namespace": namespace} | ({"uid": uid} if uid else {})
        body = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}
        path = _path(kind, namespace, name) + "/status"
        await self._call("apply", kind, path, query=_APPLY, body=body | {"status": status})

    async def delete(
        self, kind: Kind, namespace: str, name: str, *, uid: str | None = None
    ) -> None:
        """Delete it with what it owns; gone already is fine, and so is another than *uid*."""
        options: Body = {"propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        with contextlib.suppress(NotFoundError, ConflictError):
            await self._call("delete", kind, _path(kind, namespace, name), body=options)

    async def scale(self, namespace: str, deployment: str) -> Scale | None:
        """Return None where there is no such Deployment."""
        path = _path(DEPLOYMENT, namespace, deployment) + "/scale"
        try:
            body = await self._call("get", DEPLOYMENT, path)
        except NotFoundError:
            return None
        return Scale(
            replicas=body["spec"].get("replicas", 0),
            resource_version=body["metadata"]["resourceVersion"],
            selector=body["status"].get("selector", ""),
        )

    async def set_scale(
        self, namespace: str, deployment: str, replicas: int, *, resource_version: str
    ) -> None:
        """Raises `ConflictError` when the Deployment changed since *resource_version*."""
        body = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {
                "name": deployment,
                "namespace": namespace,
                "resourceVersion": resource_version,
            },
            "spec": {"replicas": replicas},
        }
        path = _path(DEPLOYMENT, namespace, deployment) + "/scale"
        await self._call("update", DEPLOYMENT, path, body=body)

    async def pod_metrics(self, namespace: str, selector: str) -> Bodies:
        """Return what metrics.k8s.io knows of the pods that *selector* (a query string) finds."""
        return await self._list(POD_METRICS, namespace, selector)

    async def served(self, api_version: str) -> frozenset[str]:
        """Return the plurals of the resources that the API server serves in *api_version*."""
        try:
            body = await self._call("get", None, f"/apis/{api_version}")
        except NotFoundError:
            return frozenset()
        return frozenset(each["name"] for each in body["resources"])

    async def log(self, namespace: str, pod: str, *, container: str, lines: int) -> str:
        """Return the last *lines* of what *container* said."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        query = {"container": container, "tailLines": str(lines)}
        return (await self._send("get", "Log", path, query, None)).decode(errors="replace")

    async def _list(self, kind: Kind, namespace: str, selector: str) -> Bodies:
        query = {"limit": str(_PAGE_SIZE)} | ({"labelSelector": selector} if selector else {})
        found: Bodies = []
        while True:
            body = await self._call("list", kind, _path(kind, namespace), query=query)
            # Items of a list do not name their kind, unlike single objects.
            named = {"apiVersion": kind.api_version, "kind": kind.name}
            found.extend(named | item for item in body["items"])
            if not (more := body["metadata"].get("continue")):
                return found
            query = query | {"continue": more}

    async def _call(
        self,
        verb: str,
        kind: Kind | None,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Body:
        answer = await self._send(verb, kind.name if kind else "Discovery", path, query or {}, body)
        return cast(Body, json.loads(answer))

    async def _send(
        self, verb: str, what: str, path: str, query: Mapping[str, str], body: Body | None
    ) -> bytes:
        method = _METHODS[verb]
        if method != "GET" and not self._may_write():
            API_CALLS.labels(verb, what, "withheld").inc()
            raise NotLeadingError(f"not sent, for leadership may be lost: {method} {path}")
        try:
            status, answer = await self._exchange(method, path, query, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            API_CALLS.labels(verb, what, "unavailable").inc()
            raise ClusterUnavailableError(
                f"{method} {path}: {str(error) or 'timed out'}"
            ) from error
        API_CALLS.labels(verb, what, _outcome(status)).inc()
        if (failure := _error(status, f"{method} {path}", answer)) is not None:
            raise failure
        return answer

    async def _exchange(
        self, method: str, path: str, query: Mapping[str, str], body: Body | None
    ) -> tuple[int, bytes]:
        content_type = _CONTENT_TYPES.get(method, "application/json")
        request = await self._client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = await self._client.call_api(*request, _request_timeout=self._timeout)
        return response.status, await response.response.read()


@contextlib.asynccontextmanager
async def connected(kubeconfig: Path | None, *, identity: str = "") -> AsyncIterator[ApiClient]:
    """
    Give a client for the cluster of *kubeconfig*, else for the one whose pod this is.

    The cluster's audit log tells *identity* as the user agent.
    """
    configuration: Any = Configuration()
    if kubeconfig is None:
        load_incluster_config(client_configuration=configuration)
    else:
        await load_kube_config(
            config_file=str(kubeconfig), client_configuration=configuration, persist_config=False
        )
    async with ApiClient(configuration) as client:
        client.user_agent = f"{FIELD_MANAGER}/{identity}" if identity else FIELD_MANAGER
        yield client


_APPLY: Final = {"fieldManager": FIELD_MANAGER, "force": "true"}
_METHODS: Final = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "update": "PUT",
    "apply": "PATCH",
    "delete": "DELETE",
}


def _path(kind: Kind, namespace: str, name: str = "") -> str:
    root = "/apis/" if "/" in kind.api_version else "/api/"
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{kind.api_version}{where}/{kind.plural}" + (f"/{name}" if name else "")


def _outcome(status: int) -> str:
    """Return a label of a closed set."""
    named = {_FORBIDDEN: "forbidden", _NOT_FOUND: "not_found", _CONFLICT: "conflict"}
    if status < 300:  # noqa: PLR2004 - HTTP's own border
        return "ok"
    unavailable = status >= _SERVER_ERRORS or status in (_UNAUTHORIZED, _GONE, _TOO_MANY)
    return named.get(status, "unavailable" if unavailable else "refused")


def _error(status: int, request: str, answer: bytes) -> Exception | None:
    outcome = _outcome(status)
    if outcome == "ok":
        return None
    try:
        said = json.loads(answer)["message"]
    except (ValueError, KeyError, TypeError):
        said = answer[:200].decode(errors="replace")
    errors = {
        "forbidden": ForbiddenError,
        "not_found": NotFoundError,
        "conflict": ConflictError,
        "unavailable": ClusterUnavailableError,
    }
    return errors.get(outcome, InvalidInputError)(f"{request}: {status} {said}")
