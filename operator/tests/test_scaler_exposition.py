"""What Prometheus can ask about scalers."""

import pytest
from prometheus_client import REGISTRY
from tantrum_operator.scaler.exposition import Exposition
from tantrum_operator.scaler.figures import Missing
from tantrum_operator.scaler.memory import Memory
from tantrum_operator.scaler.plan import decide

from .scalers import NOW, scaler, seen


def asked(name, **labels):
    labels = {"namespace": "tv", "scaler": "gateway", **labels}
    return REGISTRY.get_sample_value(f"tantrum_operator_scaler_{name}", labels)


@pytest.fixture
def exposition():
    exposition = Exposition()
    yield exposition
    exposition.kept("tv", [])


def test_the_last_decision_of_a_scaler_is_shown(exposition):
    missing = seen(4, usage_missing=Missing(why="metrics.k8s.io: 503"))
    exposition.decided("tv", "gateway", decide(scaler(), missing, Memory(), NOW))
    assert asked("reason", reason="NoMetrics") == 1
    assert asked("missing_metrics") == 1

    exposition.decided("tv", "gateway", decide(scaler(), seen(4, cpu=700), Memory(), NOW))

    assert asked("reason", reason="NoMetrics") is None
    assert asked("reason", reason="ScaledUp") == 1
    assert asked("missing_metrics") == 0
    assert (asked("replicas", count="current"), asked("replicas", count="desired")) == (4, 8)


def test_what_is_gone_is_shown_no_more(exposition):
    exposition.decided("tv", "gateway", decide(scaler(), seen(4, cpu=350), Memory(), NOW))

    exposition.kept("elsewhere", [])
    assert asked("reason", reason="Steady") == 1
    exposition.kept("tv", ["another"])
    assert asked("reason", reason="Steady") is None
    assert asked("replicas", count="current") is None
