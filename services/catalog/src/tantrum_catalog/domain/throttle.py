"""
How fast passwords can be guessed: a debt in time, of an account and of an address.

Each failure adds its cost, time pays it off, and no attempt is made that would lift the
debt over the limit. So ten failures of an account are free, then there is one more every 90
seconds; refused attempts cost nothing, so nobody can push an account's next chance away.
A success forgives an account its debt. To an address it gives back what that attempt cost
and no more: else a thief with one account could guess at all others.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
from typing import Final, Protocol

from tantrum_kit import errors

from tantrum_catalog.domain.editor import AccountKey

FAILURE_COST: Final = dt.timedelta(seconds=90)
DEBT_LIMIT: Final = 10 * FAILURE_COST

ADDRESS_FAILURE_COST: Final = dt.timedelta(seconds=30)
ADDRESS_DEBT_LIMIT: Final = 30 * ADDRESS_FAILURE_COST
"""Several people may share an address."""

NO_WAIT: Final = dt.timedelta()

_NETWORK_BITS: Final = 64


class TooManyFailuresError(errors.ExhaustedError):
    reason = "TOO_MANY_FAILED_SIGN_INS"

    def __init__(self, wait: dt.timedelta) -> None:
        seconds = math.ceil(wait.total_seconds())
        super().__init__(
            f"too many failed sign-ins; try again in {seconds} seconds", retry_after_seconds=seconds
        )


class DebtStore(Protocol):
    """
    Keeps what failures cost, by keys that need not be an editor's.

    Every method may raise `UnavailableError` and is atomic.
    """

    async def take_attempt(
        self, key: AccountKey, *, now: dt.datetime, cost: dt.timedelta, limit: dt.timedelta
    ) -> dt.timedelta:
        """
        Add *cost* to the debt of *key* at *now*, unless that would lift it over *limit*.

        Returns how long to wait for that: zero when it was added.
        """

    async def give_back(self, key: AccountKey, *, cost: dt.timedelta) -> None:
        """Take *cost* off the debt of *key* again."""

    async def forgive(self, key: AccountKey) -> None:
        """Forget the debt of *key*."""


class Throttle:
    """Counts attempts before it is known whether they fail. Safe to share."""

    def __init__(self, debts: DebtStore) -> None:
        self._debts = debts

    async def take(
        self, account: AccountKey, address: AccountKey | None, *, now: dt.datetime
    ) -> None:
        """Count an attempt. Raises `TooManyFailuresError`, and then counts nothing."""
        # Counted before it is known: guesses made at once must not all slip through.
        if address is not None:
            wait = await self._debts.take_attempt(
                address, now=now, cost=ADDRESS_FAILURE_COST, limit=ADDRESS_DEBT_LIMIT
            )
            if wait > NO_WAIT:
                raise TooManyFailuresError(wait)
        wait = await self._debts.take_attempt(account, now=now, cost=FAILURE_COST, limit=DEBT_LIMIT)
        if wait > NO_WAIT:
            if address is not None:
                await self._debts.give_back(address, cost=ADDRESS_FAILURE_COST)
            raise TooManyFailuresError(wait)

    async def succeeded(self, account: AccountKey, address: AccountKey | None) -> None:
        """Note that the attempt was no failure."""
        await self._debts.forgive(account)
        if address is not None:
            await self._debts.give_back(address, cost=ADDRESS_FAILURE_COST)


def address_key(client_address: str) -> AccountKey | None:
    """
    Return the key of an IP address, IPv6 by /64: whoever has one has all of those.

    None for an empty text. Raises `InvalidInputError` about `client_address`.
    """
    if not client_address:
        return None
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv6Network
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError as error:
        raise errors.InvalidInputError.of("client_address", "is no IP address") from error
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv6Address):
        address = ipaddress.IPv6Network((int(address), _NETWORK_BITS), strict=False)
    # No e-mail's key has a capital letter in it, so none can be mistaken for this one.
    return AccountKey(f"ADDRESS {address}")
