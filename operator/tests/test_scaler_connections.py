"""Steps up are withheld where poolers have no connections for them."""

from tantrum_operator.client_connections import Poolers
from tantrum_operator.scaler.decision import Reason
from tantrum_operator.scaler.memory import Memory
from tantrum_operator.scaler.plan import Candidate, plan
from tantrum_operator.scaler.telling import conditions_of

from .scalers import NOW, REQUESTS, rate, scaler, seen


def candidate(name, replicas, *, requests, priority=0, held=False):
    return Candidate(
        name=name,
        spec=scaler(REQUESTS, priority=priority),
        observed=seen(replicas, figures=rate(requests)),
        memory=Memory(),
        held=held,
    )


def poolers(limit, **connections):
    return Poolers(
        name="main", max_client_connections=limit, replicas=2, connections_per_replica=connections
    )


def decided(*candidates, limit, **connections):
    found = plan(candidates, [], NOW, poolers=[poolers(limit, **connections)]).decisions
    return {name: (each.desired, each.reason) for name, each in found.items()}


def test_a_step_that_fits_is_taken():
    found = decided(candidate("gateway", 2, requests=300), limit=60, gateway=10)

    assert found == {"gateway": (6, Reason.UP)}


def test_a_step_goes_as_far_as_connections_do_and_says_so():
    one = candidate("gateway", 2, requests=300)

    decision = plan([one], [], NOW, poolers=[poolers(45, gateway=10)]).decisions["gateway"]

    assert (decision.desired, decision.reason) == (4, Reason.CONNECTIONS)
    assert decision.sentence.startswith("Scale from 2 to 4, for PgBouncer main admits 45 client")
    told = {each.type: each for each in conditions_of(one.spec, decision)}
    assert told["ConnectionsConstrained"].status == "True"


def test_what_runs_is_not_taken_away():
    found = decided(candidate("gateway", 4, requests=400), limit=10, gateway=10)

    assert found == {"gateway": (4, Reason.CONNECTIONS)}


def test_the_higher_priority_has_the_connections_and_all_that_run_count():
    found = decided(
        candidate("gateway", 2, requests=300, priority=1),
        candidate("admin", 2, requests=300),
        candidate("paused", 2, requests=300, held=True),
        limit=90,
        gateway=10,
        admin=10,
        paused=5,
    )

    assert found == {"gateway": (6, Reason.UP), "admin": (2, Reason.CONNECTIONS)}


def test_going_down_is_nobodys_business():
    found = decided(candidate("gateway", 4, requests=50), limit=1, gateway=10)

    assert found["gateway"][1] is Reason.STABILIZED
