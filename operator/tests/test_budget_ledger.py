"""The integral of a month: restarts, gaps, clocks, time zones, the turn of the month."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.budget.checkpoint import checkpoint_of, ledger_from
from tantrum_operator.budget.ledger import counted_on
from tantrum_operator.budget.months import month_of
from tantrum_operator.budget.spec import Opening

from .budgets import at

UTC = ZoneInfo("UTC")
ZONES = [UTC, *map(ZoneInfo, ("Europe/Vienna", "America/St_Johns", "Pacific/Kiritimati"))]


def counted(steps, *, zone=UTC, begin, restarts=False):
    """Count *steps* of (seconds, hourly), through a status at each where it *restarts*."""
    now, ledger = begin, counted_on(None, now=begin, zone=zone, hourly=Decimal(0))
    for seconds, hourly in steps:
        now += dt.timedelta(seconds=seconds)
        if restarts:
            ledger = ledger_from(checkpoint_of(ledger), zone)
        ledger = counted_on(ledger, now=now, zone=zone, hourly=hourly)
    return ledger


steps = st.lists(
    st.tuples(st.integers(1, 3600), st.decimals(min_value=0, max_value=5, places=4)),
    min_size=1,
    max_size=30,
)
moments = st.integers(0, 6 * 365 * 86400).map(
    lambda seconds: at("2024-01-01T00:00:00") + dt.timedelta(seconds=seconds)
)
zones = st.sampled_from(ZONES)


@given(steps, moments, zones)
def test_a_restart_at_every_step_counts_the_same(steps, begin, zone):
    straight = counted(steps, zone=zone, begin=begin)
    restarted = counted(steps, zone=zone, begin=begin, restarts=True)

    assert abs(straight.counted - restarted.counted) < Decimal("1e-6")
    assert restarted.month == straight.month
    assert restarted.since_time == straight.since_time


@given(steps, moments, zones)
def test_what_was_counted_never_shrinks_within_a_month(steps, begin, zone):
    ledger = counted_on(None, now=begin, zone=zone, hourly=Decimal(0))
    now = begin
    for seconds, hourly in steps:
        now += dt.timedelta(seconds=seconds)
        before, ledger = ledger, counted_on(ledger, now=now, zone=zone, hourly=hourly)
        if before.month == ledger.month:
            assert ledger.counted >= before.counted


@given(moments, zones)
def test_every_moment_is_in_the_month_that_clocks_there_show(now, zone):
    month = month_of(now, zone)

    assert month.start_time <= now < month.end_time
    assert month.name == now.astimezone(zone).strftime("%Y-%m")
    assert month_of(month.end_time, zone).start_time == month.end_time
    assert 0 <= month.elapsed_ratio(now) < 1


def test_a_month_is_an_hour_longer_where_clocks_go_back_in_it():
    assert month_of(at("2026-10-10T00:00:00"), ZoneInfo("Europe/Vienna")).hours == 31 * 24 + 1


def test_a_steady_replica_costs_its_price_times_the_month():
    begin = at("2026-11-01T00:00:00")
    ledger = counted([(3600, Decimal("0.01"))] * (30 * 24 - 1), begin=begin)

    assert ledger.spent(None) == Decimal("7.19")


def test_the_turn_of_the_month_closes_one_and_opens_the_next():
    begin = at("2026-11-01T00:00:00")
    ledger = counted([(3600, Decimal(1))] * (30 * 24), begin=begin)

    assert ledger.month.name == "2026-12"
    assert (ledger.counted, ledger.spent(None)) == (0, 0)
    assert (ledger.last.name, ledger.last.amount) == ("2026-11", 720)


def test_the_turn_in_the_middle_of_a_gap_charges_both_months():
    before = counted([(60, Decimal(6))], begin=at("2026-11-30T23:29:00"))
    ledger = counted_on(before, now=at("2026-12-01T00:20:00"), zone=UTC, hourly=Decimal(6))

    assert ledger.counted == 2
    assert ledger.last.amount is None  # that month was not counted from its beginning
    assert ledger.spent(None) == 2


def test_a_gap_is_charged_at_the_higher_of_the_rates_around_it():
    begin = at("2026-11-01T00:00:00")
    high_before = counted([(60, Decimal(60)), (1800, Decimal(2))], begin=begin)
    high_after = counted([(60, Decimal(2)), (1800, Decimal(60))], begin=begin)

    assert high_before.counted == 1 + 30
    assert high_after.counted == Decimal(2) / 60 + 30


def test_what_nobody_counted_for_long_is_not_known_and_not_nothing():
    begin = at("2026-11-01T00:00:00")
    ledger = counted([(60, Decimal(60)), (3 * 3600, Decimal(60)), (60, Decimal(60))], begin=begin)

    assert ledger.spent(None) is None
    assert ledger.counted == 1
    assert ledger.spent(Opening(month="2026-11", amount="12.50")) == Decimal("13.5")
    assert ledger.spent(Opening(month="2026-10", amount="12.50")) is None


def test_a_clock_that_goes_back_counts_nothing_twice():
    ledger = counted([(600, Decimal(6))], begin=at("2026-11-01T00:00:00"))
    back = counted_on(ledger, now=at("2026-11-01T00:05:00"), zone=UTC, hourly=Decimal(6))
    again = counted_on(back, now=at("2026-11-01T00:10:00"), zone=UTC, hourly=Decimal(6))

    assert back.counted == again.counted == ledger.counted


@pytest.mark.parametrize(
    "spoiled",
    [
        {"ledger": {}},
        {"ledger": {"countedFrom": "yesterday"}},
        {"ledger": "none"},
        {
            "ledger": {
                "countedFrom": "2026-11-01T00:00:00Z",
                "countedUntil": "2026-11-02T00:00:00Z",
                "counted": "-1",
                "hourly": "NaN",
            }
        },
    ],
)
def test_a_status_that_somebody_spoiled_is_no_checkpoint(spoiled):
    assert ledger_from(spoiled, UTC) is None
