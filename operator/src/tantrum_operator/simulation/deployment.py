"""A simulated Deployment under load: replicas that start and stop, what they use, a backlog."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections import deque
from dataclasses import dataclass
from typing import Final

from tantrum_operator.scaler.figures import Distribution
from tantrum_operator.scaler.utilisation import Phase, Pod, Resource, Usage
from tantrum_operator.simulation.queueing import slower_than
from tantrum_operator.simulation.service import Service

BOUNDS: Final = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)
USAGE_WINDOW_SECONDS: Final = 30.0
"""Over which CPU is averaged, as by metrics-server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one step of time came to."""

    requests: float
    over: float
    """How many of them took longer than the target, or were never answered."""
    ready: int
    cpu_millicores: float
    """Of one ready replica."""


@dataclass(slots=True)
class _Replica:
    name: str
    start_time: dt.datetime
    ready_time: dt.datetime


class Deployment:
    """Serves what comes, step by step; `scale` says how many replicas it shall have."""

    def __init__(
        self,
        service: Service,
        *,
        replicas: int,
        target_seconds: float,
        step_seconds: float,
        time: dt.datetime,
    ) -> None:
        self.time = time
        self.bounds = tuple(sorted({*BOUNDS, target_seconds}))
        self._service = service
        self._target = self.bounds.index(target_seconds)
        self._step_seconds = step_seconds
        self._made = 0
        self._backlog = 0.0
        self._replicas: list[_Replica] = []
        self._cpu: deque[float] = deque(maxlen=max(1, round(USAGE_WINDOW_SECONDS / step_seconds)))
        # Requests within each bound, and all, from the beginning to each step: as counters.
        self._counters: list[tuple[float, ...]] = [(0.0,) * (len(self.bounds) + 1)]
        # Those of the beginning have been there for long.
        self._add(replicas, ready_time=time - dt.timedelta(hours=1))

    @property
    def replicas(self) -> int:
        return len(self._replicas)

    def scale(self, replicas: int) -> None:
        """Have *replicas* from now on: new ones serve after a while, the newest stop first."""
        startup = dt.timedelta(seconds=self._service.startup_seconds)
        self._add(replicas - len(self._replicas), ready_time=self.time + startup)
        del self._replicas[max(0, replicas) :]

    def serve(self, requests_per_second: float) -> Moment:
        """Pass one step in which so many requests came, and return what became of them."""
        end = self.time + dt.timedelta(seconds=self._step_seconds)
        middle = self.time + (end - self.time) / 2
        ready = sum(each.ready_time <= middle for each in self._replicas)
        self.time = end
        return self._served(requests_per_second, ready)

    def pods(self) -> list[Pod]:
        """Return the replicas as the API server and metrics-server would show them."""
        used = sum(self._cpu) / max(1, len(self._cpu))
        return [self._pod(each, used) for each in self._replicas]

    def requests_per_second(self, window_seconds: float) -> float:
        """Return how many requests came a second within the window."""
        count = self._steps(window_seconds)
        return self._within(count)[-1] / (count * self._step_seconds)

    def durations(self, window_seconds: float) -> Distribution:
        """Return how long the requests of the window took, as a histogram would."""
        counts = self._within(self._steps(window_seconds))
        return Distribution(
            counts=dict(zip((*self.bounds, math.inf), counts, strict=True)), time=self.time
        )

    def durations_of_all(self) -> Distribution:
        """Return how long all requests took since the beginning."""
        return self.durations((len(self._counters) - 1) * self._step_seconds)

    def _add(self, count: int, *, ready_time: dt.datetime) -> None:
        for _ in range(count):
            self._made += 1
            start = min(self.time, ready_time)
            self._replicas.append(_Replica(f"replica-{self._made}", start, ready_time))

    def _steps(self, seconds: float) -> int:
        return max(1, min(round(seconds / self._step_seconds), len(self._counters) - 1))

    def _within(self, steps: int) -> list[float]:
        before, now = self._counters[max(0, len(self._counters) - 1 - steps)], self._counters[-1]
        return [later - earlier for later, earlier in zip(now, before, strict=True)]

    def _served(self, requests_per_second: float, ready: int) -> Moment:
        came = requests_per_second * self._step_seconds
        can = ready * self._service.capacity * self._step_seconds
        before = self._backlog
        done = min(before + came, can)
        waiting = before + came - done
        lost = max(0.0, waiting - ready * self._service.capacity * self._service.timeout_seconds)
        self._backlog = waiting - lost
        within = self._answered(came, lost, ready, (before + self._backlog) / 2)
        busy = done * self._service.cpu_seconds / self._step_seconds / ready if ready else 0.0
        cpu = busy * 1000 + self._service.idle_cpu_millicores
        self._cpu.append(cpu)
        self._counters.append(tuple(map(operator.add, self._counters[-1], (*within, came))))
        return Moment(
            requests=came, over=came - within[self._target], ready=ready, cpu_millicores=cpu
        )

    def _answered(self, came: float, lost: float, ready: int, backlog: float) -> list[float]:
        """Return how many of those that *came* are answered within each bound."""
        if not ready or came == 0:
            return [0.0] * len(self.bounds)
        service = self._service
        delay = backlog / (ready * service.capacity)
        arrivals = came / self._step_seconds / ready
        answered = max(0.0, came - lost)
        return [
            answered * (1 - slower_than(bound, service=service, arrivals=arrivals, delay=delay))
            for bound in self.bounds
        ]

    def _pod(self, replica: _Replica, used_millicores: float) -> Pod:
        ready = replica.ready_time <= self.time
        measured = self.time - replica.ready_time
        has_sample = measured >= dt.timedelta(seconds=USAGE_WINDOW_SECONDS)
        usage = Usage(
            amount=round(used_millicores),
            time=self.time,
            window_seconds=USAGE_WINDOW_SECONDS,
        )
        return Pod(
            name=replica.name,
            phase=Phase.RUNNING,
            deleting=False,
            ready=ready,
            start_time=replica.start_time,
            ready_changed_time=replica.ready_time if ready else replica.start_time,
            request={Resource.CPU: self._service.cpu_request_millicores},
            usage={Resource.CPU: usage} if has_sample else {},
        )
