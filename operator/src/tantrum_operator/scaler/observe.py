"""Reads what is: everything of a namespace once, for all of its scalers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tantrum_kit.errors import CallerError

from tantrum_operator.cluster import Cluster
from tantrum_operator.objects import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, POD, Body
from tantrum_operator.prometheus import Metrics
from tantrum_operator.scaler import queries
from tantrum_operator.scaler.figures import Missing, Observed
from tantrum_operator.scaler.pods import pod_of, selects, usage_of
from tantrum_operator.scaler.spec import ScalerSpec
from tantrum_operator.scaler.utilisation import Resource, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """What was read of a namespace."""

    deployments: Mapping[str, Body]
    pods: Sequence[Body]
    pods_by_label: Mapping[tuple[str, str], Sequence[Body]]
    """So that many scalers need not look through all pods each."""

    autoscalers: Mapping[str, Sequence[str]]
    """HorizontalPodAutoscalers by the name of the Deployment that they scale."""

    usage: Mapping[str, Mapping[Resource, Usage]] | Missing
    """By pod."""

    answers: queries.Answers


async def observe(
    cluster: Cluster,
    metrics: Metrics | None,
    namespace: str,
    specs: Sequence[ScalerSpec],
    *,
    metrics_seconds: float,
) -> Namespace:
    """
    Read all that *specs* need.

    What measures may fail, and is then missing; *metrics_seconds* bound it. Errors of the
    cluster pass through.
    """
    deployments, pods, autoscalers, usage, answers = await asyncio.gather(
        cluster.list(DEPLOYMENT, namespace),
        cluster.list(POD, namespace),
        cluster.list(HORIZONTAL_POD_AUTOSCALER, namespace),
        _usage(cluster, namespace, specs, within_seconds=metrics_seconds),
        queries.answers(metrics, queries.queries_of(specs), within_seconds=metrics_seconds),
    )
    return Namespace(
        deployments={each["metadata"]["name"]: each for each in deployments},
        pods=pods,
        pods_by_label=_by_label(pods),
        autoscalers=_by_target(autoscalers),
        usage=usage,
        answers=answers,
    )


def observed(spec: ScalerSpec, found: Namespace) -> Observed:
    """Return what was *found* for one scaler."""
    deployment = found.deployments.get(spec.target_ref.name)
    if deployment is None or "deletionTimestamp" in deployment["metadata"]:
        return Observed(replicas=None)
    selector = deployment["spec"]["selector"]
    missing = found.usage if isinstance(found.usage, Missing) else None
    usage = {} if isinstance(found.usage, Missing) else found.usage
    autoscaling = spec.autoscaling
    metrics = autoscaling.metrics if autoscaling else ()
    dependencies = autoscaling.dependencies if autoscaling else ()
    return Observed(
        replicas=deployment["spec"].get("replicas", 1),
        pods=[
            pod_of(each, usage.get(each["metadata"]["name"], {}))
            for each in _selected(selector, found)
        ],
        usage_missing=missing,
        figures={
            each.name: queries.figure(each.prometheus.query, found.answers)
            for each in metrics
            if each.prometheus is not None
        },
        latencies={
            each.name: queries.latency(each.latency, found.answers)
            for each in metrics
            if each.latency is not None
        },
        faults={each.name: queries.figure(each.query, found.answers) for each in dependencies},
    )


def selector_text(deployment: Body) -> str:
    """Return a Deployment's selector as a query string, which the scale of a scaler shows."""
    selector = deployment["spec"]["selector"]
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        key, values = each["key"], ",".join(each.get("values") or ())
        forms = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        parts.append(forms[each["operator"]])
    return ",".join(parts)


async def _usage(
    cluster: Cluster, namespace: str, specs: Sequence[ScalerSpec], *, within_seconds: float
) -> Mapping[str, Mapping[Resource, Usage]] | Missing:
    """Return what pods use, where a metric of *specs* asks for it."""
    metrics = [each for spec in specs if spec.autoscaling for each in spec.autoscaling.metrics]
    if not any(each.resource for each in metrics):
        return {}
    try:
        async with asyncio.timeout(within_seconds):
            bodies = await cluster.pod_metrics(namespace, "")
    except TimeoutError:
        return Missing(why="metrics.k8s.io did not answer in time")
    except CallerError as error:
        return Missing(why=f"metrics.k8s.io: {error}")
    return {each["metadata"]["name"]: usage_of(each) for each in bodies}


def _by_label(pods: Sequence[Body]) -> Mapping[tuple[str, str], Sequence[Body]]:
    found: dict[tuple[str, str], list[Body]] = {}
    for pod in pods:
        for label in (pod["metadata"].get("labels") or {}).items():
            found.setdefault(label, []).append(pod)
    return found


def _selected(selector: Body, found: Namespace) -> list[Body]:
    labels = (selector.get("matchLabels") or {}).items()
    among = min((found.pods_by_label.get(each, ()) for each in labels), key=len, default=found.pods)
    return [each for each in among if selects(selector, each["metadata"].get("labels") or {})]


def _by_target(autoscalers: Sequence[Body]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for each in autoscalers:
        target = each["spec"]["scaleTargetRef"]
        if target["kind"] == DEPLOYMENT.name:
            found.setdefault(target["name"], []).append(each["metadata"]["name"])
    return found
