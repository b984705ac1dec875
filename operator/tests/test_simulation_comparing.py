"""What a comparison measures, and that each contestant does what it is there for."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from tantrum_operator.scaler.spec import parsed
from tantrum_operator.simulation.advising import Advice, advice
from tantrum_operator.simulation.comparing import at_peak, compare, run
from tantrum_operator.simulation.contestants import (
    Fixed,
    Objective,
    objective_of,
    without_the_unsimulated,
)
from tantrum_operator.simulation.generating import generate
from tantrum_operator.simulation.reporting import Price, report
from tantrum_operator.simulation.service import Service
from tantrum_operator.simulation.trace import Step, Trace

from .budgets import at
from .scaler_manifests import LATENCY, scaler_body

OBJECTIVE = Objective()


def steady(*parts, step_seconds=15, replicas=None):
    """A trace of *parts*: (minutes, requests a second)."""
    steps = [
        Step(requests_per_second=rate, replicas=replicas)
        for minutes, rate in parts
        for _ in range(round(minutes * 60 / step_seconds))
    ]
    return Trace(
        name="made",
        start_time=at("2026-11-02T00:00:00"),
        step_seconds=step_seconds,
        service=Service(),
        steps=steps,
    )


def spec(**changes):
    return parsed(scaler_body(**changes)["spec"])


class Swing:
    name = "swing"

    def __init__(self, counts):
        self._counts = itertools.cycle(counts)

    def desired(self, deployment):
        return next(self._counts)


@pytest.fixture(scope="module")
def day():
    trace = generate("day", seed=7)
    return trace, compare(trace, spec())


def test_hours_money_and_turns_are_counted_as_a_bill_would(day):
    made = run(steady((60, 1.0)), Swing([4, 4, 2, 4]), objective=OBJECTIVE, replicas=4)

    assert made.replica_hours == pytest.approx(3.5)
    assert made.cost(Decimal("0.02")) == Decimal("0.07")
    assert made.turns == 118  # down and up each minute


def test_minutes_over_target_are_those_in_which_the_objective_is_missed():
    trace = steady((10, 50.0), (2, 500.0), (10, 50.0))

    short = run(trace, Fixed("short", 1), objective=OBJECTIVE, replicas=1)
    enough = run(trace, Fixed("enough", 9), objective=OBJECTIVE, replicas=9)

    assert 2 <= short.minutes_over <= 3  # and what the backlog takes to go
    assert enough.minutes_over == 0


def test_all_four_are_compared_and_keep_to_their_bounds(day):
    trace, runs = day

    this, cpu, requests, fixed = runs
    assert [each.name.split(" (")[0] for each in runs] == [
        "this scaler",
        "HPA on CPU",
        "HPA on requests",
        "fixed at peak",
    ]
    for each in (this, cpu, requests):
        assert min(each.replicas) >= 2
        assert max(each.replicas) <= 30
        assert each.replica_hours < fixed.replica_hours
    assert set(fixed.replicas) == {at_peak(trace, OBJECTIVE)}


def test_as_many_as_the_peak_needs_are_enough(day):
    assert day[1][-1].minutes_over == 0


def test_scalers_follow_the_load_and_are_late_only_where_it_jumps(day):
    for each in day[1][:3]:
        assert max(each.replicas) > 2 * min(each.replicas)
        assert each.minutes_over < 24 * 60 / 50


def test_latency_scales_where_cpu_says_nothing():
    trace = replace(steady((30, 300.0)), service=Service(cpu_seconds=0.0001))

    both, cpu, *_ = compare(trace, spec())

    assert max(cpu.replicas) == cpu.replicas[0]
    assert both.over_ratio <= cpu.over_ratio


def test_the_text_has_a_row_and_a_curve_for_each(day):
    trace, runs = day

    text = report(trace, runs, objective_of(spec()), Price(replica_hour=Decimal("0.01")))

    lines = text.splitlines()
    for each in runs:
        row, curve = (line for line in lines if line.startswith(each.name))
        assert f"{each.replica_hours:.1f}" in row
        assert f"{each.cost(Decimal('0.01')):.2f} USD" in row
        assert len(curve.removeprefix(each.name).strip()) == 72
    assert "at most 5% of requests over 200 ms" in text


def test_what_a_simulation_has_no_figures_for_is_left_out_and_named():
    memory = {"name": "m", "type": "Resource", "resource": {"name": "memory", "averageValue": 9}}
    queue = {"name": "q", "type": "Prometheus", "prometheus": {"query": "x", "value": 5}}

    body, left_out = without_the_unsimulated(scaler_body(metrics=(memory, LATENCY, queue))["spec"])

    assert left_out == ["m", "q"]
    assert body["autoscaling"]["metrics"] == [LATENCY]


def test_advice_compares_with_the_replicas_that_were_there():
    many = steady((24 * 60, 50.0), step_seconds=60, replicas=10)

    found = advice(many, spec())

    assert found.minutes_over == 0
    assert found.replica_hours < -24 * 6
    assert str(found).startswith("last day: \N{MINUS SIGN}1")


def test_advice_says_where_more_would_have_been_better():
    few = steady((24 * 60, 300.0), step_seconds=60, replicas=2)

    found = advice(few, spec())

    assert found.replica_hours > 0
    assert found.minutes_over < -23 * 60


def test_there_is_no_advice_where_nobody_recorded_the_replicas():
    assert advice(steady((60, 50.0)), spec()) is None


@pytest.mark.parametrize(
    ("hours", "minutes", "told"),
    [
        pytest.param(-18.2, -3.0, "last 7 days: ~18 replica-hours, ~3 min over target"),
        pytest.param(5.0, 0.2, "last 7 days: +5 replica-hours, ±0 min over target"),
    ],
)
def test_advice_is_one_line(hours, minutes, told):
    found = str(Advice(days=7, replica_hours=hours, minutes_over=minutes))

    assert found == told.replace("~", "\N{MINUS SIGN}")
