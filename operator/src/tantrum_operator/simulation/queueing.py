"""
How long requests take: each replica a queue with several servers (M/M/c).

Arrivals are random, and so is the time that a request takes; balancing gives each replica
its share. While more come than can be answered a backlog grows, and all behind it wait.
"""

from __future__ import annotations

import math

from tantrum_operator.simulation.service import Service

BUSIEST_RATIO = 0.95
"""Above this load the steady state, which takes long to come about, says too much: what
waits is in the backlog then."""


class UnreachableTargetError(Exception):
    """However many replicas there are, too many requests take longer than the target."""


def waiting_probability(offered: float, servers: int) -> float:
    """Return how likely a request has to wait (Erlang's C); *offered* in servers, below them."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return servers * blocked / (servers - offered * (1 - blocked))


def slower_than(seconds: float, *, service: Service, arrivals: float, delay: float) -> float:
    """
    Return the fraction of requests that take longer than *seconds*.

    *arrivals* a second at one replica; *delay* seconds pass in the backlog before.
    """
    left = seconds - delay
    if left <= 0:
        return 1.0
    rate = 1 / service.service_seconds
    servers = service.concurrency
    offered = min(arrivals * service.service_seconds, servers * BUSIEST_RATIO)
    waits = waiting_probability(offered, servers)
    # The sum of waiting, at the rate of the servers that are free, and of being served.
    spare = servers - offered - 1
    # Where one server is free on average, the formula has its limit.
    longer = (1 - math.exp(-rate * left * spare)) / spare if spare else rate * left
    return min(1.0, math.exp(-rate * left) * (1 + waits * longer))


def replicas_for(
    requests_per_second: float, *, service: Service, target_seconds: float, allowed: float
) -> int:
    """
    Return the fewest replicas at which at most *allowed* of the requests exceed the target.

    Raises `UnreachableTargetError`.
    """
    lone = slower_than(target_seconds, service=service, arrivals=0.0, delay=0.0)
    if lone > allowed:
        raise UnreachableTargetError(
            f"{lone:.0%} of requests take longer than {target_seconds * 1000:.0f} ms however many "
            f"replicas there are, since one takes {service.service_seconds:g} s on average; "
            "change service_seconds, or the scaler's target"
        )
    replicas = max(1, math.ceil(requests_per_second / service.capacity))
    while (
        requests_per_second > BUSIEST_RATIO * replicas * service.capacity
        or slower_than(
            target_seconds,
            service=service,
            arrivals=requests_per_second / replicas,
            delay=0.0,
        )
        > allowed
    ):
        replicas += 1
    return replicas
