"""
Hashes passwords with argon2id, and still knows the old application's bcrypt.

Every comparison does one argon2id and one bcrypt, one of them (for an unknown
account both) against a hash that nothing matches. So the time tells neither
whether there is an account nor of which kind its hash is. Once no bcrypt hashes
are left, that half can go.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Final, TypeVar

import argon2
import bcrypt
from tantrum_kit.errors import UnavailableError

from tantrum_catalog.domain.passwords import normalised

# OWASP's parameters for argon2id (Password Storage Cheat Sheet, 2024): a guess
# costs 19 MiB and two passes, some 40 ms on one core.
MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1

_ARGON2_PREFIX: Final = "$argon2id$"
_BCRYPT_PREFIXES: Final = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES: Final = 72
"""All that bcrypt ever looks at; the old application cut silently, so must we."""
_NOTHING_BCRYPT: Final = "$2b$10$" + 22 * "." + 31 * "."
"""Of the old application's cost; no password has it."""

_WAITING_MAX: Final = 64
"""Beyond this, those who wait would wait longer than anybody's deadline."""

_T = TypeVar("_T")


class HashingBusyError(UnavailableError):
    reason = "SIGN_IN_BUSY"

    def __init__(self) -> None:
        super().__init__("too many sign-ins at once")


class ThreadedPasswordHasher:
    """
    A `PasswordHasher` that works in threads, *at_once* of them at most.

    Bounds memory to *at_once* times *memory_kib*. Cancelling a call does not end
    its thread, which keeps its place until it is done.
    """

    def __init__(
        self,
        *,
        at_once: int = 2,
        memory_kib: int = MEMORY_KIB,
        passes: int = PASSES,
        lanes: int = LANES,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=lanes, type=argon2.Type.ID
        )
        self._nothing_argon2 = (
            f"{_ARGON2_PREFIX}v=19$m={memory_kib},t={passes},p={lanes}${22 * 'A'}${43 * 'A'}"
        )
        self._free = asyncio.Semaphore(at_once)
        self._waiting_count = 0

    async def hash(self, password: str) -> str:
        return await self._in_thread(functools.partial(self._argon2.hash, normalised(password)))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        return await self._in_thread(functools.partial(self._matches, password, password_hash))

    def outdated(self, password_hash: str) -> bool:
        if not password_hash.startswith(_ARGON2_PREFIX):
            return True
        return self._argon2.check_needs_rehash(password_hash)

    def _matches(self, password: str, password_hash: str | None) -> bool:
        known = password_hash or ""
        argon2_hash = known if known.startswith(_ARGON2_PREFIX) else self._nothing_argon2
        bcrypt_hash = known if known.startswith(_BCRYPT_PREFIXES) else _NOTHING_BCRYPT
        # The old application hashed what was typed, without making it one form.
        by_argon2 = self._argon2_matches(normalised(password), argon2_hash)
        by_bcrypt = _bcrypt_matches(password, bcrypt_hash)
        return by_argon2 or by_bcrypt

    def _argon2_matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            return False

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        if self._waiting_count >= _WAITING_MAX:
            raise HashingBusyError
        self._waiting_count += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting_count -= 1
        # Not released on cancellation: a thread goes on, and memory is what is bounded.
        working = asyncio.get_running_loop().run_in_executor(None, work)
        working.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(working)


def _bcrypt_matches(password: str, password_hash: str) -> bool:
    return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], password_hash.encode())
