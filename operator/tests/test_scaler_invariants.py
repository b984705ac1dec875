"""What holds of every decision, whatever was measured before and is now."""

import dataclasses
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from tantrum_operator.scaler.behavior import History, Recommendation, damped
from tantrum_operator.scaler.decision import Reason
from tantrum_operator.scaler.figures import Missing
from tantrum_operator.scaler.latency import Zone
from tantrum_operator.scaler.memory import EXTREMES_MAX, Memory, noted, resumed
from tantrum_operator.scaler.readings import Validity
from tantrum_operator.scaler.status import memory_of, status_of

from .scalers import CPU, LATENCY, NOW, REQUESTS, Day, latency, later, rate, scaler

cpus = st.one_of(st.none(), st.integers(0, 1500))
rates = st.one_of(st.none(), st.floats(0, 3000), st.just(math.nan))
fractions = st.one_of(st.none(), st.floats(0, 1))
looks = st.lists(
    st.tuples(
        cpus, rates, fractions, st.integers(1, 120), st.one_of(st.none(), st.integers(0, 25))
    ),
    min_size=1,
    max_size=12,
)
behaviors = st.fixed_dictionaries(
    {
        "scaleUp": st.fixed_dictionaries({"stabilizationWindowSeconds": st.sampled_from([0, 60])}),
        "scaleDown": st.fixed_dictionaries(
            {
                "stabilizationWindowSeconds": st.sampled_from([0, 60, 300]),
                "policies": st.just([{"type": "Percent", "value": 50, "periodSeconds": 60}]),
            }
        ),
    }
)
MISSING = Missing(why="not there")


def figures(now, cpu, requests, fraction):
    return {
        "cpu": cpu,
        "figures": {"requests": MISSING} if requests is None else rate(requests, now),
        "latencies": {} if fraction is None else latency(fraction, now=now),
    }


def spec(behavior):
    return scaler(CPU, REQUESTS, LATENCY, maxReplicas=20, behavior=behavior)


@given(looks, behaviors)
def test_bounds_metrics_and_targets_are_kept_to(looks, behavior):
    day = Day(spec(behavior))
    for cpu, requests, fraction, seconds, person in looks:
        if person is not None:
            day.replicas = person
        found = figures(later(seconds, day.now), cpu, requests, fraction)
        decision = day.look(after_seconds=seconds, **found)
        current, desired = decision.current, decision.desired

        assert desired == 0 if current == 0 else 2 <= desired <= 20
        if not 2 <= current <= 20:
            continue
        if decision.validity is not Validity.VALID:
            assert desired >= current
        over = [
            each for each in decision.readings if each.verdict and each.verdict.zone is Zone.OVER
        ]
        if over and decision.reason is not Reason.BOTTLENECK:
            assert desired >= current
        if decision.recommended is not None and decision.reason is not Reason.BOTTLENECK:
            towards = sorted((current, decision.recommended, 2, 20))
            assert towards[0] <= desired <= towards[-1]
            assert (desired - current) * (decision.recommended - current) >= 0


@given(looks, behaviors, st.integers(0, 11), st.integers(0, 600))
@settings(max_examples=60)
def test_a_restart_causes_no_scaling_down_that_would_not_have_been(looks, behavior, at, idle):
    """One day goes on, the other is forgotten but for its status, and later found again."""
    day = Day(spec(behavior))
    for number, (cpu, requests, fraction, seconds, _) in enumerate(looks):
        found = figures(later(seconds, day.now), cpu, requests, fraction)
        decision = day.look(after_seconds=seconds, **found)
        if number == at:
            break
    status = status_of(day.spec, decision, ready=1, selector="", memory=day.memory)
    restarted = Day(day.spec, day.replicas)
    restarted.now = day.now
    restarted.memory = resumed(memory_of(status), later(idle, day.now))
    quiet = figures(later(idle + 15, day.now), 50, 0.0, 0.0)

    went_on = day.look(after_seconds=idle + 15, **quiet)
    after = restarted.look(after_seconds=idle + 15, **quiet)

    assert after.desired >= went_on.desired


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), max_size=60),
    st.integers(1, 40),
    st.integers(1, 40),
    behaviors,
)
def test_what_history_leaves_out_can_only_hold_back(past, recommended, current, behavior):
    rules = spec(behavior).autoscaling.behavior.rules
    memory, everything, now = Memory(), [], NOW
    for replicas, seconds in past:
        now = later(seconds, now)
        memory = noted(memory, replicas, rules, now)
        everything.append(Recommendation(time=now, replicas=replicas))

    def step(history):
        result = damped(
            recommended,
            current=current,
            minimum=1,
            maximum=100,
            behavior=rules,
            history=history,
            now=later(1, now),
        )
        return result.replicas - current

    kept, whole = step(memory.history), step(History(recommendations=everything))

    assert len(memory.history.recommendations) <= 2 * EXTREMES_MAX
    assert 0 <= kept <= whole or whole <= kept <= 0


@given(looks, st.integers(1, 30))
def test_more_load_never_means_fewer_replicas(looks, times):
    """Of the first look at two targets that differ in load alone."""
    cpu, requests, fraction, _, _ = looks[0]
    light, heavy = (Day(spec({}), replicas=8) for _ in range(2))
    now = later(15)
    more = figures(
        now,
        None if cpu is None else cpu * times,
        None if requests is None else requests * times,
        fraction,
    )

    fewer = light.look(**figures(now, cpu, requests, fraction))
    after = heavy.look(**more)

    assert after.desired >= fewer.desired


def test_the_newest_recommendation_is_that_of_the_restart():
    memory = noted(Memory(), 5, scaler().autoscaling.behavior.rules, NOW)

    found = resumed(memory, later(600)).history.recommendations

    assert found == (Recommendation(time=later(600), replicas=5),)
    assert resumed(Memory(), NOW) == Memory()


def test_decisions_are_values():
    """So that a replay can compare them."""
    assert dataclasses.is_dataclass(Day(scaler()).look(cpu=250))
