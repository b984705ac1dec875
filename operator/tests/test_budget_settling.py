"""A pass over one budget: grants, status, conditions, events."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tantrum_operator.budget.plan import Withheld
from tantrum_operator.budget.reporting import budget_constrained
from tantrum_operator.budget.settling import settle
from tantrum_operator.conditions import Truth, merged

from .budgets import at, budget, claim, condition

BEGIN = at("2026-11-01T00:00:00")


def settled_over(body, rounds):
    """Settle *rounds* of (time, claims) one after another, the status written each time."""
    last = None
    for now, claims in rounds:
        last = settle(body, claims, now=now)
        conditions = merged(
            body["status"].get("conditions", ()), last.report.conditions, generation=1, now=now
        )
        body = {**body, "status": {**last.report.status, "conditions": conditions}}
    return last


def test_a_step_beyond_the_ceiling_is_withheld_and_said_everywhere():
    body = budget(maxMonthly=30)  # 2 replicas take 14.40 of it

    done = settle(body, [claim(current=2, desired=6)], now=BEGIN)

    [grant] = done.grants.values()
    assert (grant.allowed, grant.withheld, grant.why) == (4, 2, Withheld.CEILING)
    assert done.report.status["withheld"] == [
        {"scaler": "gateway", "desired": 6, "allowed": 4, "reason": "Ceiling"}
    ]
    assert condition(done.report, "Withholding").status is Truth.TRUE
    constrained = budget_constrained("platform", grant)
    assert constrained.status is Truth.TRUE
    assert "2 of 6" in constrained.message
    assert [each.reason for each in done.report.occurrences] == ["Withholding"]


def test_what_is_left_late_in_the_month_buys_more_replicas():
    spec = {"maxMonthly": 30}
    early = settle(budget(**spec), [claim(desired=50)], now=BEGIN)
    quiet = [(BEGIN + dt.timedelta(hours=n), [claim()]) for n in range(29 * 24)]
    late = settled_over(budget(**spec), [*quiet, (at("2026-11-30T00:00:00"), [claim(desired=80)])])

    assert early.grants["gateway"].allowed == 4
    assert late.grants["gateway"].allowed == 2 + 65  # 15.60 left at 0.24 for the last day


def test_a_burst_may_be_paid_for_a_while_only():
    body = budget(maxMonthly=30, burstHours=24)

    done = settle(body, [claim(desired=50)], now=BEGIN)

    assert done.grants["gateway"].allowed == 50


def test_minima_beyond_the_ceiling_are_told_and_nothing_is_done():
    body = budget(maxMonthly=10)

    done = settle(body, [claim(current=1, desired=2)], now=BEGIN)

    assert done.grants["gateway"].allowed == 2
    within = condition(done.report, "WithinCeiling")
    assert (within.status, within.reason) == (Truth.FALSE, "MinimaBeyondCeiling")
    assert "4.40" in within.message
    assert condition(done.report, "Ready").status is Truth.FALSE
    assert [each.reason for each in done.report.occurrences] == ["MinimaBeyondCeiling"]


def test_a_fault_is_an_event_when_it_begins_and_not_again():
    rounds = [(BEGIN + dt.timedelta(seconds=15 * n), [claim()]) for n in range(3)]

    assert settled_over(budget(maxMonthly=10), rounds).report.occurrences == []


def test_more_than_the_ceiling_pays_for_is_left_running():
    done = settle(budget(maxMonthly=20), [claim(current=9, desired=9)], now=BEGIN)

    assert done.grants["gateway"].allowed == 9
    assert condition(done.report, "WithinCeiling").reason == "BeyondCeiling"


def test_the_figures_of_a_month_add_up():
    body = budget(fixedCosts=[{"name": "database", "monthly": 60}])
    rounds = [(BEGIN + dt.timedelta(hours=n), [claim(current=4)]) for n in range(15 * 24 + 1)]

    status = settled_over(body, rounds).report.status

    assert status["month"] == "2026-11"
    assert status["monthToDate"] == "44.40"  # half of 60, and 4 replicas for 15 days
    assert status["projected"] == "88.80"
    assert status["reserved"] == "37.20"  # half of 60, and 2 replicas for 15 days
    assert status["remainder"] == "218.40"  # 300 - 60 - 14.40 - 7.20
    assert condition(settled_over(body, rounds).report, "Ready").status is Truth.TRUE


def test_a_budget_made_in_mid_month_does_not_know_what_was_before_and_still_works():
    done = settle(budget(), [claim(desired=9)], now=at("2026-11-16T00:00:00"))

    assert done.report.status["monthToDate"] == done.report.status["projected"] == "Unknown"
    known = condition(done.report, "MonthToDateKnown")
    assert (known.status, known.reason) == (Truth.UNKNOWN, "Lost")
    assert "spec.opening" in known.message
    assert condition(done.report, "Ready").status is Truth.TRUE
    # Half of the ceiling is taken as spent: 150 - 7.20 for the minima pay for 39 more.
    assert done.grants["gateway"].allowed == 9
    more = settle(budget(), [claim(desired=90)], now=at("2026-11-16T00:00:00"))
    assert more.grants["gateway"].allowed == 2 + 39


def test_a_person_can_tell_what_was_before():
    body = budget(opening={"month": "2026-11", "amount": "7.20"})

    done = settle(body, [claim()], now=at("2026-11-16T00:00:00"))

    assert done.report.status["monthToDate"] == "7.20"
    assert condition(done.report, "MonthToDateKnown").status is Truth.TRUE


def test_a_spec_that_cannot_be_followed_holds_everybody_and_loses_no_count():
    rounds = [(BEGIN + dt.timedelta(minutes=n), [claim()]) for n in range(3)]
    counted = settled_over(budget(), rounds).report.status

    done = settle(
        budget(maxMonthly="much", status=counted), [claim(current=3, desired=5)], now=BEGIN
    )

    assert done.grants["gateway"].allowed == 3
    assert done.grants["gateway"].why is Withheld.UNREADABLE
    assert condition(done.report, "Ready").reason == "InvalidSpec"
    assert "spec.maxMonthly" in condition(done.report, "Ready").message
    assert done.report.status["ledger"] == counted["ledger"]


def test_a_budget_that_is_paused_counts_and_withholds_nothing():
    body = budget(maxMonthly=20)
    body["metadata"]["annotations"] = {"platform.tvtantrum.com/paused": "true"}
    rounds = [(BEGIN + dt.timedelta(hours=n), [claim(current=4, desired=9)]) for n in range(26)]

    done = settled_over(body, rounds)

    assert done.grants["gateway"].allowed == 9
    assert condition(done.report, "Paused").status is Truth.TRUE
    assert condition(done.report, "Ready").status is Truth.UNKNOWN
    assert done.report.status["monthToDate"] == "1.00"


def test_a_target_without_a_price_is_named():
    done = settle(budget(), [claim("worker", desired=5, hour=None)], now=BEGIN)

    assert done.grants["worker"].allowed == 2
    priced = condition(done.report, "Priced")
    assert (priced.status, priced.reason) == (Truth.FALSE, "NoPrice")
    assert "worker" in priced.message


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(8, 60))
def test_no_month_of_any_wishes_costs_more_than_the_ceiling(random, ceiling):
    """Two scalers wish anything each hour, and run what the budget grants them."""
    body = budget(maxMonthly=ceiling)
    running = {"gateway": 1, "search": 1}
    for hour in range(30 * 24 + 1):
        claims = [
            claim(
                name,
                current=running[name],
                desired=random.randint(1, 30),
                minimum=1,
                hour="0.004",
                priority=priority,
            )
            for priority, name in enumerate(running)
        ]
        done = settle(body, claims, now=BEGIN + dt.timedelta(hours=hour))
        body = {**body, "status": done.report.status}
        running = {name: grant.allowed for name, grant in done.grants.items()}

    assert body["status"]["lastMonth"]["month"] == "2026-11"
    assert Decimal(body["status"]["lastMonth"]["replicas"]) <= ceiling
