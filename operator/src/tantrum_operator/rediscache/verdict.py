"""What is true of a `RedisCache`, in conditions and status. Pure, as `plan`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import Body
from tantrum_operator.rediscache.naming import FAILOVER_ANNOTATION, pod_of
from tantrum_operator.rediscache.observe import Observed
from tantrum_operator.rediscache.plan import Desired, agreed_master, astray
from tantrum_operator.rediscache.servers import Node

TELLING: Final = frozenset({"master", "failover", "astraySince"})
"""Fields of the status that are written at once when they change."""

EVICTING_SECONDS: Final = 300.0
_NO_FAILOVER: Final = "There is one server, and nothing to fail over to."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    desired: Desired
    observed: Observed
    master: str | None

    @property
    def node(self) -> Node | None:
        """The master, where it answers and says that it is."""
        found = (each for each in self.observed.nodes if each.address == self.master)
        return next((each for each in found if each.master), None)

    @property
    def replicas(self) -> list[Node]:
        return [each for each in self.observed.nodes if not each.master]

    def behind(self, replica: Node) -> int | None:
        return max(0, self.node.offset - replica.offset) if self.node else None


def status(desired: Desired, observed: Observed, before: Body, *, now: dt.datetime) -> Body:
    """Return the fields of the status, of which *before* is what was written last."""
    facts = _Facts(desired=desired, observed=observed, master=_master(desired, observed))
    behind = [facts.behind(each) for each in facts.replicas]
    made: Body = {
        "replicas": len(observed.nodes),
        "sentinels": len(observed.sentinels),
        "servers": [_server(facts, each) for each in observed.nodes],
        "bytesBehind": max((each for each in behind if each is not None), default=0),
        "memory": _memory(facts, before.get("memory", {}), now),
    }
    if facts.master:
        made["master"] = pod_of(facts.master)
    elif "master" in before:
        made["master"] = before["master"]
    if astray(observed, facts.master):
        made["astraySince"] = before.get("astraySince", _time(now))
    if "failover" in before:
        made["failover"] = before["failover"]
    return made


def conditions(desired: Desired, observed: Observed, made: Body) -> list[Condition]:
    """Return all conditions; *made* is the status that goes with them."""
    facts = _Facts(desired=desired, observed=observed, master=_master(desired, observed))
    parts = [
        _available(facts),
        _quorum(facts),
        _replicating(facts, made),
        _updated(facts),
    ]
    split = _split_brain(facts)
    return [_ready(parts, split, facts), *parts, split, _evicting(desired, made)]


def _master(desired: Desired, observed: Observed) -> str | None:
    return agreed_master(desired.spec, desired.names, observed)


def _server(facts: _Facts, node: Node) -> Body:
    server: Body = {"name": pod_of(node.address), "role": "master" if node.master else "replica"}
    if not node.master:
        server |= {"linkUp": node.link_up}
        behind = facts.behind(node)
        if behind is not None:
            server["bytesBehind"] = behind
    return server


def _memory(facts: _Facts, before: Body, now: dt.datetime) -> Body:
    if facts.node is None:
        return before
    made: Body = {
        "usedBytes": facts.node.used_bytes,
        "maxBytes": facts.desired.spec.max_memory_mib * 2**20,
        "evictedKeys": facts.node.evicted_keys,
    }
    # Another master, or one that restarted, counts from zero: that is no growth.
    if facts.node.evicted_keys > before.get("evictedKeys", facts.node.evicted_keys):
        made["lastEvictionTime"] = _time(now)
    elif _recent(before.get("lastEvictionTime"), now):
        made["lastEvictionTime"] = before["lastEvictionTime"]
    return made


def _available(facts: _Facts) -> Condition:
    if not facts.observed.has_password:
        auth = facts.desired.spec.auth
        secret = auth.secret_name if auth else facts.desired.names.secret
        return _false(
            "Available",
            "SecretMissing",
            f"Secret {secret} with the password is gone or was not made yet. Restore it: "
            "running servers keep the password that they started with.",
        )
    if facts.observed.certificate_missing:
        return _false(
            "Available",
            "CertificateMissing",
            f"Secret {facts.desired.spec.tls_secret_name} with tls.crt, tls.key and ca.crt is "
            "missing. Make it.",
        )
    if facts.master is None:
        return _false(
            "Available",
            "NoMaster",
            "No quorum of the Sentinels names one master. Look at the Sentinels' pods.",
        )
    name = pod_of(facts.master)
    if facts.node is None:
        return _false(
            "Available",
            "MasterUnreachable",
            f"{name} is the master and does not answer as one. Sentinel moves the role after "
            f"{facts.desired.spec.failover_after_seconds} s if a replica can take it.",
        )
    wanted = facts.desired.spec.min_replicas_to_write
    if facts.node.good_replicas < wanted:
        return _false(
            "Available",
            "TooFewReplicas",
            f"{name} refuses writes: {facts.node.good_replicas} replicas keep up, and "
            f"minReplicasToWrite is {wanted}.",
        )
    return _true("Available", "MasterAnswers", f"{name} is the master and takes writes.")


def _quorum(facts: _Facts) -> Condition:
    spec, sentinels = facts.desired.spec, facts.observed.sentinels
    if not spec.fails_over:
        return _true("Quorum", "NotNeeded", _NO_FAILOVER)
    able = sum(each.has_quorum for each in sentinels)
    if able < spec.quorum:
        return _false(
            "Quorum",
            "NoQuorum",
            f"{able} of {spec.sentinel_count} Sentinels could fail over now, {spec.quorum} are "
            "needed. Look at the Sentinels' pods and the network between them.",
        )
    off = [each for each in sentinels if each.others != spec.sentinel_count - 1]
    if off or len(sentinels) < spec.sentinel_count:
        counts = ", ".join(str(each.others + 1) for each in sentinels)
        return _false(
            "Quorum",
            "SentinelsDiffer",
            f"{len(sentinels)} of {spec.sentinel_count} Sentinels answer, and they know of "
            f"{counts}. A failover is possible; this mends itself.",
        )
    return _true("Quorum", "QuorumReached", f"All {spec.sentinel_count} Sentinels agree.")


def _replicating(facts: _Facts, made: Body) -> Condition:
    spec = facts.desired.spec
    if not spec.fails_over:
        return _true("Replicating", "NotNeeded", _NO_FAILOVER)
    if facts.node is None:
        return Condition(
            type="Replicating",
            status=Truth.UNKNOWN,
            reason="NoMaster",
            message="There is no master to compare with.",
        )
    following = [each for each in facts.replicas if each.link_up and each.follows == facts.master]
    if len(following) < spec.replicas - 1:
        return _false(
            "Replicating",
            "ReplicasMissing",
            f"{len(following)} of {spec.replicas - 1} replicas are connected to the master.",
        )
    return _true(
        "Replicating", "InStep", f"All replicas follow, {made['bytesBehind']} bytes behind at most."
    )


def _updated(facts: _Facts) -> Condition:
    pods, revision = facts.observed.pods, facts.observed.revision
    if revision is None:
        return Condition(
            type="Updated",
            status=Truth.UNKNOWN,
            reason="NotObserved",
            message="The controller of StatefulSets has not seen the latest change.",
        )
    new = sum(pod.revision == revision and pod.ready for pod in pods)
    if new == facts.desired.spec.replicas == len(pods):
        return _true("Updated", "AllUpdated", "All servers run as the spec says.")
    return _false(
        "Updated",
        "Updating",
        f"{new} of {facts.desired.spec.replicas} servers are ready and run as the spec says; "
        "replicas are replaced one by one, the master last.",
    )


def _split_brain(facts: _Facts) -> Condition:
    masters = [pod_of(each.address) for each in facts.observed.nodes if each.master]
    if len(masters) < 2:  # noqa: PLR2004 - two masters are what it is about
        return Condition(
            type="SplitBrain",
            status=Truth.FALSE,
            reason="OneMaster",
            message="No second server says that it is the master.",
        )
    both = " and ".join(masters)
    if facts.master is None:
        return _true(
            "SplitBrain",
            "NoQuorum",
            f"{both} are masters, and no quorum of the Sentinels names one, so nothing is done. "
            "Bring the Sentinels back; the latest failover that they know of decides.",
        )
    return _true(
        "SplitBrain",
        "BeingRepaired",
        f"{both} are masters; {pod_of(facts.master)} is the right one, and the others follow soon.",
    )


def _evicting(desired: Desired, made: Body) -> Condition:
    memory = made["memory"]
    if "lastEvictionTime" not in memory:
        return Condition(
            type="Evicting",
            status=Truth.FALSE,
            reason="EnoughMemory",
            message="Nothing was dropped in the last five minutes to make room.",
        )
    return _true(
        "Evicting",
        "MemoryFull",
        f"Keys are dropped ({desired.spec.eviction_policy}) to stay below "
        f"{desired.spec.max_memory_mib} MiB. Raise maxMemoryMiB if hits have become fewer.",
    )


def _ready(parts: list[Condition], split: Condition, facts: _Facts) -> Condition:
    if split.status is Truth.TRUE:
        return _false("Ready", "SplitBrain", split.message)
    for part in parts:
        if part.status is not Truth.TRUE:
            return Condition(
                type="Ready", status=part.status, reason=part.reason, message=part.message
            )
    message = "The master takes writes"
    if facts.desired.spec.fails_over:
        message += ", and a replica can take over"
    if facts.desired.failover_wanted and not facts.desired.spec.fails_over:
        message += f"; {FAILOVER_ANNOTATION} asks in vain: {_NO_FAILOVER}"
    return _true("Ready", "AsSpecified", message.removesuffix(".") + ".")


def _recent(time: Any, now: dt.datetime) -> bool:
    if time is None:
        return False
    return (now - dt.datetime.fromisoformat(time)).total_seconds() < EVICTING_SECONDS


def _time(now: dt.datetime) -> str:
    return now.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _true(type: str, reason: str, message: str) -> Condition:
    return Condition(type=type, status=Truth.TRUE, reason=reason, message=message)


def _false(type: str, reason: str, message: str) -> Condition:
    return Condition(type=type, status=Truth.FALSE, reason=reason, message=message)
