"""Budgets and claims for tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tantrum_operator.budget.plan import Claim


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def budget(*, status=None, prices=None, **spec):
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "ScalingBudget",
        "metadata": {"name": "platform", "namespace": "tv", "generation": 1},
        "spec": {
            "maxMonthly": 300,
            "prices": prices or {"replicas": [{"target": "gateway", "replicaHour": "0.01"}]},
            **spec,
        },
        "status": status or {},
    }


def claim(name="gateway", *, current=2, desired=2, minimum=2, hour="0.01", **others):
    return Claim(
        name=name,
        current=current,
        desired=desired,
        minimum=minimum,
        replica_hour=None if hour is None else Decimal(hour),
        **others,
    )


def condition(report, type_):
    [found] = [each for each in report.conditions if each.type == type_]
    return found
