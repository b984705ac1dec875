"""
When: Kopf watches, and each event only wakes the loop.

No timers and no daemons: they put a finalizer on every object, and then nothing can be
deleted while no operator runs. Kopf writes nothing: no annotations, no events.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import kopf
from kubernetes.aio.client import ApiClient

from tantrum_operator.objects import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    FIELD_MANAGER,
    GROUP,
    PGBOUNCER,
    REDIS_CACHE,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Key,
    Kind,
)
from tantrum_operator.reconciling import Reconciler

CHILDREN: Final = (DEPLOYMENT, STATEFUL_SET, SERVICE, CONFIG_MAP, SECRET, DISRUPTION_BUDGET)
"""Kinds of what we make; of these only what carries `MANAGED` is watched."""

MANAGED: Final = f"app.kubernetes.io/managed-by={FIELD_MANAGER}"
_INSTANCES: Final = ("app.kubernetes.io/instance", f"{GROUP}/pgbouncer")
"""Labels of children that name their object; what is retained has no owner reference."""
_PARENTS: Final = frozenset({PGBOUNCER, REDIS_CACHE})


class Wake(Protocol):
    """What is told which key wants attention."""

    def __call__(self, reconciler: Reconciler, key: Key, *, fresh: bool = False) -> None: ...


class Watch:
    """
    Kopf's watches of our kinds, and of their children where they have any.

    *namespaces* empty means the whole cluster.
    """

    def __init__(
        self,
        client: ApiClient,
        reconcilers: Sequence[Reconciler],
        namespaces: Sequence[str],
        wake: Wake,
    ) -> None:
        self._client = client
        self._namespaces = namespaces
        self._wake = wake
        self._by_kind = {kind: each for each in reconcilers for kind in each.kinds}
        self._seen: dict[tuple[Kind, str, str], object] = {}
        self._stop = threading.Event()

    def start(self) -> asyncio.Future[None]:
        """
        Begin in a thread, and return what ends with it.

        Kopf takes an event loop for its own: at its end it cancels every task there is.
        """
        self._home = asyncio.get_running_loop()
        ended: asyncio.Future[None] = self._home.create_future()
        threading.Thread(target=self._run, args=(ended,), name="watch", daemon=True).start()
        return ended

    def stop(self) -> None:
        self._stop.set()

    def _run(self, ended: asyncio.Future[None]) -> None:
        try:
            asyncio.run(self._watch())
        except Exception as error:  # noqa: BLE001 - the top of a thread; raised by `ended`
            self._tell(ended.set_exception, error)
        finally:
            self._tell(_finish, ended)

    def _tell(self, what: Callable[..., None], *arguments: Any) -> None:
        # There may be nobody any more: this thread is not waited for.
        with contextlib.suppress(RuntimeError):
            self._home.call_soon_threadsafe(what, *arguments)

    async def _watch(self) -> None:
        await kopf.operator(
            registry=self._registry(),
            settings=self._settings(),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=list(self._namespaces),
            stop_flag=self._stop,
        )

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for kind in self._by_kind:
            kopf.on.event(*_selector(kind), registry=registry, param=kind)(self._object)
        for kind in self._children():
            kopf.on.event(*_selector(kind), registry=registry, param=kind)(self._child)
        return registry

    def _settings(self) -> kopf.OperatorSettings:
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        # Else Kopf wants to watch CRDs and namespaces, and makes no progress without the right.
        settings.scanning.disabled = True
        settings.persistence.finalizer = f"{GROUP}/finalizer"
        settings.networking.request_timeout = 30.0
        settings.networking.connect_timeout = 5.0
        # Five minutes of errors; then the process ends and begins anew.
        settings.networking.error_backoffs = (1, 2, 5, *(10,) * 30)
        # A watch that the network forgot is found out by the missing bookmarks.
        settings.watching.server_timeout = 300  # whole: the API server takes no other
        settings.queueing.exit_timeout = 0.5
        settings.process.ultimate_exiting_timeout = None
        for kind in self._children():
            settings.watching.label_selectors[_selector(kind)] = MANAGED
        return settings

    def _children(self) -> Iterable[Kind]:
        return CHILDREN if _PARENTS & self._by_kind.keys() else ()

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:
        """Use the very access of our own client; asked again when a token ran out."""
        configuration: Any = self._client.configuration
        token = await configuration.get_api_key_with_prefix("BearerToken")
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            token=token.split(" ", 1)[-1].strip() if token else None,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
        )

    async def _object(self, type: str, body: kopf.Body, param: Any = None, **_: Any) -> None:
        """Wake what is to be done about one of our objects, unless only its status changed."""
        metadata = body.metadata
        where = (param, str(metadata["namespace"]), str(metadata["name"]))
        told = [metadata.get(each) for each in ("uid", "generation", "deletionTimestamp")]
        told += [dict(metadata.labels), dict(metadata.annotations)]
        if type == "DELETED":
            self._seen.pop(where, None)
        elif self._seen.get(where) == told:
            return
        else:
            self._seen[where] = told
        reconciler = self._by_kind[param]
        self._tell(functools.partial(self._wake, reconciler, reconciler.key(*where), fresh=True))

    async def _child(self, body: kopf.Body, **_: Any) -> None:
        """Wake what owns a child, by its owner reference or else by a label."""
        metadata = body.metadata
        owners = [each for each in metadata.get("ownerReferences", ()) if _is_ours(each)]
        names = {(each["kind"], each["name"]) for each in owners}
        labelled = {metadata.labels[each] for each in _INSTANCES if each in metadata.labels}
        for kind, reconciler in self._by_kind.items():
            for name in [name for owner, name in names if owner == kind.name] or labelled:
                where = (kind, str(metadata["namespace"]), name)
                if where in self._seen:
                    self._tell(self._wake, reconciler, reconciler.key(*where))


def _finish(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _is_ours(reference: Mapping[str, Any]) -> bool:
    return str(reference["apiVersion"]).startswith(f"{GROUP}/")


def _selector(kind: Kind) -> tuple[str, str, str]:
    group, _, version = kind.api_version.rpartition("/")
    return group, version, kind.plural
