"""
Who may write: the holder of a Lease, and it alone.

The holder renews every 2 s, and who waits looks every second. After 7 s without a renewal
the holder stops for good and its process ends; others wait until they have seen no renewal
for 10 s of their own clocks, which need not agree with anybody's. So a write that the old
holder began is at an end, or has failed, its request's timeout later; and what was not begun
by then is not begun (`may_write`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import prometheus_client
import structlog
from tantrum_kit.errors import CallerError, NotFoundError

from tantrum_operator.cluster import Cluster, ConflictError
from tantrum_operator.objects import LEASE, Body

_LEADER: Final = prometheus_client.Gauge(
    "tantrum_operator_leader", "1 in the process that holds the Lease, 0 in one that waits for it."
)
_FAILURES: Final = prometheus_client.Counter(
    "tantrum_operator_lease_failures_total",
    "Attempts to read, take or renew the Lease that failed.",
)
log = structlog.get_logger()


class LeadershipLostError(Exception):
    """Another process may write from now on, so this one must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a Lease holds; the request timeout of its calls must be below the deadline."""

    lease_seconds: float = 10.0
    renew_deadline_seconds: float = 7.0
    retry_seconds: float = 2.0


class Elector:
    """One candidate. *cluster* must not be the one that asks `may_write`."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str,
        name: str,
        identity: str,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._timing = timing or Timing()
        self._clock = clock
        self._lease: Body | None = None
        self._seen = clock()
        """When the Lease was last seen to change."""
        self._renewed: float | None = None
        """When the renewal was begun that last succeeded; None while another leads."""
        self.contact = clock()
        """When the API server last answered."""

    def may_write(self) -> bool:
        """Whether nobody else can hold the Lease at this moment."""
        if self._renewed is None:
            return False
        return self._clock() - self._renewed < self._timing.renew_deadline_seconds

    @property
    def contact_age_seconds(self) -> float:
        return self._clock() - self.contact

    async def acquire(self) -> None:
        """Return once this candidate holds the Lease."""
        _LEADER.set(0)
        # Twice as often as the holder renews, since a clean stop is to be noticed soon.
        pause_seconds = self._timing.retry_seconds / 2
        while not await self._attempt():  # noqa: ASYNC110 - the Lease is not ours to wait on
            await asyncio.sleep(pause_seconds * random.uniform(0.8, 1.0))  # noqa: S311 - no secret
        _LEADER.set(1)
        log.info("leadership_taken", identity=self._identity)

    async def hold(self) -> None:
        """Renew for as long as that works; raises `LeadershipLostError` when it does not."""
        try:
            while True:
                await asyncio.sleep(self._timing.retry_seconds)
                if not self.may_write():
                    break
                if not await self._attempt() and self._held_by_another():
                    break
        finally:
            _LEADER.set(0)
        self._renewed = None
        raise LeadershipLostError("the Lease was not renewed in time, or is another's")

    async def release(self) -> None:
        """Leave the Lease to whoever wants it, after the last write."""
        if not self.may_write():
            return
        self._renewed = None
        try:
            await self._read()
            if self._lease is not None and not self._held_by_another():
                await self._cluster.replace(self._manifest(self._lease, holder=""))
        except CallerError as error:
            # It runs out by itself.
            log.warning("lease_not_released", error=str(error))
        else:
            log.info("leadership_released", identity=self._identity)

    async def _attempt(self) -> bool:
        """Take or renew the Lease; whatever goes wrong is a failed attempt."""
        began = self._clock()
        try:
            async with asyncio.timeout(self._timing.renew_deadline_seconds):
                written = await self._write()
        except Exception as error:  # noqa: BLE001 - no kind of failure may keep a Lease
            _FAILURES.inc()
            log.warning("lease_failed", error=str(error) or type(error).__name__)
            return False
        self.contact = self._clock()
        if written:
            self._renewed = began
        return written

    async def _write(self) -> bool:
        if self._lease is None or self._renewed is None:
            await self._read()
        if self._held_by_another():
            return False
        try:
            if self._lease is None:
                self._saw(await self._cluster.create(self._manifest(None)))
            else:
                self._saw(await self._cluster.replace(self._manifest(self._lease)))
        except (ConflictError, NotFoundError):
            # Somebody was faster, or an earlier answer to us got lost: look again.
            self._lease = None
            return False
        return True

    async def _read(self) -> None:
        self._saw(await self._cluster.get(LEASE, self._namespace, self._name))

    def _saw(self, lease: Body | None) -> None:
        if _version(lease) != _version(self._lease):
            self._seen = self._clock()
        self._lease = lease

    def _held_by_another(self) -> bool:
        spec = (self._lease or {}).get("spec", {})
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self._identity):
            return False
        lasts = spec.get("leaseDurationSeconds") or self._timing.lease_seconds
        return self._clock() - self._seen < lasts

    def _manifest(self, before: Body | None, *, holder: str | None = None) -> Body:
        holder = self._identity if holder is None else holder
        now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        old = (before or {}).get("spec", {})
        changes = old.get("holderIdentity") != holder
        taken = before is not None and changes and holder != ""
        metadata = {"name": self._name, "namespace": self._namespace}
        if before is not None:
            metadata["resourceVersion"] = before["metadata"]["resourceVersion"]
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": metadata,
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": round(self._timing.lease_seconds),
                "acquireTime": now if changes else old.get("acquireTime", now),
                "renewTime": now,
                "leaseTransitions": old.get("leaseTransitions", 0) + taken,
            },
        }


def _version(lease: Body | None) -> str | None:
    return None if lease is None else lease["metadata"]["resourceVersion"]
