"""The model of the service: queueing, starting, backlog, what it shows to a scaler."""

from __future__ import annotations

import datetime as dt
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.simulation.comparing import quantile
from tantrum_operator.simulation.deployment import Deployment
from tantrum_operator.simulation.queueing import (
    UnreachableTargetError,
    replicas_for,
    slower_than,
    waiting_probability,
)
from tantrum_operator.simulation.service import Service

from .budgets import at

SERVICE = Service()
START = at("2026-11-02T00:00:00")


def deployment(replicas, *, service=SERVICE):
    return Deployment(service, replicas=replicas, target_seconds=0.2, step_seconds=15, time=START)


def test_the_chance_to_wait_is_erlangs():
    assert waiting_probability(0.5, 1) == pytest.approx(0.5)  # with one server it is the load
    assert waiting_probability(2.0, 3) == pytest.approx(4 / 9)
    assert waiting_probability(0.0, 4) == 0


def test_one_server_is_the_exponential_that_books_have():
    lone = Service(concurrency=1, service_seconds=0.1)

    # M/M/1: the time in the system is exponential, with the rate of service less arrivals.
    found = slower_than(0.3, service=lone, arrivals=6.0, delay=0.0)
    assert found == pytest.approx(math.exp(-(10 - 6) * 0.3))


def test_the_formula_agrees_with_queues_that_are_played_out():
    source = random.Random(1)
    service, arrivals = Service(concurrency=3, service_seconds=0.05), 45.0
    free, clock, over, count = [0.0] * 3, 0.0, 0, 100_000
    for _ in range(count):
        clock += source.expovariate(arrivals)
        first = min(range(3), key=free.__getitem__)
        done = max(clock, free[first]) + source.expovariate(1 / 0.05)
        free[first] = done
        over += done - clock > 0.1

    expected = slower_than(0.1, service=service, arrivals=arrivals, delay=0.0)
    assert over / count == pytest.approx(expected, abs=0.01)


@given(st.floats(0, 500), st.floats(0, 5), st.floats(0.001, 12))
def test_more_load_and_more_delay_never_make_it_faster(arrivals, delay, seconds):
    found = slower_than(seconds, service=SERVICE, arrivals=arrivals, delay=delay)

    assert 0 <= found <= 1
    more = slower_than(seconds, service=SERVICE, arrivals=arrivals * 1.1, delay=delay)
    later = slower_than(seconds, service=SERVICE, arrivals=arrivals, delay=delay + 0.1)
    assert found <= more + 1e-9
    assert found <= later + 1e-9


@given(st.floats(0, 5000))
def test_as_few_replicas_as_reach_the_target(requests):
    replicas = replicas_for(requests, service=SERVICE, target_seconds=0.2, allowed=0.05)

    def over(count):
        return slower_than(0.2, service=SERVICE, arrivals=requests / count, delay=0.0)

    assert over(replicas) <= 0.05
    fewer = replicas - 1
    assert fewer == 0 or over(fewer) > 0.05 or requests > 0.95 * fewer * SERVICE.capacity


def test_a_target_below_the_services_own_time_is_out_of_reach():
    with pytest.raises(UnreachableTargetError, match="service_seconds"):
        replicas_for(1.0, service=SERVICE, target_seconds=0.02, allowed=0.05)


def test_a_new_replica_takes_nothing_until_it_has_started():
    simulated = deployment(1)
    simulated.scale(3)

    ready = [simulated.serve(10.0).ready for _ in range(3)]

    assert ready == [1, 3, 3]  # 20 s are over before the middle of the second step


def test_what_cannot_be_answered_waits_and_goes_when_it_can():
    simulated = deployment(1)
    simulated.serve(90.0)
    calm = simulated.serve(60.0)
    simulated.serve(200.0)
    behind = simulated.serve(60.0)
    for _ in range(8):
        after = simulated.serve(60.0)

    assert behind.over / behind.requests > 0.99
    assert after.over / after.requests == pytest.approx(calm.over / calm.requests, rel=0.05)


def test_with_no_replicas_nothing_is_answered():
    moment = deployment(0).serve(10.0)

    assert moment.over == moment.requests == 150


def test_the_cpu_of_pods_follows_the_load_and_new_pods_have_no_sample_yet():
    simulated = deployment(2)
    for _ in range(4):
        simulated.serve(100.0)
    simulated.scale(3)
    simulated.serve(100.0)

    old, _, new = simulated.pods()
    assert old.usage["cpu"].amount == pytest.approx(1000 * 50 * 0.0025 + 5, abs=1)
    assert (old.ready, new.ready) == (True, False)
    assert not new.usage


def test_the_histogram_counts_the_window_and_nothing_else():
    simulated = deployment(2)
    for _ in range(10):
        simulated.serve(10.0)
    simulated.serve(50.0)

    recent, all_of_them = simulated.durations(15.0), simulated.durations_of_all()
    assert recent.counts[math.inf] == pytest.approx(750)
    assert all_of_them.counts[math.inf] == pytest.approx(10 * 150 + 750)
    assert recent.time == START + dt.timedelta(seconds=11 * 15)
    counts = [count for _, count in sorted(recent.counts.items())]
    assert counts == sorted(counts)
    assert quantile(recent, 0.95) == pytest.approx(0.12, abs=0.03)  # 3 times 40 ms
