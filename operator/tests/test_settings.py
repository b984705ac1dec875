"""What the environment may say, and what it is told when it says nonsense."""

from __future__ import annotations

import pytest
from tantrum_operator.__main__ import main
from tantrum_operator.objects import SERVICE_SCALER
from tantrum_operator.settings import Settings


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("OPERATOR_NAMESPACE", "shows")


@pytest.mark.parametrize(
    ("said", "namespaces"),
    [("", ("shows",)), ("a, b,a,", ("a", "b")), ("*", ())],
)
def test_it_acts_in_its_own_namespace_in_those_named_or_in_all(monkeypatch, said, namespaces):
    monkeypatch.setenv("OPERATOR_WATCHED_NAMESPACES", said)

    assert Settings().namespaces == namespaces


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OPERATOR_NAMESPACE", "", "OPERATOR_NAMESPACE: "),
        ("OPERATOR_LEASE_SECONDS", "6", "a Lease is safe only where"),
        ("OPERATOR_LEASE_REQUEST_TIMEOUT_SECONDS", "7", "a Lease is safe only where"),
        ("OPERATOR_KINDS", "ServiceScaler,Nothing", "OPERATOR_KINDS has Nothing"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(monkeypatch, capsys, name, value, told):
    monkeypatch.setenv(name, value)

    assert main(["run"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.integration
def test_without_its_definitions_it_ends_with_a_sentence(api_server, monkeypatch, capsys):
    monkeypatch.setenv("OPERATOR_KUBECONFIG", str(api_server.kubeconfig()))
    monkeypatch.setenv("OPERATOR_START_TIMEOUT_SECONDS", "0.1")
    monkeypatch.setenv("OPERATOR_HTTP_PORT", "0")
    monkeypatch.setattr("tantrum_operator.app.reconcilers", lambda *_, **__: [_Scalers()])

    assert main(["run"]) == 1

    said = capsys.readouterr().err
    assert "does not serve servicescalers of platform.tvtantrum.com/v1alpha1" in said
    assert "kubectl apply --server-side" in said


class _Scalers:
    kinds = (SERVICE_SCALER,)
