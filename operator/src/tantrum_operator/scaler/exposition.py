"""What Prometheus can ask about scalers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter, Gauge

from tantrum_operator.scaler.decision import Decision, Reason

_DECISIONS: Final = Counter(
    "tantrum_operator_scaler_decisions_total", "Decisions about a target's replicas.", ("reason",)
)
_SCALINGS: Final = Counter(
    "tantrum_operator_scaler_scalings_total", "Targets that were scaled.", ("direction",)
)
_REPLICAS: Final = Gauge(
    "tantrum_operator_scaler_replicas",
    "Replicas of a scaler's target, and how many it should have.",
    ("namespace", "scaler", "count"),
)
_REASON: Final = Gauge(
    "tantrum_operator_scaler_reason",
    "1 for the reason of a scaler's last decision.",
    ("namespace", "scaler", "reason"),
)
_MISSING: Final = Gauge(
    "tantrum_operator_scaler_missing_metrics",
    "Metrics of a scaler that its last decision could not go by.",
    ("namespace", "scaler"),
)


class Exposition:
    """Shows the last decisions; what is gone is shown no more."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], Reason] = {}

    def decided(self, namespace: str, scaler: str, decision: Decision) -> None:
        _DECISIONS.labels(decision.reason).inc()
        before = self._reasons.get((namespace, scaler))
        if before is not None and before is not decision.reason:
            _REASON.remove(namespace, scaler, before)
        self._reasons[namespace, scaler] = decision.reason
        _REASON.labels(namespace, scaler, decision.reason).set(1)
        missing = sum(not each.valid for each in decision.readings)
        _MISSING.labels(namespace, scaler).set(missing)
        _REPLICAS.labels(namespace, scaler, "current").set(decision.current or 0)
        _REPLICAS.labels(namespace, scaler, "desired").set(decision.desired or 0)

    def scaled(self, decision: Decision) -> None:
        """Count that the target was scaled."""
        up = (decision.desired or 0) > (decision.current or 0)
        _SCALINGS.labels("up" if up else "down").inc()

    def kept(self, namespace: str, scalers: Iterable[str]) -> None:
        """Forget all of *namespace* but *scalers*."""
        left = set(scalers)
        for each in [key for key in self._reasons if key[0] == namespace and key[1] not in left]:
            _REASON.remove(*each, self._reasons.pop(each))
            _MISSING.remove(*each)
            _REPLICAS.remove(*each, "current")
            _REPLICAS.remove(*each, "desired")
