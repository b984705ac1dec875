"""Brings the targets of all scalers of a namespace nearer to what they should be."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from tantrum_kit.errors import ConflictError, InvalidInputError, NotFoundError

from tantrum_operator import pausing
from tantrum_operator.client_connections import Poolers, poolers_of
from tantrum_operator.cluster import Cluster
from tantrum_operator.conditions import Condition
from tantrum_operator.objects import PGBOUNCER, SCALING_BUDGET, SERVICE_SCALER, Body, Key, Kind
from tantrum_operator.prometheus import Metrics
from tantrum_operator.reconciling import Occurrence, Report
from tantrum_operator.scaler import telling
from tantrum_operator.scaler.apply import Step, scale
from tantrum_operator.scaler.decision import Decision
from tantrum_operator.scaler.exposition import Exposition
from tantrum_operator.scaler.figures import Observed
from tantrum_operator.scaler.memory import Memory, resumed
from tantrum_operator.scaler.observe import Namespace, observe, observed, selector_text
from tantrum_operator.scaler.plan import Candidate, plan
from tantrum_operator.scaler.spec import InvalidSpecError, Mode, ScalerSpec, parsed
from tantrum_operator.scaler.status import TELLING, memory_of, status_of

AT_ONCE: Final = 16
"""How many targets are being scaled at the same time at most."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaler:
    """A scaler whose spec can be followed."""

    body: Body
    spec: ScalerSpec

    @property
    def name(self) -> str:
        name: str = self.body["metadata"]["name"]
        return name

    @property
    def uid(self) -> str:
        uid: str = self.body["metadata"]["uid"]
        return uid


class ScalerReconciler:
    """
    Decides all ServiceScalers of a namespace in one pass, with its ScalingBudgets.

    *metrics* is None where there is no Prometheus; *metrics_seconds* bound whatever
    measures, so that a pass goes on without.
    """

    kinds: Sequence[Kind] = (SERVICE_SCALER, SCALING_BUDGET)

    def __init__(
        self,
        cluster: Cluster,
        metrics: Metrics | None,
        *,
        metrics_seconds: float,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._cluster = cluster
        self._metrics = metrics
        self._metrics_seconds = metrics_seconds
        self._now = now
        self._memories: dict[tuple[str, str], Memory] = {}
        self._exposition = Exposition()

    def key(self, kind: Kind, namespace: str, name: str) -> Key:
        return Key(kind=SERVICE_SCALER.name, namespace=namespace, name="")

    async def reconcile(self, key: Key) -> Sequence[Report]:
        namespace = key.namespace
        bodies, budgets, poolers = await asyncio.gather(
            self._cluster.list(SERVICE_SCALER, namespace),
            self._cluster.list(SCALING_BUDGET, namespace),
            self._poolers(namespace),
        )
        # A status keeps whole seconds: with finer time a restart would decide otherwise.
        now = self._now().replace(microsecond=0)
        alive = [each for each in bodies if "deletionTimestamp" not in each["metadata"]]
        scalers, reports = _followed(alive)
        found = await observe(
            self._cluster,
            self._metrics,
            namespace,
            [each.spec for each in scalers],
            metrics_seconds=self._metrics_seconds,
        )
        scalers, refused = _owning(scalers, found)
        pauses = {each.name: pausing.pause_of(each.body, now) for each in scalers}
        candidates = {
            each.name: self._candidate(each, found, now, held=pauses[each.name] is not None)
            for each in scalers
        }
        self._forget_others(namespace, alive)
        made = plan(list(candidates.values()), budgets, now, poolers=poolers)
        slots = asyncio.Semaphore(AT_ONCE)
        acted = await asyncio.gather(
            *(
                self._act(each, decision, candidates[each.name].observed, found, slots)
                for each in scalers
                if (decision := made.decisions.get(each.name)) is not None
            ),
            # One that fails leaves no other half-way; the error then goes on.
            return_exceptions=True,
        )
        reports.extend(_raised_last(acted))
        reports.extend(
            pausing.paused_report(each.body, pause)
            for each in scalers
            if (pause := pauses[each.name]) is not None
        )
        return [*reports, *refused, *made.budgets]

    async def _poolers(self, namespace: str) -> list[Poolers]:
        try:
            return [poolers_of(each) for each in await self._cluster.list(PGBOUNCER, namespace)]
        except NotFoundError:
            return []  # the kind is not served, so there are none

    def _candidate(
        self, scaler: _Scaler, found: Namespace, now: dt.datetime, *, held: bool
    ) -> Candidate:
        memory = self._memories.get((scaler.body["metadata"]["namespace"], scaler.uid))
        if memory is None:
            memory = resumed(memory_of(scaler.body.get("status", {})), now)
        deployment = found.deployments.get(scaler.spec.target_ref.name)
        return Candidate(
            name=scaler.name,
            spec=scaler.spec,
            observed=observed(scaler.spec, found),
            memory=memory,
            pod_spec=deployment["spec"]["template"]["spec"] if deployment else {},
            held=held,
        )

    async def _act(
        self,
        scaler: _Scaler,
        decision: Decision,
        seen: Observed,
        found: Namespace,
        slots: asyncio.Semaphore,
    ) -> Report:
        """Scale where that is to be, and return what there is to tell."""
        namespace = scaler.body["metadata"]["namespace"]
        scales = decision.scales and scaler.spec.mode is Mode.ENFORCE
        memory = decision.intended() if scales else decision.memory
        # Before anything is written: also where it cannot be said whether it was, the next
        # look must not take what was done here for a person's doing.
        self._memories[namespace, scaler.uid] = memory
        deployment = found.deployments.get(scaler.spec.target_ref.name)
        status = status_of(
            scaler.spec,
            decision,
            ready=seen.ready,
            selector=selector_text(deployment) if deployment else "",
            memory=memory,
        )
        body, told = scaler.body, decision.occurrences
        if scales and deployment is not None:
            async with slots:
                step = Step(
                    target=scaler.spec.target_ref.name,
                    before=decision.current or 0,
                    after=decision.desired or 0,
                    resource_version=deployment["metadata"]["resourceVersion"],
                )
                body, happened = await self._scale(scaler, decision, step, status)
            told = (*told, happened)
        self._exposition.decided(namespace, scaler.name, decision)
        return Report(
            body=body,
            conditions=telling.conditions_of(scaler.spec, decision),
            status=status,
            telling=TELLING,
            occurrences=told,
        )

    async def _scale(
        self, scaler: _Scaler, decision: Decision, step: Step, status: Body
    ) -> tuple[Body, Occurrence]:
        """Return the scaler's body with the status that was written, and what happened."""
        old = scaler.body.get("status", {})
        kept = {name: old[name] for name in ("conditions", "observedGeneration") if name in old}
        written = {**scaler.body, "status": {**status, **kept}}
        facts = {"scaler": scaler.name, "target": step.target, "after": step.after}
        tried = f"Not scaled from {step.before} to {step.after}"
        try:
            scaled = await scale(self._cluster, scaler.body, step, status=written["status"])
        except (ConflictError, NotFoundError, InvalidInputError) as error:
            log.info("scaling_refused", **facts, error=str(error))
            message = f"{tried}, tried again soon: {error}"
            return written, Occurrence(reason="ScalingRefused", message=message, warning=True)
        if not scaled:
            message = f"{tried}: somebody scaled {step.target} just now"
            return written, Occurrence(reason="ScalingRefused", message=message)
        self._exposition.scaled(decision)
        log.info("target_scaled", **facts, before=step.before, reason=str(decision.reason))
        return written, Occurrence(reason="Scaled", message=decision.sentence)

    def _forget_others(self, namespace: str, alive: Sequence[Body]) -> None:
        """Forget the scalers of *namespace* that are not there any more."""
        uids = {each["metadata"]["uid"] for each in alive}
        for each in [key for key in self._memories if key[0] == namespace and key[1] not in uids]:
            del self._memories[each]
        self._exposition.kept(namespace, (each["metadata"]["name"] for each in alive))


def _followed(bodies: Sequence[Body]) -> tuple[list[_Scaler], list[Report]]:
    """Return the scalers that can be followed, and reports on the others."""
    scalers, reports = [], []
    for body in bodies:
        try:
            scalers.append(_Scaler(body=body, spec=parsed(body.get("spec", {}))))
        except InvalidSpecError as error:
            reports.append(_kept(body, telling.invalid(error)))
    return scalers, reports


def _owning(scalers: Sequence[_Scaler], found: Namespace) -> tuple[list[_Scaler], list[Report]]:
    """Return the scalers that have their targets to themselves, and reports on the others."""
    by_target: Mapping[str, list[_Scaler]] = defaultdict(list)
    for each in scalers:
        by_target[each.spec.target_ref.name].append(each)
    alone, reports = [], []
    for target, owners in by_target.items():
        autoscalers = found.autoscalers.get(target, ())
        if len(owners) == 1 and not autoscalers:
            alone.extend(owners)
            continue
        for scaler in owners:
            others = [f"ServiceScaler {each.name}" for each in owners if each is not scaler]
            others += [f"HorizontalPodAutoscaler {each}" for each in autoscalers]
            reports.append(_kept(scaler.body, telling.conflict(target, others)))
    return alone, reports


def _kept(body: Body, conditions: Sequence[Condition]) -> Report:
    """Return a report that leaves what was known before: the history goes on later."""
    status = {
        name: value
        for name, value in body.get("status", {}).items()
        if name not in {"conditions", "observedGeneration"}
    }
    return Report(body=body, conditions=conditions, status=status)


def _raised_last(outcomes: Sequence[Report | BaseException]) -> list[Report]:
    """Return the reports, and raise the first error of those that failed."""
    for each in outcomes:
        if isinstance(each, BaseException):
            raise each
    return [each for each in outcomes if isinstance(each, Report)]
