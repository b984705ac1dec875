"""
The servers behind one address, and which of them the next call goes to.

Each has a gRPC channel of its own, so that who calls can tell them apart: a second
attempt is worth something only if it goes elsewhere. (gRPC's own `round_robin` picks
anew for each attempt, and so it repeats one in two on the server that has just failed.)
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import itertools
import socket
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from typing import Any, Final, TypeAlias

import grpc
import prometheus_client
import structlog
from grpc import aio

log = structlog.get_logger()

Resolve: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""Gives the addresses (`host:port`) of all servers behind one, or raises OSError."""

_RESOLVE_PERIOD_SECONDS: Final = 1.0
"""New pods get load within that."""

_LEAVING_GRACE_SECONDS: Final = 30.0
"""For calls under way on a server that is no longer named; it ends them itself, sooner."""

_SHUNNED_SECONDS: Final = 1.0

_CHANNEL_OPTIONS: Final = (
    # Each peer is one server: nothing is shared with another channel to it, or balanced.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A server that froze takes the place of none for long: its connection is given up.
    ("grpc.keepalive_time_ms", 2_000),
    ("grpc.keepalive_timeout_ms", 2_000),
)

_SERVERS = prometheus_client.Gauge(
    "tantrum_grpc_client_servers_count",
    "Servers behind an address, by the state of the connection to them.",
    ["address", "state"],
)

_RANK: Final = {
    grpc.ChannelConnectivity.READY: 0,
    grpc.ChannelConnectivity.IDLE: 1,
    grpc.ChannelConnectivity.CONNECTING: 1,
    grpc.ChannelConnectivity.TRANSIENT_FAILURE: 2,
    grpc.ChannelConnectivity.SHUTDOWN: 3,
}


class Peer:
    """One server."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.channel = aio.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._calls = 0
        self._overtaken = False
        self._shunned_until_monotonic = 0.0

    @contextlib.contextmanager
    def calling(self) -> Iterator[None]:
        """Count a call under way while the body runs, which raises where it gets no answer."""
        self._calls += 1
        try:
            yield
            self._overtaken = False
        finally:
            self._calls -= 1

    def overtake(self) -> None:
        """
        Note that another server overtook this one; prefer others for a second the next time.

        One late answer happens to every server, most of all to a new one; a second without
        an answer in between is the mark of one that hangs.
        """
        if self._overtaken:
            self._shunned_until_monotonic = asyncio.get_running_loop().time() + _SHUNNED_SECONDS
        self._overtaken = True

    def shunned(self) -> bool:
        """Say whether others are preferred for now."""
        return asyncio.get_running_loop().time() < self._shunned_until_monotonic

    def rank(self) -> tuple[int, bool, int]:
        """Return what orders servers, best first. Connects where there is no connection."""
        state = self.channel.get_state(try_to_connect=True)
        return _RANK[state], self.shunned(), self._calls


class Peers:
    """
    All servers that *address* (`host:port`) means, as *resolve* names them each second.

    An answer that names none, and an error, leave those that were known. To be
    entered in the event loop, once; it waits for the first answer.
    """

    def __init__(self, address: str, resolve: Resolve) -> None:
        self._address = address
        self._resolve = resolve
        self._peers: dict[str, Peer] = {}
        self._turns = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._trouble = ""

    async def open(self) -> None:
        """Find the servers for the first time, and again from then on."""
        await self._update()
        for state in grpc.ChannelConnectivity:
            _SERVERS.labels(self._address, state.name.lower()).set_function(
                functools.partial(self._count, state)
            )
        if not _is_literal(self._address):
            self._start(self._keep_updating())

    async def close(self) -> None:
        """End all calls and connections."""
        for state in grpc.ChannelConnectivity:
            _SERVERS.remove(self._address, state.name.lower())
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.gather(*(peer.channel.close() for peer in self._peers.values()))

    def best(self, *, without: Collection[Peer] = ()) -> Peer | None:
        """
        Return the server for the next call, None if all that are known are *without*.

        Connected ones come first, then those that none has overtaken lately, then
        those with the fewest calls under way; equals take turns.
        """
        peers = [peer for peer in self._peers.values() if peer not in without]
        if not peers:
            return None
        turn = next(self._turns) % len(peers)
        return min(peers[turn:] + peers[:turn], key=Peer.rank)

    def _count(self, state: grpc.ChannelConnectivity) -> int:
        return sum(peer.channel.get_state() is state for peer in list(self._peers.values()))

    async def _keep_updating(self) -> None:
        while True:
            await asyncio.sleep(_RESOLVE_PERIOD_SECONDS)
            try:
                await self._update()
            except Exception:  # the top of a background task
                log.exception("peers_update_failed", address=self._address)

    async def _update(self) -> None:
        try:
            addresses = await self._resolve(self._address)
        except OSError as error:
            addresses, trouble = [], f"{type(error).__name__}: {error}"
        else:
            trouble = "" if addresses else "no servers"
        if trouble != self._trouble:
            log.info("peers_resolution_changed", address=self._address, trouble=trouble)
            self._trouble = trouble
        if addresses and set(addresses) != set(self._peers):
            self._replace(addresses)

    def _replace(self, addresses: Sequence[str]) -> None:
        before, self._peers = (
            self._peers,
            {one: self._peers.get(one) or Peer(one) for one in sorted(set(addresses))},
        )
        if before:
            log.info("peers_changed", address=self._address, peers=list(self._peers))
        for address, peer in before.items():
            if address not in self._peers:
                self._start(peer.channel.close(_LEAVING_GRACE_SECONDS))
        for peer in self._peers.values():
            peer.channel.get_state(try_to_connect=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def named_by_dns(address: str) -> Sequence[str]:
    """Return `ip:port` of all servers that the name in *address* has. Raises OSError."""
    host, _, port = address.rpartition(":")
    found = await asyncio.get_running_loop().getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM
    )
    return [_joined(str(sockaddr[0]), int(sockaddr[1])) for *_, sockaddr in found]


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@functools.cache
def _is_literal(address: str) -> bool:
    """Say whether *address* has an IP address in it, which never names another server."""
    try:
        ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True
