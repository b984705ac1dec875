"""When more replicas do not help: found, gone back from, and over by itself."""

import pytest
from tantrum_operator.scaler.decision import Reason
from tantrum_operator.scaler.figures import Missing, Sample

from .scalers import CPU, LATENCY, Day, latency, later, scaler

POOLER = {"name": "pooler", "query": "clients_waiting", "faultAbove": 0}
SLOW_UPSTREAM = 0.5


def day(**others):
    return Day(scaler(CPU, LATENCY, dependencies=[POOLER], maxReplicas=40, **others))


def until(one, reason, *, fraction=SLOW_UPSTREAM, looks=100, **figures):
    """Look until *reason* is the decision's; replicas are ready at once."""
    for _ in range(looks):
        decision = one.look(**{"cpu": 50, "latencies": latency(fraction, now=one.now), **figures})
        if decision.reason is reason:
            return decision
    raise AssertionError(f"{reason} was never the reason")


def waiting(now, count):
    return {"pooler": Sample(value=count, time=now)}


def test_three_steps_that_do_not_help_go_back_to_the_count_before():
    one = day()

    found = until(one, Reason.BOTTLENECK)

    assert [each.after for each in reversed(found.memory.scalings)] == [4, 8, 16]
    assert "3 steps from 2 to 16 replicas" in found.sentence
    assert found.occurrences[0].reason == "BottleneckElsewhere"
    for _ in range(10):
        stays = until(one, Reason.BOTTLENECK)
    assert stays.desired == 2


def test_steps_that_help_are_no_bottleneck():
    one = day()

    for _ in range(60):
        # Twice the replicas, half the requests over target.
        fraction = min(0.9, 0.9 * 2 / one.replicas)
        decision = one.look(cpu=50, latencies=latency(fraction, now=one.now))
        assert decision.reason is not Reason.BOTTLENECK
    assert one.replicas == 40


def test_while_cpu_asks_for_more_nobody_else_is_blamed():
    one = day()

    for _ in range(20):
        decision = one.look(cpu=500, latencies=latency(SLOW_UPSTREAM, now=one.now))
        assert decision.reason is not Reason.BOTTLENECK


def test_a_dependency_at_fault_is_blamed_by_name_at_the_second_look():
    one = day()

    first = one.look(cpu=50, latencies=latency(0.5, now=one.now), faults=waiting(one.now, 3))
    second = one.look(cpu=50, latencies=latency(0.5, now=one.now), faults=waiting(one.now, 3))

    assert first.reason is Reason.UP
    assert (second.reason, second.desired) == (Reason.BOTTLENECK, 2)
    assert second.memory.bottleneck.tiers == ("pooler",)
    assert "pooler at fault" in second.sentence


@pytest.mark.parametrize("faults", [{}, {"pooler": Missing(why="not read")}], ids=["no", "missing"])
def test_a_dependency_that_cannot_be_read_is_not_blamed(faults):
    one = day()

    for _ in range(2):
        decision = one.look(cpu=50, latencies=latency(0.5, now=one.now), faults=faults)

    assert decision.reason is Reason.UP or decision.reason is Reason.STEADY


def test_a_dependency_at_fault_is_nobodys_business_within_target():
    one = day()

    for _ in range(5):
        decision = one.look(
            cpu=250, latencies=latency(0.01, now=one.now), faults=waiting(one.now, 3)
        )

    assert decision.memory.bottleneck is None


def test_it_ends_when_requests_are_within_target_again():
    one = day()
    until(one, Reason.BOTTLENECK)

    decision = one.look(cpu=50, latencies=latency(0.0, now=one.now))

    assert decision.memory.bottleneck is None
    assert [each.reason for each in decision.occurrences] == ["BottleneckEnded"]


def test_it_ends_when_many_more_requests_come():
    one = day()
    until(one, Reason.BOTTLENECK)

    busy = latency(0.5, requests=1600, now=one.now)

    assert one.look(cpu=50, latencies=busy).memory.bottleneck is None


def test_it_is_tried_again_after_half_an_hour():
    one = day()
    until(one, Reason.BOTTLENECK)

    over = latency(0.5, now=later(1800, one.now))
    decision = one.look(after_seconds=1800, cpu=50, latencies=over)

    assert decision.memory.bottleneck is None


def test_cpu_still_scales_up_while_latency_is_not_gone_by():
    one = day()
    until(one, Reason.BOTTLENECK)
    until(one, Reason.BOTTLENECK)

    decision = one.look(cpu=500, latencies=latency(0.5, now=one.now))

    assert decision.desired == 3


def test_it_does_not_go_back_while_a_metric_is_missing():
    one = day()
    for _ in range(3):
        until(one, Reason.UP)

    for _ in range(10):
        decision = one.look(cpu=None, latencies=latency(0.5, now=one.now))

    assert decision.desired >= 16


def test_it_does_not_go_back_where_going_down_is_disabled():
    one = day(behavior={"scaleDown": {"selectPolicy": "Disabled"}})

    found = until(one, Reason.BOTTLENECK)

    assert found.desired == 16


def test_two_steps_are_enough_where_the_maximum_allows_no_third():
    one = Day(scaler(CPU, LATENCY, maxReplicas=6))

    found = until(one, Reason.BOTTLENECK)

    assert "2 steps from 2 to 6 replicas" in found.sentence
