"""
Connections to the Redis that a URL names: one server, or the master that Sentinels name.

`redis://:password@host:6379/0`, or `redis+sentinel://:password@host:26379,host2:26379/NAME/0`
with what the Sentinels call the master, and one password for Redis and Sentinels. With
`rediss` both speak TLS; `?ssl_ca_certs=FILE` says whom to trust.

After a failover a connection breaks, or is told that its server is a replica now; whoever
connects next asks the Sentinels again, and all idle connections to the former master go.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import redis.asyncio
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

_SENTINEL_PORT: Final = 26379
_SCHEMES: Final = ("redis+sentinel", "rediss+sentinel")
# So that two of three Sentinels may be gone, and the third be asked and the master reached.
_SENTINEL_SHARE: Final = 0.25


class _MasterPool(SentinelConnectionPool, redis.asyncio.BlockingConnectionPool):
    """At most so many connections to the master; who finds none free waits."""

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Close the connections to the Sentinels too, where all are closed."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


def made(
    url: str, *, timeout_seconds: float, max_connections: int
) -> redis.asyncio.BlockingConnectionPool:
    """
    Return a pool in which everything takes *timeout_seconds* at most, and nothing connects yet.

    Raises ValueError for a URL that is not of one of the forms above.
    """
    options: dict[str, Any] = {
        "max_connections": max_connections,
        "timeout": timeout_seconds,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": None,
    }
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        return redis.asyncio.BlockingConnectionPool.from_url(url, **options)
    name, database = _named(parts)
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    login: dict[str, Any] = {
        "username": unquote(username) or None,
        "password": unquote(password) or None,
        **dict(parse_qsl(parts.query)),
    }
    if parts.scheme == "rediss+sentinel":
        login["ssl"] = True
    asking_seconds = timeout_seconds * _SENTINEL_SHARE
    sentinels = Sentinel(  # type: ignore[no-untyped-call] # redis-py has none here
        [_address(each) for each in hosts.split(",")],
        sentinel_kwargs={
            **login,
            "socket_timeout": asking_seconds,
            "socket_connect_timeout": asking_seconds,
            "retry": None,
        },
    )
    return _MasterPool(  # type: ignore[no-untyped-call] # as above
        name, sentinels, db=database, **login, **options
    )


def _named(parts: SplitResult) -> tuple[str, int]:
    """Return what the Sentinels call the master, and the number of the database."""
    name, _, database = parts.path.removeprefix("/").partition("/")
    if not name:
        raise ValueError(f"{parts.scheme}://… ends in what the Sentinels call the master")
    return name, int(database or "0")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    if not host:
        raise ValueError("a Sentinel without a host")
    return host, int(port or _SENTINEL_PORT)
