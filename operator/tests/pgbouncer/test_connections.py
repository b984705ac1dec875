"""The budget of connections: what is refused, with which numbers, and that it is right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.client_connections import Demand, demanded, most_replicas, poolers_of
from tantrum_operator.pgbouncer.connections import (
    Limit,
    Load,
    Sizing,
    sizing_to_apply,
    verdict,
)
from tantrum_operator.pgbouncer.spec import spec_from

from .specs import pgbouncer

STOCK = Limit(max_connections=100, reserved=3)
"""Of a PostgreSQL that nobody has set up."""

sizings = st.builds(Sizing, replicas=st.integers(1, 20), pool_size=st.integers(1, 50))
limits = st.builds(Limit, max_connections=st.integers(1, 3000), reserved=st.integers(0, 20))
loads = st.builds(Load, host=st.just("it"), databases=st.integers(1, 2), direct=st.integers(0, 50))


def judged(limit, *, draining=1, **changes):
    spec = spec_from(pgbouncer(**changes))
    wanted = Sizing(replicas=spec.replicas, pool_size=spec.pool.size)
    found = {} if limit is None else {each.name: limit for each in spec.databases}
    return verdict(spec, wanted, found, draining=draining)


def test_the_defaults_fit_a_postgresql_as_it_comes():
    outcome = judged(STOCK)

    assert (outcome.fits, outcome.needed, outcome.available) == (True, 94, 97)


def test_what_does_not_fit_is_refused_with_the_numbers_and_the_largest_pool():
    outcome = judged(STOCK, pool__size=50)

    # (2 poolers + 1 while rolling out + 1 that drains) x (50 and 1 of the agent) + 10 direct
    assert (outcome.fits, outcome.needed, outcome.available) == (False, 4 * 51 + 10, 97)
    assert outcome.largest_pool == 20
    assert judged(STOCK, pool__size=20).fits
    assert not judged(STOCK, pool__size=21).fits


def test_replicas_at_the_same_address_share_its_connections():
    elsewhere = judged(STOCK, upstream__readOnly={"host": "replica.example"})
    same = judged(STOCK, upstream__readOnly={"host": "postgres.example"})

    assert elsewhere.fits
    assert (same.fits, same.needed, same.largest_pool) == (False, 4 * 2 * 21 + 10, 9)


def test_poolers_that_drain_still_hold_their_connections():
    assert judged(STOCK, draining=1).fits
    assert not judged(STOCK, draining=2).fits


def test_an_unknown_limit_is_neither_yes_nor_no():
    assert judged(None).fits is None


def test_one_known_limit_that_is_exceeded_is_enough_to_refuse():
    spec = spec_from(pgbouncer(upstream__readOnly={"host": "replica.example"}))
    wanted = Sizing(replicas=2, pool_size=50)

    one = verdict(spec, wanted, {"tantrum": STOCK}, draining=1)
    generous = {"tantrum": Limit(max_connections=1000, reserved=3)}
    other = verdict(spec, wanted, generous, draining=1)

    assert one.fits is False
    assert other.fits is None


@given(load=loads, limit=limits, sizing=sizings, draining=st.integers(1, 20))
def test_the_largest_pool_fits_and_one_more_does_not(load, limit, sizing, draining):
    largest = load.largest_pool(limit, sizing.replicas, draining=draining)

    def fits(pool_size):
        wanted = Sizing(replicas=sizing.replicas, pool_size=pool_size)
        return load.needed(wanted, draining=draining) <= limit.available

    assert largest == 0 or fits(largest)
    assert not fits(largest + 1)


@given(wanted=sizings, in_force=st.none() | sizings, limit=st.none() | limits)
def test_nothing_grows_that_is_not_known_to_fit_and_nothing_shrinks_unasked(
    wanted, in_force, limit
):
    outcome = judged(limit, replicas=wanted.replicas, pool__size=wanted.pool_size)

    applied = sizing_to_apply(wanted, in_force, outcome)

    if outcome.fits:
        assert applied == wanted
    elif in_force is not None:
        assert applied.replicas == min(in_force.replicas, wanted.replicas)
        assert applied.pool_size == min(in_force.pool_size, wanted.pool_size)
    else:
        assert applied.pool_size <= 10


def test_the_first_poolers_begin_small_and_read_the_limit():
    assert sizing_to_apply(
        Sizing(replicas=3, pool_size=50), None, judged(None, pool__size=50)
    ) == Sizing(replicas=3, pool_size=10)


demands = st.lists(
    st.builds(
        Demand,
        scaler=st.sampled_from(["catalog", "search"]),
        replicas=st.integers(0, 50),
        connections_per_replica=st.integers(1, 100),
    ),
    max_size=4,
)


@given(limit=st.integers(10, 100_000), others=demands, per_replica=st.integers(1, 100))
def test_the_most_replicas_fit_beside_the_others_and_one_more_does_not(limit, others, per_replica):
    most = most_replicas(limit, others=others, connections_per_replica=per_replica)

    assert most == 0 or demanded(others) + most * per_replica <= limit
    assert demanded(others) + (most + 1) * per_replica > limit


def test_one_pooler_may_be_gone_and_the_others_take_its_clients():
    clients = [{"scalerRef": {"name": "catalog"}, "connectionsPerReplica": 20}]

    one = poolers_of(pgbouncer(replicas=1))
    three = poolers_of(pgbouncer(replicas=3, pool__maxClientConnections=500, clients=clients))

    assert (one.limit, poolers_of(pgbouncer()).limit, three.limit) == (1000, 1000, 1000)
    assert three.connections_per_replica == {"catalog": 20}
