"""What a PgBouncer object asks for: its spec, parsed, with the rules of the CRD once more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tantrum_operator.objects import GROUP, Body

MAX_POOL_SIZE: Final = 50
PARAMETERS: Final = (
    "application_name_add_host",
    "client_idle_timeout",
    "client_login_timeout",
    "disable_pqexec",
    "idle_transaction_timeout",
    "log_connections",
    "log_disconnections",
    "max_packet_size",
    "max_prepared_statements",
    "pkt_buf",
    "query_timeout",
    "server_check_delay",
    "server_connect_timeout",
    "server_lifetime",
    "server_round_robin",
    "tcp_keepcnt",
    "tcp_keepidle",
    "tcp_keepintvl",
    "transaction_timeout",
    "verbose",
)
"""
What `parameters` may name: all take effect by RELOAD, and none touches who may log in, how many
connections there are, where files are, or what the operator promises of a pause.
"""

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252})")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_FUNCTION: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}")
_IMAGE: Final = re.compile(r"\S{1,500}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_.]{1,32}")


class InvalidSpecError(Exception):
    """The spec cannot be followed; *faults* are sentences, each after the path of its field."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class PoolMode(StrEnum):
    TRANSACTION = "transaction"
    SESSION = "session"


class TlsMode(StrEnum):
    DISABLE = "disable"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


class DeletionPolicy(StrEnum):
    """What becomes of the poolers when their object is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database that clients see as *name*; *remote_name* is what its server calls it."""

    name: str
    host: str
    port: int
    remote_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    secret: str
    key: str
    user: str
    """Its password is in the list of users; the agent reads the server's limits as it."""
    function: str | None
    """Looks users up that are not in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Sizes are connections of one pooler to one database, all users together."""

    mode: PoolMode
    size: int
    min_size: int
    reserve_size: int
    max_client_connections: int
    idle_timeout_seconds: int
    query_wait_timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaSource:
    """Where the authorities are that may vouch for the upstream."""

    kind: str
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    upstream_mode: TlsMode
    upstream_ca: CaSource | None
    clients_secret: str | None
    clients_optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A scaler whose replicas hold *connections_per_replica* connections each."""

    scaler: str
    connections_per_replica: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduling:
    """Where pods run, and what their images are fetched with; as a pod has it."""

    priority_class: str | None
    pull_secrets: tuple[str, ...]
    node_selector: Mapping[str, str]
    tolerations: tuple[Body, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PgBouncerSpec:
    replicas: int
    image: str
    databases: tuple[Database, ...]
    """The primary's first, then the replicas' if there are any."""
    auth: Auth
    pool: Pool
    parameters: Mapping[str, str] = field(default_factory=dict)
    tls: Tls
    clients: tuple[Client, ...] = ()
    paused: bool
    pause_deadline_seconds: int
    direct_connections: int
    drain_seconds: int
    client_lifetime_seconds: int
    resources: Body
    pod_labels: Mapping[str, str]
    """For NetworkPolicies and Services of others; none is of this group."""
    scheduling: Scheduling
    deletion_policy: DeletionPolicy


def spec_from(body: Body) -> PgBouncerSpec:
    """Raises `InvalidSpecError` with every fault."""
    return _Parser(body["metadata"]["namespace"]).parse(body.get("spec") or {})


class _Parser:
    """Collects faults, and goes on with a value that is good enough to find the others."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._faults: list[str] = []

    def parse(self, spec: Body) -> PgBouncerSpec:
        pool = self._pool(self._part(spec, "pool"))
        parsed = PgBouncerSpec(
            replicas=self._number(spec, "", "replicas", 2, (1, 20)),
            image=self._text(spec, "", "image", _IMAGE),
            databases=self._databases(self._part(spec, "upstream")),
            auth=self._auth(self._part(spec, "auth")),
            pool=pool,
            parameters=self._parameters(self._part(spec, "parameters")),
            tls=self._tls(self._part(spec, "tls")),
            clients=self._clients(spec.get("clients") or []),
            paused=spec.get("paused", False) is True,
            pause_deadline_seconds=self._number(spec, "", "pauseDeadlineSeconds", 15, (1, 120)),
            direct_connections=self._number(spec, "", "directConnections", 10, (0, 10_000)),
            drain_seconds=self._number(spec, "", "drainSeconds", 5, (0, 300)),
            client_lifetime_seconds=self._number(spec, "", "clientLifetimeSeconds", 15, (0, 3600)),
            resources=spec.get("resources") or _DEFAULT_RESOURCES,
            pod_labels=self._pod_labels(self._part(spec, "podLabels")),
            scheduling=Scheduling(
                priority_class=spec.get("priorityClassName"),
                pull_secrets=tuple(each["name"] for each in spec.get("imagePullSecrets") or []),
                node_selector=self._part(spec, "nodeSelector"),
                tolerations=tuple(spec.get("tolerations") or []),
            ),
            deletion_policy=self._choice(
                spec, "", "deletionPolicy", DeletionPolicy, DeletionPolicy.RETAIN
            ),
        )
        if self._faults:
            raise InvalidSpecError(self._faults)
        return parsed

    def _pool(self, pool: Body) -> Pool:
        parsed = Pool(
            mode=self._choice(pool, "pool.", "mode", PoolMode, PoolMode.TRANSACTION),
            size=self._number(pool, "pool.", "size", 20, (1, MAX_POOL_SIZE)),
            min_size=self._number(pool, "pool.", "minSize", 10, (0, MAX_POOL_SIZE)),
            reserve_size=self._number(pool, "pool.", "reserveSize", 0, (0, MAX_POOL_SIZE - 1)),
            max_client_connections=self._number(
                pool, "pool.", "maxClientConnections", 1000, (10, 20_000)
            ),
            idle_timeout_seconds=self._number(pool, "pool.", "idleTimeoutSeconds", 60, (1, 86_400)),
            query_wait_timeout_seconds=self._number(
                pool, "pool.", "queryWaitTimeoutSeconds", 1, (1, 300)
            ),
        )
        if parsed.reserve_size >= parsed.size:
            self._fault("pool.reserveSize", f"must be less than pool.size {parsed.size}")
        return parsed

    def _databases(self, upstream: Body) -> tuple[Database, ...]:
        port = self._number(upstream, "upstream.", "port", 5432, (1, 65_535))
        name = self._text(upstream, "upstream.", "database", _NAME)
        primary = Database(
            name=name, host=self._host(upstream, "upstream."), port=port, remote_name=name
        )
        if "readOnly" not in upstream:
            return (primary,)
        read = self._part(upstream, "readOnly")
        replicas = Database(
            name=self._text(read, "upstream.readOnly.", "database", _NAME, f"{name}_replicas"),
            host=self._host(read, "upstream.readOnly."),
            port=self._number(read, "upstream.readOnly.", "port", port, (1, 65_535)),
            remote_name=name,
        )
        if replicas.name == primary.name:
            self._fault("upstream.readOnly.database", "must differ from upstream.database")
        return (primary, replicas)

    def _host(self, upstream: Body, path: str) -> str:
        service = upstream.get("serviceRef")
        if ("host" in upstream) == (service is not None):
            self._fault(path.rstrip("."), "needs either host or serviceRef")
            return ""
        if service is None:
            return self._text(upstream, path, "host", _HOST)
        return f"{service['name']}.{service.get('namespace', self._namespace)}.svc"

    def _auth(self, auth: Body) -> Auth:
        secret = self._part(auth, "secretRef")
        function = auth.get("function")
        if function is not None and not _FUNCTION.fullmatch(function):
            self._fault("auth.function", "must be schema.function in lower case")
        return Auth(
            secret=str(secret.get("name", "")) or self._fault("auth.secretRef.name", "is missing"),
            key=str(secret.get("key", "userlist.txt")),
            user=self._text(auth, "auth.", "user", _NAME),
            function=function,
        )

    def _parameters(self, parameters: Body) -> Mapping[str, str]:
        for name, value in parameters.items():
            if name not in PARAMETERS:
                self._fault(
                    f"parameters.{name}", f"is not one of those allowed: {', '.join(PARAMETERS)}"
                )
            elif not _VALUE.fullmatch(str(value)):
                self._fault(f"parameters.{name}", "must be a number or one word")
        return {name: str(value) for name, value in sorted(parameters.items())}

    def _tls(self, tls: Body) -> Tls:
        upstream, clients = self._part(tls, "upstream"), tls.get("clients")
        mode = self._choice(upstream, "tls.upstream.", "mode", TlsMode, TlsMode.REQUIRE)
        ca = upstream.get("caRef")
        if mode in {TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL} and ca is None:
            self._fault("tls.upstream.caRef", f"is missing: {mode} needs authorities to trust")
        return Tls(
            upstream_mode=mode,
            upstream_ca=ca
            and CaSource(
                kind=ca.get("kind", "Secret"), name=ca["name"], key=ca.get("key", "ca.crt")
            ),
            clients_secret=clients and clients["secretName"],
            clients_optional=bool(clients and clients.get("optional", False)),
        )

    def _clients(self, clients: Sequence[Body]) -> tuple[Client, ...]:
        return tuple(
            Client(
                scaler=each["scalerRef"]["name"],
                connections_per_replica=self._number(
                    each, f"clients[{index}].", "connectionsPerReplica", 0, (1, 10_000)
                ),
            )
            for index, each in enumerate(clients)
        )

    def _pod_labels(self, labels: Body) -> Mapping[str, str]:
        for name in labels:
            if name.startswith(f"{GROUP}/"):
                self._fault(f"podLabels.{name}", "is the operator's own")
        return labels

    def _part(self, body: Body, name: str) -> Body:
        part: Body = body.get(name) or {}
        return part

    def _number(
        self, body: Body, path: str, name: str, default: int, bounds: tuple[int, int]
    ) -> int:
        low, high = bounds
        value = body.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._fault(f"{path}{name}", f"must be a whole number from {low} to {high}")
            return default
        return value

    def _text(
        self, body: Body, path: str, name: str, form: re.Pattern[str], default: str = ""
    ) -> str:
        value = body.get(name, default)
        if not isinstance(value, str) or not form.fullmatch(value):
            self._fault(f"{path}{name}", f"is missing or has characters other than {form.pattern}")
            return ""
        return value

    def _choice(self, body: Body, path: str, name: str, choices: Any, default: Any) -> Any:
        value = body.get(name, default)
        if value not in set(choices):
            self._fault(f"{path}{name}", f"must be one of {', '.join(choices)}")
            return default
        return choices(value)

    def _fault(self, path: str, text: str) -> str:
        self._faults.append(f"spec.{path}: {text}")
        return ""


_DEFAULT_RESOURCES: Final[Body] = {
    "requests": {"cpu": "50m", "memory": "32Mi"},
    # 1,000 clients with 200 prepared statements each.
    "limits": {"memory": "128Mi"},
}
