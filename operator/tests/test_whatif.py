"""`tantrum-operator plan --what-if`: which limit binds first."""

from __future__ import annotations

import argparse
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tantrum_operator.commands import plan
from tantrum_operator.simulation.whatif import forecast

from .budgets import budget
from .scaler_manifests import scaler_body

CRDS = Path(__file__).parents[2] / "charts/tvtantrum-operator/crds"


def scaled(name="gateway", *, replicas=4, ratio="0.90", most=10, **changes):
    metrics = [{"name": "cpu", "ratio": ratio, "valid": True}] if ratio else []
    return {
        **scaler_body(name, maxReplicas=most, budgetRef={"name": "platform"}, **changes),
        "status": {
            "replicas": replicas,
            "lastDecision": {"currentReplicas": replicas, "metrics": metrics},
        },
    }


def poolers(*, most=100, replicas=2, **each):
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {"name": "pooler", "namespace": "tv"},
        "spec": {
            "replicas": replicas,
            "pool": {"maxClientConnections": most},
            "clients": [
                {"scalerRef": {"name": name}, "connectionsPerReplica": count}
                for name, count in each.items()
            ],
        },
    }


def typed(*arguments):
    parser = argparse.ArgumentParser()
    plan.add_to(parser.add_subparsers(required=True))
    found = parser.parse_args(["plan", *map(str, arguments)])
    return found.run(found)


@pytest.fixture
def platform(tmp_path):
    path = tmp_path / "platform.yaml"
    bodies = [scaled(), budget(maxMonthly=60), poolers(gateway=5)]
    path.write_text(yaml.safe_dump_all(bodies))
    return path


def test_limits_come_in_the_order_in_which_they_bind():
    found = forecast([scaled(), budget(maxMonthly=90), poolers(gateway=20)], 3)

    connections, replicas, money = found.limits
    assert [each.name for each in found.limits] == [
        "connections at pooler",
        "replicas of gateway",
        "money of platform",
    ]
    # 4 replicas at 90 % of their target are 3.6 that are needed.
    assert connections.binds_at == pytest.approx(5 / 3.6, abs=0.01)
    assert replicas.binds_at == pytest.approx(10 / 3.6)
    assert money.binds_at == pytest.approx(12 / 3.6, abs=0.01)
    assert (replicas.now, replicas.then, replicas.most) == (4, 11, 10)
    assert [each.holds for each in found.limits] == [False, False, True]


def test_money_is_that_of_a_month_at_that_traffic():
    costs = [{"name": "database", "monthly": 30}]

    [money] = (
        each
        for each in forecast([scaled(), budget(maxMonthly=60, fixedCosts=costs)], 2).limits
        if each.unit == "USD a month"
    )

    assert money.now == Decimal("59.20")  # 30, and 4 replicas at 0.01 for 730 hours
    assert money.then == Decimal("88.40")


def test_a_price_by_requests_is_the_one_that_the_operator_reckoned_with():
    body = scaled()
    body["status"]["lastDecision"]["monthlyCostBefore"] = "58.40"
    by_requests = budget(prices={"cpuCoreHour": "0.02", "memoryGiBHour": "0.003"})

    money = {each.name: each for each in forecast([body, by_requests], 1).limits}

    assert money["money of platform"].now == Decimal("58.40")


def test_what_is_not_known_is_said():
    without = scaled("search", ratio=None)
    del without["spec"]["autoscaling"]["budgetRef"]

    notes = " ".join(forecast([scaled("worker"), without, budget()], 2).notes)

    assert "No metric of search says how busy it is" in notes
    assert "price of a replica of worker is not known" in notes
    assert "No budget counts search" in notes
    assert "no PgBouncer" in notes


def test_latency_says_nothing_of_how_many_are_needed():
    body = scaled(ratio=None)
    body["status"]["lastDecision"]["metrics"] = [{"name": "latency", "ratio": "9", "valid": True}]

    [replicas] = forecast([body], 2).limits

    assert (replicas.then, replicas.binds_at) == (8, 2.5)


@given(
    st.integers(2, 10),
    st.floats(0.1, 1.5).map(lambda ratio: f"{ratio:.2f}"),
    st.floats(0.1, 20),
    st.integers(10, 500),
    st.integers(5, 500),
)
def test_what_holds_and_what_binds_agree(replicas, ratio, factor, connections, ceiling):
    bodies = [
        scaled(replicas=replicas, ratio=ratio),
        budget(maxMonthly=ceiling),
        poolers(most=connections, gateway=7),
    ]

    for limit in forecast(bodies, factor).limits:
        if abs(limit.binds_at - factor) > 0.02:
            assert limit.holds == (factor < limit.binds_at)


def test_the_first_line_is_the_answer(platform, capsys):
    assert typed("--what-if", "traffic=3x", "--file", platform) == 0

    first, _, *table = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "3 times the traffic does not fit: money of platform binds first, at 2.2"
    )
    assert [line.split("  ")[0] for line in table[1:4]] == [
        "money of platform",
        "replicas of gateway",
        "connections at pooler",
    ]


def test_what_fits_is_told_with_what_binds_next(platform, capsys):
    assert typed("--what-if", "traffic=1.5x", "--file", platform) == 0

    assert capsys.readouterr().out.startswith("1.5 times the traffic fits. First of all money of")


@pytest.mark.parametrize("text", ["traffic", "traffic=0x", "traffic=-1x", "traffic=9999x", "cpu=2"])
def test_only_traffic_can_be_more(text, capsys):
    with pytest.raises(SystemExit):
        typed("--what-if", text)

    assert "must be traffic=3x or so" in capsys.readouterr().err


def test_files_without_a_scaler_or_with_a_wrong_one_are_one_sentence(tmp_path, capsys):
    empty, wrong = tmp_path / "empty.yaml", tmp_path / "wrong.yaml"
    empty.write_text("kind: ConfigMap")
    wrong.write_text(yaml.safe_dump(budget(maxMonthly=0)))

    assert typed("--what-if", "traffic=2x", "--file", empty) == 1
    assert typed("--what-if", "traffic=2x", "--file", wrong) == 1
    assert typed("--what-if", "traffic=2x", "--file", tmp_path / "gone.yaml") == 1

    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert "no ServiceScaler" in told[0]
    assert "spec.maxMonthly" in told[1]
    assert "gone.yaml cannot be read" in told[2]


@pytest.mark.integration
def test_a_cluster_is_asked_where_there_are_no_files(api_server, namespace, monkeypatch, capsys):
    api_server.install_crds(CRDS)
    for made in (scaled(), budget(maxMonthly=60)):
        body = {name: made[name] for name in ("apiVersion", "kind", "spec")}
        body["metadata"] = {"name": made["metadata"]["name"], "namespace": namespace}
        api_server.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(body))
    monkeypatch.setenv("OPERATOR_NAMESPACE", namespace)
    monkeypatch.setenv("OPERATOR_KUBECONFIG", str(api_server.kubeconfig()))

    assert typed("--what-if", "traffic=3x") == 0

    assert "replicas of gateway" in capsys.readouterr().out
