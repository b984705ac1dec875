"""What a scaler decides, look by look."""

import dataclasses
import datetime as dt

import pytest
from tantrum_operator.scaler.decision import Reason
from tantrum_operator.scaler.figures import Missing, Observed
from tantrum_operator.scaler.memory import DECISIONS_MAX, Memory
from tantrum_operator.scaler.plan import decide
from tantrum_operator.scaler.spec import Mode
from tantrum_operator.scaler.status import memory_of, status_of

from .scalers import (
    CPU,
    LATENCY,
    NOW,
    REQUESTS,
    Day,
    autoscaling,
    fixed,
    latency,
    later,
    rate,
    scaler,
    seen,
)


def told(decision):
    return [each.reason for each in decision.occurrences]


def test_load_scales_up_at_once_and_down_after_the_window():
    day = Day(scaler())

    up = day.look(cpu=500)
    assert (up.desired, up.reason) == (3, Reason.UP)
    assert up.sentence == "Scale from 2 to 3: cpu proposes 3 (100% against 70%)"
    assert day.look(cpu=100).reason is Reason.STABILIZED
    assert day.replicas == 3
    down = day.look(cpu=220, after_seconds=300)
    assert (down.desired, down.reason) == (2, Reason.DOWN)


def test_the_last_scalings_are_remembered_with_their_reasons():
    day = Day(scaler(behavior={"scaleDown": {"stabilizationWindowSeconds": 0}}))
    for _ in range(DECISIONS_MAX):
        day.look(cpu=500)
        day.look(cpu=220)
    found = day.look(cpu=300).memory.scalings

    assert len(found) == DECISIONS_MAX
    assert (found[0].before, found[0].after, found[0].reason) == (3, 2, Reason.DOWN)
    assert found[0].time > found[1].time


def test_the_highest_of_several_metrics_counts():
    decision = decide(scaler(CPU, REQUESTS), seen(2, cpu=100, figures=rate(400)), Memory(), NOW)

    assert decision.recommended == 8
    assert [each.proposal for each in decision.readings] == [1, 8]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_figure_that_is_no_figure_is_missing(value):
    decision = decide(scaler(REQUESTS), seen(5, figures=rate(value)), Memory(), NOW)

    assert (decision.desired, decision.reason) == (5, Reason.NO_METRICS)


def test_while_a_metric_is_missing_it_goes_up_but_not_down():
    missing = {"requests": Missing(why="Prometheus did not answer in time")}
    day = Day(scaler(CPU, REQUESTS), replicas=5)

    for _ in range(50):
        held = day.look(cpu=50, figures=missing)
    assert (held.desired, held.reason) == (5, Reason.SOME_METRICS)
    assert "requests (Prometheus did not answer in time)" in held.sentence
    assert day.look(cpu=500, figures=missing).desired == 8


def test_without_any_metric_nothing_changes():
    observed = seen(5, usage_missing=Missing(why="metrics.k8s.io: 503"))

    decision = decide(scaler(), observed, Memory(), NOW)

    assert (decision.desired, decision.reason) == (5, Reason.NO_METRICS)
    assert decision.sentence == "Keep 5: no metric can be gone by: cpu (metrics.k8s.io: 503)"


def test_latency_vetoes_going_down():
    day = Day(scaler(CPU, LATENCY), replicas=5)

    for _ in range(50):
        day.look(cpu=50, latencies=latency(0.04, now=day.now))
    assert day.replicas == 5
    for _ in range(50):
        day.look(cpu=50, latencies=latency(0.0, budget=0.2, now=day.now))
    assert day.replicas == 5
    for _ in range(50):
        day.look(cpu=50, latencies=latency(0.0, now=day.now))
    assert day.replicas == 2


def test_latency_alone_goes_down_step_by_step():
    day = Day(scaler(LATENCY), replicas=5)

    counts = {day.look(latencies=latency(0.0, now=day.now)).desired for _ in range(100)}

    assert counts == {5, 4, 3, 2}


def test_latency_scales_where_cpu_is_idle():
    day = Day(scaler(CPU, LATENCY))

    decision = day.look(cpu=50, latencies=latency(0.5, now=day.now))

    assert (decision.desired, decision.reason) == (4, Reason.UP)
    assert "latency proposes 4 (50.0% against 5% over 200 ms" in decision.sentence


def test_policies_limit_a_step():
    policy = {"type": "Pods", "value": 1, "periodSeconds": 60}
    day = Day(scaler(behavior={"scaleUp": {"policies": [policy]}}))

    first = day.look(cpu=500, ready_seconds=3600)
    assert (first.desired, first.reason) == (3, Reason.UP)
    second = day.look(cpu=500)
    assert (second.desired, second.reason) == (3, Reason.RATE_LIMITED)
    assert day.look(cpu=500, after_seconds=60).desired == 4


def test_the_maximum_holds():
    decision = decide(scaler(maxReplicas=3), seen(3, cpu=500), Memory(), NOW)

    assert (decision.desired, decision.reason) == (3, Reason.AT_MAXIMUM)


@pytest.mark.parametrize(
    ("current", "desired", "reason"),
    [(1, 2, Reason.AT_MINIMUM), (30, 20, Reason.AT_MAXIMUM)],
    ids=["below", "above"],
)
def test_a_count_outside_the_bounds_is_put_within_whatever_is_measured(current, desired, reason):
    decision = decide(scaler(), seen(current), Memory(), NOW)

    assert (decision.desired, decision.reason) == (desired, reason)


EVENING = {
    "name": "evening",
    "cron": "0 18 * * *",
    "timeZone": "Europe/Vienna",
    "durationSeconds": 7200,
    "minReplicas": 6,
}


class TestSchedules:
    @pytest.mark.parametrize(
        ("time", "floor"),
        [
            pytest.param("2026-11-24T16:59:45", 2, id="just before"),
            pytest.param("2026-11-24T17:00:00", 6, id="from its first second"),
            pytest.param("2026-11-24T18:59:45", 6, id="to its last"),
            pytest.param("2026-11-24T19:00:00", 2, id="no longer"),
            pytest.param("2026-07-24T16:00:00", 6, id="by the clock of the place"),
        ],
    )
    def test_a_schedule_is_a_floor_while_it_lasts(self, time, floor):
        now = dt.datetime.fromisoformat(time).replace(tzinfo=dt.UTC)

        decision = decide(scaler(schedules=[EVENING]), seen(2, cpu=50, now=now), Memory(), now)

        assert (decision.desired, decision.minimum) == (floor, floor)
        assert (decision.schedule == "evening") == (floor == 6)


class TestFixed:
    def test_another_count_is_put_right_with_an_event(self):
        day = Day(fixed(4))
        day.look()
        day.look()
        day.replicas = 7

        decision = day.look()

        assert (decision.desired, decision.reason) == (4, Reason.FIXED)
        assert told(decision) == ["PutRight"]

    def test_kubectl_scale_of_the_scaler_is_no_event(self):
        day = Day(fixed(4))
        day.look()
        day.look()
        day.spec = fixed(6)

        decision = day.look()

        assert (decision.desired, told(decision)) == (6, [])

    def test_a_target_that_a_person_turned_off_stays_off_until_somebody_says_otherwise(self):
        day = Day(fixed(4))
        day.look()
        day.replicas = 0

        assert day.look().reason is Reason.TURNED_OFF
        assert day.look().desired == 0
        day.spec = fixed(3)
        assert day.look().desired == 3

    def test_a_target_that_was_off_before_its_scaler_stays_off(self):
        decision = decide(fixed(4), seen(0), Memory(), NOW)

        assert (decision.desired, decision.reason) == (0, Reason.TURNED_OFF)

    def test_0_is_off_and_another_count_turns_it_on(self):
        day = Day(fixed(0))

        assert day.look().reason is Reason.OFF
        assert day.replicas == 0
        day.look()
        day.spec = fixed(2)
        assert day.look().desired == 2


class TestOverride:
    def overridden(self, replicas, until=None):
        return fixed(replicas, autoscaling=autoscaling(), overrideUntil=until)

    def test_replicas_override_until_their_time(self):
        until = later(60).isoformat()
        day = Day(self.overridden(7, until))

        first = day.look()
        assert (first.desired, first.reason) == (7, Reason.OVERRIDDEN)
        assert first.sentence.endswith("until 2026-11-24T12:01:00Z")
        assert day.look(after_seconds=44).reason is Reason.OVERRIDDEN
        last = day.look(cpu=300, after_seconds=1)
        assert last.reason is Reason.STABILIZED
        assert last.desired == 7

    def test_without_a_time_they_override_until_they_are_removed(self):
        day = Day(self.overridden(7))

        day.look(after_seconds=10**7)
        assert day.replicas == 7
        day.spec = scaler()
        day.look(cpu=50)
        assert day.look(cpu=50, after_seconds=400).desired == 2

    def test_after_off_it_starts_at_the_minimum(self):
        day = Day(self.overridden(0))
        day.look()
        day.look()
        day.spec = scaler(minReplicas=3)

        assert day.look().desired == 3


class TestPeople:
    def test_their_count_is_gone_on_from_for_the_window(self):
        day = Day(scaler())
        day.look(cpu=250)
        day.replicas = 9

        changed = day.look(cpu=100)
        assert (changed.desired, told(changed)) == (9, ["ScaledByPerson"])
        assert told(day.look(cpu=100)) == []
        assert day.look(cpu=100, after_seconds=300).desired == 3

    def test_their_0_is_honoured_and_their_other_count_goes_on(self):
        day = Day(scaler())
        day.look(cpu=250)
        day.replicas = 0

        assert day.look().reason is Reason.TURNED_OFF
        assert day.look().desired == 0
        day.replicas = 4
        assert day.look(cpu=250).desired == 4

    def test_a_scaling_that_did_not_take_place_is_nobodys(self):
        day = Day(scaler())
        first = day.look(cpu=500)
        day.replicas = first.current

        again = day.look(cpu=500)

        assert told(again) == []
        assert again.memory.scalings == ()
        assert again.desired == 3


def test_there_is_nothing_to_decide_without_a_target():
    decision = decide(scaler(), Observed(replicas=None), Memory(), NOW)

    assert (decision.desired, decision.reason) == (None, Reason.NO_TARGET)


def test_the_mode_changes_nothing_about_a_decision():
    recommending = dataclasses.replace(scaler(), mode=Mode.RECOMMEND)

    decisions = [decide(spec, seen(2, cpu=500), Memory(), NOW) for spec in (scaler(), recommending)]

    assert decisions[0] == decisions[1]


def test_what_a_status_holds_is_all_that_there_is_to_remember():
    """Every look of a day with steps, a bottleneck and a person's doing."""
    day = Day(scaler(CPU, LATENCY))
    kept = Memory()
    for number in range(60):
        if number == 40:
            day.replicas = 9
        figures = {"cpu": 50 + number, "latencies": latency(0.3 if number < 35 else 0, now=day.now)}
        decision = day.look(**figures)
        body = status_of(day.spec, decision, ready=1, selector="", memory=day.memory)
        kept = memory_of(body)
        assert kept == day.memory

    assert kept.scalings


@pytest.mark.parametrize(
    "status", [{}, {"history": 3}, {"intent": {}}, {"history": {"ups": [{"time": "now"}]}}]
)
def test_a_status_in_other_words_is_no_memory(status):
    assert memory_of(status) == Memory()
