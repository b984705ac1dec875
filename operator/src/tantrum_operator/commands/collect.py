"""
`tantrum-operator collect`: what somebody who helps needs to see, in one archive.

Of Secrets it holds the names of the keys and no value; of everything else also nothing that
its name calls a password, token or key. What cannot be read is named in `faults.txt`.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import io
import json
import re
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
from tantrum_kit.errors import CallerError

from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.commands.environment import read
from tantrum_operator.objects import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    EVENT,
    FIELD_MANAGER,
    GROUP,
    KINDS,
    LEASE,
    POD,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Body,
    Kind,
)
from tantrum_operator.settings import ConnectionSettings

_OURS: Final = tuple(kind for kind in KINDS if kind.api_version.startswith(f"{GROUP}/"))
_CHILDREN: Final = (DEPLOYMENT, STATEFUL_SET, SERVICE, CONFIG_MAP, SECRET, DISRUPTION_BUDGET)
_MANAGED: Final = {"app.kubernetes.io/managed-by": FIELD_MANAGER}
_OPERATOR: Final = {"app.kubernetes.io/name": "tvtantrum-operator"}
_LOG_LINES: Final = 2000
_METRICS_PORT: Final = 9105
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_NAME: Final = re.compile(
    r"passw(or)?d|secret|token|credential|auth|(api|private)[-_]?key", re.IGNORECASE
)
_SECRET_LINE: Final = re.compile(
    r"(?P<name>[\w.-]*(?:passw(?:or)?d|secret|token|credential)[\w.-]*[\"']?\s*[:=]\s*"
    # As Redis and Sentinel spell them.
    r"|\b(?:requirepass|masterauth|auth-pass\s+\S+)\s+)"
    r"\S+",
    re.IGNORECASE,
)
_URL_PASSWORD: Final = re.compile(r"(://[^:/@\s]*:)[^@\s]+@")
_REMOVED: Final = "<removed>"

T = TypeVar("T")


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("collect", help="write a support bundle without secrets")
    parser.add_argument("--output", type=Path, default=None, help="of the archive (.tar.gz)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Return 0 when the archive is written, whatever could not be read for it."""
    settings = read(ConnectionSettings)
    if settings is None:
        return 2
    now = dt.datetime.now(dt.UTC)
    output: Path = arguments.output or Path(f"tantrum-operator-{now:%Y%m%dT%H%M%SZ}.tar.gz")
    faults = asyncio.run(_collect(settings, output))
    print(f"{output}: {len(faults)} parts could not be read" if faults else output)  # noqa: T201
    return 0


async def _collect(settings: ConnectionSettings, output: Path) -> list[str]:
    faults: list[str] = []
    with tarfile.open(output, "w:gz") as archive:
        async with connected(settings.kubeconfig, identity="collect") as client:
            cluster = Cluster(client, timeout_seconds=settings.request_timeout_seconds)
            collector = _Collector(cluster, settings, faults)
            async for name, content in collector.parts():
                _add(archive, name, content)
        _add(archive, "faults.txt", "".join(f"{fault}\n" for fault in faults))
    return faults


class _Collector:
    def __init__(self, cluster: Cluster, settings: ConnectionSettings, faults: list[str]) -> None:
        self._cluster = cluster
        self._settings = settings
        self._faults = faults

    async def parts(self) -> AsyncIterator[tuple[str, str]]:
        for namespace in self._settings.namespaces or ("",):
            async for name, bodies in self._objects(namespace):
                yield f"{namespace or 'all'}/{name}.json", _text(bodies)
        own = self._settings.namespace
        # By its name, which is all that the operator's own role allows.
        lease = await self._tried(
            f"{own}/lease", lambda: self._cluster.get(LEASE, own, self._settings.lease_name), None
        )
        if lease is not None:
            yield f"{own}/lease.json", _text([_clean(lease)])
        for pod in await self._listed(POD, own, _OPERATOR):
            async for part in self._of_operator(pod):
                yield part

    async def _objects(self, namespace: str) -> AsyncIterator[tuple[str, list[Body]]]:
        for kind in _OURS:
            yield kind.plural, [_clean(each) for each in await self._listed(kind, namespace)]
        for kind in _CHILDREN:
            yield (
                f"children/{kind.plural}",
                [_clean(each) for each in await self._listed(kind, namespace, _MANAGED)],
            )
        # Most of these are other people's: how many there are, and how they are.
        for kind in (DEPLOYMENT, POD):
            yield kind.plural, [_outlined(each) for each in await self._listed(kind, namespace)]
        events = await self._listed(EVENT, namespace)
        yield "events", [_clean(each) for each in events if _is_about_us(each)]

    async def _of_operator(self, pod: Body) -> AsyncIterator[tuple[str, str]]:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        log = await self._tried(
            f"log of {name}",
            lambda: self._cluster.log(namespace, name, container="operator", lines=_LOG_LINES),
            "",
        )
        yield f"operator/{name}.log", _scrubbed(log)
        if address := pod.get("status", {}).get("podIP"):
            metrics = await self._tried(f"metrics of {name}", lambda: _metrics(address), "")
            yield f"operator/{name}.metrics", metrics

    async def _listed(
        self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None
    ) -> list[Body]:
        nothing: list[Body] = []
        return await self._tried(
            f"{namespace}/{kind.plural}",
            lambda: self._cluster.list(kind, namespace, labels=labels),
            nothing,
        )

    async def _tried(self, what: str, ask: Callable[[], Awaitable[T]], otherwise: T) -> T:
        try:
            return await ask()
        except (CallerError, aiohttp.ClientError, OSError) as error:
            self._faults.append(f"{what}: {str(error) or type(error).__name__}")
            return otherwise


async def _metrics(address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    timeout = aiohttp.ClientTimeout(total=5)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"http://{host}:{_METRICS_PORT}/metrics") as reply,
    ):
        return await reply.text()


def _clean(body: Body) -> Body:
    """Return *body* without values that are, or may be, secret."""
    metadata = dict(body["metadata"])
    metadata.pop("managedFields", None)
    annotations = {
        key: value for key, value in metadata.get("annotations", {}).items() if key != _LAST_APPLIED
    }
    rest = {key: value for key, value in body.items() if key != "metadata"}
    if body.get("kind") == SECRET.name:
        rest.pop("stringData", None)
        rest["data"] = dict.fromkeys(body.get("data") or {}, _REMOVED)
        return {"metadata": metadata | {"annotations": {}}, **rest}
    cleaned: Body = _without_secrets({"metadata": metadata | {"annotations": annotations}, **rest})
    return cleaned


def _outlined(body: Body) -> Body:
    """Return what is seen of *body* from outside: no arguments, no environment."""
    kept = ("name", "namespace", "uid", "generation", "labels", "ownerReferences")
    metadata = {key: value for key, value in body["metadata"].items() if key in kept}
    spec = {key: value for key, value in body["spec"].items() if key in ("replicas", "nodeName")}
    return {"metadata": metadata, "spec": spec, "status": body.get("status", {})}


def _without_secrets(value: Any, *, name: str = "") -> Any:
    if isinstance(value, dict):
        # A variable of a container: what it is called is beside what it is.
        if isinstance(called := value.get("name"), str) and isinstance(value.get("value"), str):
            return value | {"value": _without_secrets(value["value"], name=called)}
        return {key: _without_secrets(each, name=key) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each, name=name) for each in value]
    if isinstance(value, str):
        return _REMOVED if _is_secret(name, value) else _scrubbed(value)
    return value


def _is_secret(name: str, value: str) -> bool:
    # References to Secrets are names, which help and harm nobody.
    reference = re.search(r"(name|ref|key|path|type|mode)$", name, re.IGNORECASE) is not None
    return bool(value) and _SECRET_NAME.search(name) is not None and not reference


def _scrubbed(text: str) -> str:
    lines = [_SECRET_LINE.sub(rf"\g<name>{_REMOVED}", each) for each in text.splitlines()]
    return _URL_PASSWORD.sub(rf"\g<1>{_REMOVED}@", "\n".join(lines))


def _is_about_us(event: Body) -> bool:
    about = event.get("regarding", {})
    return str(about.get("apiVersion", "")).startswith(f"{GROUP}/")


def _text(bodies: Sequence[Body]) -> str:
    return json.dumps(bodies, indent=1, sort_keys=True) + "\n"


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(f"tantrum-operator/{name}")
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
