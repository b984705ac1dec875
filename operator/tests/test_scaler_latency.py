"""The law of latency: what it proposes, and when it keeps silent."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.scaler.figures import Distribution, Latency, Missing
from tantrum_operator.scaler.latency import Zone, verdict
from tantrum_operator.scaler.spec import LatencyMetric

from .scalers import NOW, durations, latency, later, pod, pods

METRIC = LatencyMetric(histogram="request_duration_seconds")
fractions = st.floats(0, 1)


def judged(fraction, *, current=4, starting=0, metric=METRIC, now=NOW, **others):
    found = pods(current - starting) + [
        pod(f"new-{n}", ready_seconds=None) for n in range(starting)
    ]
    return verdict(
        metric, latency(fraction, **others)["latency"], pods=found, current=current, now=now
    )


@pytest.mark.parametrize(
    ("fraction", "zone", "replicas"),
    [
        pytest.param(0.0, Zone.UNDER, 3, id="none over target"),
        pytest.param(0.02, Zone.UNDER, 3, id="well within"),
        pytest.param(0.026, Zone.HOLD, 4, id="in the band"),
        pytest.param(0.05, Zone.HOLD, 4, id="exactly as allowed"),
        pytest.param(0.06, Zone.OVER, 6, id="a little over"),
        pytest.param(0.2, Zone.OVER, 8, id="the largest step"),
        pytest.param(1.0, Zone.OVER, 8, id="all over target"),
    ],
)
def test_the_fraction_over_target_decides(fraction, zone, replicas):
    found = judged(fraction)

    assert (found.zone, found.replicas) == (zone, replicas)
    assert found.fraction == pytest.approx(fraction)


def test_replicas_that_are_starting_count_as_the_step():
    assert judged(0.5, current=8, starting=4).replicas == 8
    assert judged(0.5, current=8, starting=2).replicas == 12


def test_a_replica_has_half_the_window_to_help():
    young = pods(4, ready_seconds=29)
    settled = pods(4, ready_seconds=30)
    over = latency(0.5)["latency"]

    assert verdict(METRIC, over, pods=young, current=4, now=NOW).replicas == 4
    assert verdict(METRIC, over, pods=settled, current=4, now=NOW).replicas == 8


def test_while_the_error_budget_burns_nothing_goes_down():
    found = judged(0.0, budget=0.06)

    assert (found.zone, found.replicas) == (Zone.HOLD, 4)
    assert "error budget" in found.told


def test_too_few_requests_propose_nothing():
    found = judged(1.0, requests=19)

    assert (found.zone, found.replicas, found.fraction) == (Zone.QUIET, 4, None)
    assert judged(0.0, requests=0).zone is Zone.QUIET


@pytest.mark.parametrize(
    ("recent", "why"),
    [
        pytest.param(Missing(why="it was not read"), "it was not read", id="missing"),
        pytest.param(durations(0.5, now=later(-91)), "the figure is 91 s old", id="old"),
        pytest.param(
            Distribution(counts={0.2: math.nan, 1.0: 1.0, math.inf: 1.0}, time=NOW),
            "the figure is not a number",
            id="NaN",
        ),
        pytest.param(
            Distribution(counts={math.inf: 50.0}, time=NOW),
            "the histogram has no buckets",
            id="no buckets",
        ),
        pytest.param(
            Distribution(counts={0.2: 50.0}, time=NOW),
            "the histogram has no buckets",
            id="no total",
        ),
        pytest.param(
            Distribution(counts={0.1: 50.0, math.inf: 100.0}, time=NOW),
            "no bucket of the histogram reaches the target",
            id="clipped",
        ),
    ],
)
def test_what_cannot_be_gone_by_is_no_figure(recent, why):
    found = verdict(
        METRIC, Latency(recent=recent, budget=durations(0)), pods=pods(4), current=4, now=NOW
    )

    assert found == Missing(why=why)


def test_without_the_long_window_nothing_goes_down():
    recent = Latency(recent=durations(0), budget=Missing(why="it was not read"))

    found = verdict(METRIC, recent, pods=pods(4), current=4, now=NOW)

    assert (found.zone, found.replicas) == (Zone.HOLD, 4)


def test_between_two_bounds_requests_are_taken_as_spread_evenly():
    counts = {0.1: 0.0, 0.3: 100.0, math.inf: 100.0}
    recent = Distribution(counts=counts, time=NOW)

    found = verdict(METRIC, Latency(recent=recent, budget=recent), pods=pods(4), current=4, now=NOW)

    assert found.fraction == pytest.approx(0.5)


@given(fractions, fractions, st.integers(1, 50), st.integers(0, 50))
def test_over_target_there_are_never_fewer_and_the_step_is_bounded(
    fraction, budget, current, starting
):
    found = judged(fraction, budget=budget, current=current, starting=min(starting, current))

    if found.zone is Zone.OVER:
        assert current <= found.replicas <= 2 * current
    else:
        assert found.replicas <= current
    assert found.replicas >= 1


@given(fractions, fractions, st.integers(1, 50), st.integers(0, 50))
def test_more_requests_over_target_never_mean_fewer_replicas(one, other, current, starting):
    low, high = sorted((one, other))
    starting = min(starting, current)

    fewer = judged(low, budget=0, current=current, starting=starting)
    more = judged(high, budget=0, current=current, starting=starting)

    assert fewer.replicas <= more.replicas


def test_a_figure_of_the_future_is_as_good_as_one_of_now():
    """The clocks of Prometheus and the operator are never quite the same."""
    assert judged(0.5, now=NOW - dt.timedelta(seconds=5)).zone is Zone.OVER
