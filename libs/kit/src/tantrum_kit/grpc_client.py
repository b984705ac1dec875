"""How services call one another: balanced, bounded, retried only where that is safe."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence

from grpc import aio

from tantrum_kit import status


def channel(address: str, *, retried: Mapping[str, Sequence[str]]) -> aio.Channel:
    """
    Return a channel to all servers that *address* (`host:port`) resolves to.

    The methods *retried*, by full name of their service, are tried up to three
    times when a server is UNAVAILABLE, with jittered backoff, and while fewer
    than some 20 % of the calls fail: name only those that may be repeated. Every
    call needs a `timeout=` of its own. To be made inside the event loop.
    """
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.2},
        "methodConfig": [
            {
                "name": [{"service": service, "method": method} for method in methods],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.02s",
                    "maxBackoff": "0.2s",
                    "backoffMultiplier": 3,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
            for service, methods in retried.items()
        ],
    }
    return aio.insecure_channel(
        f"dns:///{address}",
        options=[
            ("grpc.service_config", json.dumps(config)),
            # New pods get load within a second or so, not within the default 30 s.
            ("grpc.dns_min_time_between_resolutions_ms", 1_000),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
            # A peer that froze is noticed while calls wait for it.
            ("grpc.keepalive_time_ms", 20_000),
            ("grpc.keepalive_timeout_ms", 5_000),
        ],
    )


@contextlib.contextmanager
def errors_raised() -> Iterator[None]:
    """Raise a failed call of the body as the `CallerError` that its server raised."""
    try:
        yield
    except aio.AioRpcError as failure:
        error = status.error_of(failure)
        if error is None:
            raise
        raise error from failure
