"""Who gets the next replica: the rules of allocation, for any claims."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.budget.plan import Claim, Withheld, allocate, hold

from .budgets import claim

prices = st.decimals(min_value="0.001", max_value="1", places=3)
remainders = st.decimals(min_value="-50", max_value="200", places=2)
hours = st.integers(min_value=0, max_value=744).map(Decimal)


@st.composite
def claims_of_many(draw):
    one = st.builds(
        Claim,
        name=st.just(""),
        current=st.integers(0, 12),
        desired=st.integers(0, 12),
        minimum=st.integers(0, 6),
        replica_hour=st.none() | prices,
        priority=st.integers(-1, 2),
        enforced=st.booleans(),
    )
    drawn = draw(st.lists(one, max_size=6))
    return [
        Claim(
            name=f"s{number}",
            current=each.current,
            desired=each.desired,
            minimum=each.minimum,
            replica_hour=each.replica_hour,
            priority=each.priority,
            enforced=each.enforced,
        )
        for number, each in enumerate(drawn)
    ]


def above_minima(grants, horizon):
    return sum(
        grant.claim.price * max(0, grant.allowed - grant.claim.reserved) * horizon
        for grant in grants.values()
        if grant.claim.enforced
    )


@given(claims_of_many(), remainders, hours)
def test_what_starts_above_the_minima_never_costs_more_than_the_remainder(
    claims, remainder, horizon
):
    grants = allocate(claims, remainder=remainder, hours=horizon)

    running = sum(c.price * max(0, c.base - c.reserved) * horizon for c in claims if c.enforced)
    assert above_minima(grants, horizon) <= max(remainder, running)


@given(claims_of_many(), remainders, hours)
def test_what_runs_and_is_wanted_is_never_taken_and_minima_never_refused(
    claims, remainder, horizon
):
    for grants in (allocate(claims, remainder=remainder, hours=horizon), hold(claims)):
        for each in claims:
            allowed = grants[each.name].allowed
            assert min(each.desired, max(each.current, each.minimum)) <= allowed <= each.desired


@given(claims_of_many(), remainders, hours)
def test_nobody_gets_a_replica_while_a_higher_priority_lacks_money_for_one(
    claims, remainder, horizon
):
    grants = allocate(claims, remainder=remainder, hours=horizon)

    short = [
        g.claim.priority for g in grants.values() if g.claim.enforced and g.why is Withheld.CEILING
    ]
    for grant in grants.values():
        if grant.allowed > grant.claim.base and grant.claim.enforced:
            assert grant.claim.priority >= max(short, default=grant.claim.priority)


@given(claims_of_many(), remainders, hours)
def test_an_allowance_withholds_no_more_than_it_must(claims, remainder, horizon):
    grants = allocate(claims, remainder=remainder, hours=horizon)

    left = remainder - above_minima(grants, horizon)
    short = [g for g in grants.values() if g.claim.enforced and g.why is Withheld.CEILING]
    if short:
        first = max(g.claim.priority for g in short)
        assert all(g.claim.price * horizon > left for g in short if g.claim.priority == first)


@given(claims_of_many(), remainders, hours)
def test_a_scaler_that_only_recommends_takes_from_nobody(claims, remainder, horizon):
    enforced = [each for each in claims if each.enforced]

    with_all = allocate(claims, remainder=remainder, hours=horizon)
    alone = allocate(enforced, remainder=remainder, hours=horizon)

    assert {name: with_all[name] for name in alone} == dict(alone)


def test_the_higher_priority_has_all_it_wants_before_the_lower_gets_one():
    claims = [
        claim("search", desired=6, priority=1),
        claim("gateway", desired=6, priority=10),
    ]

    grants = allocate(claims, remainder=Decimal(5), hours=Decimal(100))

    assert (grants["gateway"].allowed, grants["search"].allowed) == (6, 3)
    assert grants["search"].why is Withheld.CEILING


def test_equal_priorities_share_in_proportion_to_what_they_want():
    claims = [claim("a", desired=10), claim("b", desired=6)]

    grants = allocate(claims, remainder=Decimal(6), hours=Decimal(100))

    assert (grants["a"].allowed, grants["b"].allowed) == (6, 4)


def test_without_a_price_there_are_the_minimum_and_what_runs():
    claims = [claim("new", current=1, desired=9, minimum=3, hour=None)]

    grants = allocate(claims, remainder=Decimal(1000), hours=Decimal(1))

    assert grants["new"].allowed == 3
    assert grants["new"].why is Withheld.UNPRICED
