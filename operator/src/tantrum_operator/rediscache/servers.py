"""What the Redis servers and Sentinels of one cache say of themselves, and what to tell them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import redis.asyncio
import redis.exceptions

ANSWER_SECONDS: Final = 1.0
_ERRORS: Final = (redis.exceptions.RedisError, OSError)  # TimeoutError is an OSError
_CALM: Final = frozenset({"master"})
_UP: Final = frozenset({"slave"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Redis that answers."""

    address: str
    master: bool
    follows: str = ""
    """The master's address, of a replica."""
    link_up: bool = True
    offset: int = 0
    good_replicas: int = 0
    """Replicas that count for `min-replicas-to-write`; all of them where that is 0."""
    used_bytes: int = 0
    evicted_keys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel:
    """A Sentinel that answers, and what it knows."""

    address: str
    master: str
    """Empty where it knows none."""
    epoch: int = 0
    others: int = 0
    replicas: int = 0
    """Those that it remembers, whether there or not."""
    good_replicas: int = 0
    """Those that it could fail over to."""
    has_quorum: bool = False
    calm: bool = True
    """It sees the master up, and no failover under way."""


class Servers:
    """Asks and tells servers, each over a connection of its own that ends with the call."""

    def __init__(
        self, master_name: str, password: str, *, certificate_authority: str | None = None
    ) -> None:
        self._name = master_name
        self._options: dict[str, Any] = {
            "password": password,
            "decode_responses": True,
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "retry": None,
        }
        if certificate_authority is not None:
            self._options |= {"ssl": True, "ssl_ca_data": certificate_authority}

    async def nodes(self, addresses: Sequence[str]) -> tuple[Node, ...]:
        """Return those that answer, in the order of *addresses*."""
        return await _answers(addresses, self._node)

    async def sentinels(self, addresses: Sequence[str]) -> tuple[Sentinel, ...]:
        """As `nodes`."""
        return await _answers(addresses, self._sentinel)

    async def follow(self, address: str, master: str) -> None:
        """Make the Redis at *address* a replica; raises what redis-py does."""
        host, _, port = master.rpartition(":")
        async with self._client(address) as client:
            await _execute(client, "REPLICAOF", host, port)

    async def reset(self, address: str) -> None:
        """Have a Sentinel forget who is gone; it finds the others again in some seconds."""
        async with self._client(address) as client:
            await _execute(client, "SENTINEL", "RESET", self._name)

    @contextlib.asynccontextmanager
    async def _client(self, address: str) -> AsyncIterator[redis.asyncio.Redis]:
        host, _, port = address.rpartition(":")
        client = redis.asyncio.Redis(host=host, port=int(port), **self._options)
        try:
            # Resolving the name has no timeout of its own.
            async with asyncio.timeout(3 * ANSWER_SECONDS):
                yield client
        finally:
            await client.aclose()

    async def _node(self, address: str) -> Node:
        async with self._client(address) as client:
            info = await client.info()
        return parsed_node(address, info)

    async def _sentinel(self, address: str) -> Sentinel:
        async with self._client(address) as client:
            try:
                told = await _execute(client, "SENTINEL", "MASTER", self._name)
            except redis.exceptions.ResponseError:
                return Sentinel(address=address, master="")
            followers = await _execute(client, "SENTINEL", "REPLICAS", self._name)
            try:
                await _execute(client, "SENTINEL", "CKQUORUM", self._name)
                has_quorum = True
            except redis.exceptions.ResponseError:
                has_quorum = False
        return Sentinel(
            address=address,
            master=f"{told['ip']}:{told['port']}",
            epoch=int(told["config-epoch"]),
            others=int(told["num-other-sentinels"]),
            replicas=int(told["num-slaves"]),
            good_replicas=sum(_flags(each) <= _UP for each in followers),
            has_quorum=has_quorum,
            calm=_flags(told) <= _CALM,
        )


def _flags(told: Mapping[str, Any]) -> set[str]:
    """What a Sentinel thinks of a server: `master` or `slave`, and all that is amiss with it."""
    return set(str(told["flags"]).split(","))


async def _execute(client: redis.asyncio.Redis, *command: str) -> Any:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py's


def parsed_node(address: str, info: Mapping[str, Any]) -> Node:
    """Return what *info*, as `INFO` gives it, says of the server at *address*."""
    is_master = info["role"] == "master"
    common = {
        "address": address,
        "master": is_master,
        "used_bytes": int(info.get("used_memory", 0)),
        "evicted_keys": int(info.get("evicted_keys", 0)),
    }
    if is_master:
        return Node(
            **common,
            offset=int(info.get("master_repl_offset", 0)),
            good_replicas=int(info.get("min_slaves_good_slaves", info["connected_slaves"])),
        )
    return Node(
        **common,
        follows=f"{info['master_host']}:{info['master_port']}",
        link_up=info["master_link_status"] == "up",
        offset=int(info.get("slave_repl_offset", 0)),
    )


async def _answers(addresses: Sequence[str], ask: Callable[[str], Awaitable[T]]) -> tuple[T, ...]:
    async def answer(address: str) -> T | None:
        try:
            return await ask(address)
        except _ERRORS:
            return None

    found = await asyncio.gather(*(answer(address) for address in addresses))
    return tuple(each for each in found if each is not None)
