"""What brings an object nearer to its spec, and what one attempt at that came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tantrum_operator.conditions import Condition
from tantrum_operator.objects import Body, Key, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """Something to tell people by an event on the object: *reason* is one CamelCase word."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What one attempt found out about one object.

    *status* holds the fields beside `conditions` and `observedGeneration`, which are the
    reporter's. A report is written when what it says changed (*conditions*, or the fields
    of *status* that *telling* names), else once a minute.
    """

    body: Body
    conditions: Sequence[Condition]
    status: Body = field(default_factory=dict)
    telling: frozenset[str] = frozenset()
    occurrences: Sequence[Occurrence] = ()


class Reconciler(Protocol):
    """
    Brings the objects of some kinds nearer to their spec.

    Level-based: it reads what is, plans purely and writes the differences, so that calling
    it again at any time is safe. Errors of the cluster pass through; the loop counts them
    and comes again.
    """

    kinds: Sequence[Kind]

    def key(self, kind: Kind, namespace: str, name: str) -> Key:
        """Return what is to be reconciled when this object changed."""

    async def reconcile(self, key: Key) -> Sequence[Report]:
        """Take one step for *key*; no report for what is gone, or being deleted."""
