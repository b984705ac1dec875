"""Traces: made from a seed, kept in files, refused with the line where they are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.simulation import trace as traces
from tantrum_operator.simulation.generating import LENGTHS, generate
from tantrum_operator.simulation.trace import Step, TraceError, parse

HEAD = (
    '{"format": "tantrum-trace/1", "name": "x", "start": "2026-11-02T00:00:00Z", '
    '"step_seconds": 15}'
)


def rates(trace, begin_hour=0.0, end_hour=24.0):
    per_hour = 3600 / trace.step_seconds
    steps = trace.steps[round(begin_hour * per_hour) : round(end_hour * per_hour)]
    return [step.requests_per_second for step in steps]


@pytest.mark.parametrize("length", sorted(LENGTHS))
def test_the_same_seed_makes_the_same_trace_and_another_another(length):
    assert generate(length, seed=7) == generate(length, seed=7)
    assert generate(length, seed=7) != generate(length, seed=8)


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_a_day_has_the_hours_of_a_household_and_the_load_of_a_million_monthly_users(seed):
    day = generate("day", seed=seed)

    night, evening = rates(day, 2, 5), rates(day, 19, 21)
    assert day.hours == 24
    assert sum(evening) / len(evening) > 4 * sum(night) / len(night)
    assert 90 <= sum(rates(day)) / len(day.steps) <= 140


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_a_launch_a_flash_and_a_ramp_are_in_it(seed):
    day = generate("day", seed=seed)

    launch = rates(day, 11.9, 13.2)
    before = sum(rates(day, 11, 11.9)) / len(rates(day, 11, 11.9))
    assert max(launch) > 8 * before
    flash = [rate for rate in rates(day, 8.9, 10.1) if rate > 4 * before]
    assert len(flash) == 4  # 60 s in steps of 15 s


def test_a_week_is_busier_at_its_end():
    week = generate("week", seed=3)

    tuesday, saturday = rates(week, 24 + 11, 24 + 24), rates(week, 5 * 24 + 11, 5 * 24 + 18)
    assert sum(saturday) / len(saturday) > sum(tuesday) / len(tuesday)
    assert week.hours == 7 * 24


@given(
    st.lists(
        st.builds(
            Step,
            requests_per_second=st.integers(0, 10**6).map(lambda n: n / 1000),
            replicas=st.none() | st.integers(0, 100),
            over_ratio=st.none() | st.integers(0, 1000).map(lambda n: n / 1000),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read_again(steps):
    trace = parse([HEAD, '{"requests_per_second": 0}'])
    trace = traces.Trace(
        name="y",
        start_time=trace.start_time,
        step_seconds=60.0,
        service=trace.service,
        steps=steps,
    )

    assert parse(list(traces.lines(trace))) == trace


def test_a_missing_step_is_as_the_one_before():
    trace = parse(
        [
            HEAD,
            '{"requests_per_second": null}',
            '{"requests_per_second": 5, "replicas": 2}',
            '{"requests_per_second": null}',
        ]
    )

    assert [step.requests_per_second for step in trace.steps] == [5, 5, 5]
    assert [step.replicas for step in trace.steps] == [2, 2, None]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param([], "line 1", id="empty"),
        pytest.param(["requests"], "line 1: is not JSON", id="no JSON"),
        pytest.param(['{"format": "other"}'], "line 1: is not the head", id="another format"),
        pytest.param([HEAD], "no step", id="no steps"),
        pytest.param([HEAD, "[1]"], "line 2: is not a JSON object", id="a list"),
        pytest.param([HEAD, '{"requests": 1}'], "line 2: no such field: requests", id="field"),
        pytest.param([HEAD, "", '{"requests_per_second": -1}'], "line 3", id="below 0"),
        pytest.param([HEAD, '{"requests_per_second": NaN}'], "line 2", id="NaN"),
        pytest.param([HEAD, '{"requests_per_second": "9"}'], "line 2", id="text"),
        pytest.param(
            [HEAD, '{"requests_per_second": 1, "over_ratio": 2}'], "over_ratio", id="over"
        ),
        pytest.param([HEAD.replace("15}", "0}")], "step_seconds", id="no time"),
        pytest.param([HEAD.replace("2026-11-02T", "T")], "start", id="start"),
        pytest.param(
            [HEAD.replace("15}", '15, "service": {"concurrency": 0}}')],
            "concurrency",
            id="0 at once",
        ),
        pytest.param(
            [HEAD.replace("15}", '15, "service": {"speed": 1}}')], "no such setting", id="setting"
        ),
        pytest.param([HEAD.replace("15}", '15, "service": 5}')], "service is not", id="service"),
    ],
)
def test_what_is_wrong_with_a_trace_is_told_with_its_line(lines, told):
    with pytest.raises(TraceError, match=told):
        parse(lines)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TraceError, match=r"gone\.jsonl cannot be read"):
        traces.read(tmp_path / "gone.jsonl")
