"""
Who asks: the client's address, as far as it can be known.

A peer that is a trusted proxy says in `X-Forwarded-For` whom it speaks for, and that
may be another trusted proxy. The first address on the way back that is none of them is
the client's; what stands further left was written by the client itself, and counts for
nothing. Where there are only trusted proxies on the way, the client is not known.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAX_HOPS: Final = 16
_IPV6_PREFIX_LENGTH: Final = 64
"""One customer's. Less would count each of a customer's 2^64 addresses apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from."""

    address: str
    """The client's, or that of the proxy that is furthest away from us."""
    key: str | None
    """What is limited: an IPv4 address or an IPv6 network; None where no client is known."""
    secure: bool
    """Whether it came over TLS, as a trusted proxy says."""


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma list. Raises `ValueError` where one is none."""
    parts = (part.strip() for part in text.split(","))
    return tuple(ipaddress.ip_network(part) for part in parts if part)


class ClientFinder:
    """Finds clients behind proxies."""

    def __init__(self, *, trusted: Sequence[Network], cloudflare: Sequence[Network]) -> None:
        self._trusted = trusted
        self._cloudflare = cloudflare

    def client(
        self,
        peer: str,
        *,
        forwarded_for: bytes | None,
        forwarded_proto: bytes | None,
        connecting_ip: bytes | None,
    ) -> Client:
        """
        Return who asks through the connection of *peer*.

        The *connecting_ip* of Cloudflare counts where the request came from its networks.
        """
        peer_address = _address(peer)
        if peer_address is None:
            return Client(address=peer, key=None, secure=False)
        address = self._furthest(peer_address, forwarded_for)
        if connecting_ip is not None and _within(address, self._cloudflare):
            address = _address(connecting_ip.decode("latin-1")) or address
        trusted_peer = _within(peer_address, self._trusted)
        return Client(
            address=str(address),
            key=None if _within(address, self._trusted) else _key(address),
            secure=trusted_peer and forwarded_proto is not None and forwarded_proto == b"https",
        )

    def _furthest(self, address: Address, forwarded_for: bytes | None) -> Address:
        if forwarded_for is None:
            return address
        for part in reversed(forwarded_for.decode("latin-1").rsplit(",", _MAX_HOPS)):
            if not _within(address, self._trusted):
                break
            before = _address(part)
            if before is None:
                break
            address = before
        return address


def _address(text: str) -> Address | None:
    """Return the address that *text* is, with a port or without."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _within(address: Address, among: Iterable[Network]) -> bool:
    return any(address in network for network in among)


def _key(address: Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX_LENGTH), strict=False))
