"""What the operator and the agents in the poolers' pods say to each other, as JSON over HTTP."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final, NewType

AGENT_PORT: Final = 9127
"""Where the exporter listened before: what reads figures finds them at the same place."""
AGENT_USER: Final = "tantrum_agent"
"""As whom an agent logs in at PgBouncer; its password is the agents' token."""
PROBE_PREFIX: Final = "tantrum_agent_"
"""Before a database's name: a pool of one connection to its server, for the agent alone."""

Digest = NewType("Digest", str)
"""Says which settings are meant, without saying them."""


def digest_of(settings: str) -> Digest:
    return Digest(hashlib.sha256(settings.encode()).hexdigest()[:16])


class ProtocolError(ValueError):
    """What the other side sent is not of this protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseOrder:
    """
    To let no query through, for *remaining_seconds* at most.

    Each *generation* pauses once: an order for one that is over changes nothing.
    """

    generation: int
    remaining_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """All that an agent is told: the text of pgbouncer.ini, and whether to pause."""

    settings: str
    pause: PauseOrder | None


class PausePhase(StrEnum):
    """Where a pause stands: Pausing lets transactions end that are under way."""

    PAUSING = "Pausing"
    PAUSED = "Paused"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseState:
    generation: int
    phase: PausePhase
    deadline_passed: bool = False
    """Nobody ended it in time, so the agent did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamState:
    """What a pooler knows of the server of one database."""

    database: str
    reachable: bool
    error: str = ""
    in_recovery: bool | None = None
    """Whether it is a replica; this and what follows are of the last time it answered."""
    max_connections: int | None = None
    reserved_connections: int | None = None
    """Of those, what only superusers and the like can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """What one pooler says of itself; without an answer of its console only *console_error*."""

    version: str = ""
    in_force: Digest | None = None
    """The settings that `SHOW CONFIG` and `SHOW DATABASES` prove; None when they differ."""
    paused: bool = False
    pause: PauseState | None = None
    """Of the newest pause since the pod started."""
    clients_waiting: int = 0
    longest_wait_seconds: float = 0.0
    upstreams: tuple[UpstreamState, ...] = field(default=())
    ready: bool = False
    console_error: str = ""


def orders_to_json(orders: Orders) -> str:
    return json.dumps(asdict(orders))


def orders_from_json(text: str | bytes) -> Orders:
    """Raises `ProtocolError`."""
    try:
        body = json.loads(text)
        pause = body["pause"]
        return Orders(
            settings=str(body["settings"]),
            pause=None
            if pause is None
            else PauseOrder(
                generation=int(pause["generation"]),
                remaining_seconds=float(pause["remaining_seconds"]),
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"not an agent's orders: {error!r}") from error


def state_to_json(state: AgentState) -> str:
    return json.dumps(asdict(state))


def state_from_json(text: str | bytes) -> AgentState:
    """Raises `ProtocolError`. What a newer agent says besides is left out."""
    try:
        body = json.loads(text)
        pause = body["pause"]
        known: dict[str, Any] = {name: body[name] for name in AgentState.__slots__}
        known["upstreams"] = tuple(
            UpstreamState(**{name: each[name] for name in UpstreamState.__slots__})
            for each in body["upstreams"]
        )
        known["pause"] = pause and PauseState(
            generation=pause["generation"],
            phase=PausePhase(pause["phase"]),
            deadline_passed=pause["deadline_passed"],
        )
        return AgentState(**known)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"not an agent's state: {error!r}") from error
