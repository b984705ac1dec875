"""Who may write: two operators before a real API server, frozen, stopped and cut off."""

from __future__ import annotations

import json
import signal

import pytest
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.leadership import Elector, LeadershipLostError, Timing
from tantrum_operator.objects import LEASE

from .clocks import Clock
from .conftest import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
async def cluster(api_server):
    async with connected(api_server.kubeconfig()) as client:
        yield Cluster(client, timeout_seconds=60)


@pytest.fixture
def candidate(cluster, namespace):
    def make(identity, clock, **timing):
        return Elector(
            cluster,
            namespace=namespace,
            name="operator",
            identity=identity,
            timing=Timing(**timing),
            clock=clock,
        )

    return make


async def test_the_first_takes_the_lease_and_the_second_waits(candidate, cluster, namespace):
    clock = Clock()
    first, second = candidate("first", clock), candidate("second", clock)

    assert await first._attempt()
    assert not await second._attempt()

    assert first.may_write()
    assert not second.may_write()
    lease = await cluster.get(LEASE, namespace, "operator")
    assert lease["spec"]["holderIdentity"] == "first"
    assert lease["spec"]["leaseDurationSeconds"] == 10


async def test_a_lease_is_taken_over_once_it_was_not_renewed_for_its_time(candidate):
    clock = Clock()
    first, second = candidate("first", clock), candidate("second", clock)
    await first._attempt()
    await second._attempt()

    clock.now += 9.9
    assert not await second._attempt()
    clock.now += 0.2
    assert await second._attempt()

    assert not first.may_write()
    assert second.may_write()


async def test_a_renewal_begins_the_time_again(candidate):
    clock = Clock()
    first, second = candidate("first", clock), candidate("second", clock)
    await first._attempt()
    await second._attempt()

    for _ in range(5):
        clock.now += 6
        assert await first._attempt()
        assert not await second._attempt()


async def test_nothing_is_written_after_the_renewal_deadline(candidate):
    clock = Clock()
    leader = candidate("leader", clock)
    await leader._attempt()

    clock.now += 6.9
    assert leader.may_write()
    clock.now += 0.1
    assert not leader.may_write()


async def test_who_was_cut_off_for_too_long_has_lost(candidate):
    clock = Clock()
    leader = candidate("leader", clock, retry_seconds=0.01)
    await leader._attempt()

    clock.now += 7
    with pytest.raises(LeadershipLostError):
        await leader.hold()


async def test_a_leader_whose_lease_another_has_taken_ends(candidate):
    clock, fast = Clock(), Clock()
    leader = candidate("leader", clock, retry_seconds=0.01)
    other = candidate("other", fast)
    await leader._attempt()
    await other._attempt()
    fast.now += 11
    assert await other._attempt()

    with pytest.raises(LeadershipLostError):
        await leader.hold()

    assert not leader.may_write()


async def test_an_answer_that_got_lost_costs_no_leadership(candidate, cluster, namespace):
    clock = Clock()
    leader = candidate("leader", clock)
    await leader._attempt()
    # As if a renewal had arrived whose answer did not.
    lease = await cluster.get(LEASE, namespace, "operator")
    lease["spec"]["renewTime"] = "2026-01-01T00:00:00.000000Z"
    await cluster.replace(lease)

    assert not await leader._attempt()
    assert await leader._attempt()

    assert leader.may_write()


async def test_a_released_lease_is_free_at_once(candidate, cluster, namespace):
    clock = Clock()
    first, second = candidate("first", clock), candidate("second", clock)
    await first._attempt()
    await second._attempt()

    await first.release()

    assert not first.may_write()
    assert await second._attempt()
    lease = await cluster.get(LEASE, namespace, "operator")
    assert lease["spec"]["leaseTransitions"] == 1


async def test_a_deleted_lease_is_made_again(candidate, cluster, namespace):
    clock = Clock()
    leader = candidate("leader", clock)
    await leader._attempt()
    await cluster.delete(LEASE, namespace, "operator")

    await leader._attempt()
    assert await leader._attempt()


def test_a_frozen_leader_writes_nothing_once_another_leads(operators, api_server, namespace):
    old = operators("old", OPERATOR_PERIOD_SECONDS="0.2")
    eventually(lambda: old.said("leadership_taken"), "the first leads")
    make(api_server, namespace, "one")
    eventually(lambda: text(api_server, namespace) == "one", "it acts")
    new = operators("new", OPERATOR_PERIOD_SECONDS="0.2")
    eventually(lambda: new.said("operator_started"), "the second waits")

    old.signal(signal.SIGSTOP)
    make(api_server, namespace, "two")
    eventually(lambda: text(api_server, namespace) == "two", "the second acts")
    before = len(writes(api_server, namespace))
    old.signal(signal.SIGCONT)

    eventually(lambda: old.exit_code() is not None, "the first ends")
    assert old.exit_code() == 3
    after = writes(api_server, namespace)[before:]
    assert [each for each in after if writer(each) == "old"] == []
    assert holder(api_server, namespace) == "new"


def test_a_clean_stop_hands_over_after_the_last_write(operators, api_server, namespace):
    old = operators("old")
    eventually(lambda: old.said("leadership_taken"), "the first leads")
    new = operators("new")
    eventually(lambda: new.said("operator_started"), "the second waits")

    old.signal(signal.SIGTERM)

    eventually(lambda: old.exit_code() is not None, "the first ends")
    assert old.exit_code() == 0
    assert old.said("leadership_released")
    eventually(lambda: new.said("leadership_taken"), "the second leads")
    make(api_server, namespace, "one")
    eventually(lambda: text(api_server, namespace) == "one", "the second acts")


def test_a_leader_that_no_longer_reaches_the_api_server_ends(operators, api_server, namespace):
    leader = operators("leader")
    eventually(lambda: leader.said("leadership_taken"), "it leads")

    api_server.stop()
    try:
        eventually(lambda: leader.exit_code() is not None, "it ends")
    finally:
        api_server.start()

    assert leader.exit_code() == 3
    next_one = operators("next")
    eventually(lambda: next_one.said("leadership_taken"), "the next leads")


def make(api_server, namespace, text):
    manifest = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {"name": "pool", "namespace": namespace},
        "spec": {"text": text},
    }
    api_server.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def text(api_server, namespace):
    found = json.loads(api_server.kubectl("-n", namespace, "get", "configmaps", "--output=json"))[
        "items"
    ]
    return {each["metadata"]["name"]: each["data"]["text"] for each in found}.get("pool")


def holder(api_server, namespace):
    path = "--output=jsonpath={.spec.holderIdentity}"
    return api_server.kubectl("-n", namespace, "get", "lease", "tantrum-operator", path)


def writes(api_server, namespace):
    return [
        each
        for each in api_server.audited()
        if each["userAgent"].startswith("tantrum-operator")
        and each["verb"] not in ("get", "list", "watch")
        and each["objectRef"].get("namespace") == namespace
        and each["responseStatus"]["code"] < 300
    ]


def writer(entry):
    """Return which operator wrote: the user agent names it."""
    return entry["userAgent"].rpartition("/")[2]
