"""
What every request passes first: who asks, whether the limit allows it, what each answer says.

All of it is decided from memory, within a microsecond where the caller was seen before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tantrum_gateway import problems, security
from tantrum_gateway.answers import Headers
from tantrum_gateway.clients import Client, ClientFinder
from tantrum_gateway.cors import Cors
from tantrum_gateway.limits.lease import Lease
from tantrum_gateway.limits.limiter import UNLIMITED_LEASES, Leases, Limiter
from tantrum_gateway.mounts import Scope

RawCaller = tuple[str, bytes | None, bytes | None, bytes | None]
"""The peer's address, and the headers that proxies write, as they came in."""

_MAX_CALLERS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How large the head of a request may be."""

    url_bytes: int
    headers_bytes: int

    def check(self, scope: Scope) -> None:
        """Raise `RefusedError` for a head that is larger."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > self.url_bytes:
            detail = f"the address may have up to {self.url_bytes} bytes"
            raise problems.RefusedError(problems.URL_TOO_LONG, 414, detail=detail)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self.headers_bytes:
            detail = f"all header fields together may have up to {self.headers_bytes} bytes"
            raise problems.RefusedError(problems.HEADERS_TOO_LARGE, 431, detail=detail)


class Caller:
    """A client as the front knows it."""

    __slots__ = ("client", "confirming_headers", "headers", "key", "leases")

    def __init__(
        self, client: Client, leases: Leases, *, headers: Headers, confirming_headers: Headers
    ) -> None:
        self.client = client
        self.key = client.key or ""
        self.leases = leases
        self.headers = headers
        """On every answer to it, but 304."""
        self.confirming_headers = confirming_headers
        """On a 304."""


class Front:
    """Knows callers by what their requests look like."""

    def __init__(
        self, *, finder: ClientFinder, limiter: Limiter, cors: Cors, bounds: Bounds
    ) -> None:
        self.limiter = limiter
        self.cors = cors
        self.bounds = bounds
        self.callers: dict[RawCaller, Caller] = {}
        """Who was seen lately; always this very dict."""
        self._finder = finder
        self._headers = cors.vary
        self._secure_headers = [*cors.vary, security.STRICT_TRANSPORT]
        self._turn = limiter.turn

    def caller(self, raw_caller: RawCaller) -> Caller:
        """Return who asks, and remember it."""
        self._forget(full=len(self.callers) >= _MAX_CALLERS)
        peer, forwarded_for, forwarded_proto, connecting_ip = raw_caller
        client = self._finder.client(
            peer,
            forwarded_for=forwarded_for,
            forwarded_proto=forwarded_proto,
            connecting_ip=connecting_ip,
        )
        leases = UNLIMITED_LEASES if client.key is None else self.limiter.leases_of(client.key)
        headers = self._secure_headers if client.secure else self._headers
        caller = self.callers[raw_caller] = Caller(
            client,
            leases,
            headers=[*security.HEADERS, *headers],
            confirming_headers=headers,
        )
        return caller

    def sweep(self) -> None:
        """To be called each second or so: forget who was not seen lately."""
        self.limiter.sweep()
        self._forget()

    def _forget(self, *, full: bool = False) -> None:
        # Else a caller's leases would be forgotten, since the limiter does not see it here.
        if full or self._turn != self.limiter.turn:
            self._turn = self.limiter.turn
            self.callers.clear()

    def lease(self, caller: Caller, index: int) -> Lease:
        """Return the lease of *caller* in a class."""
        return self.limiter.lease(caller.leases, index, caller.key)
