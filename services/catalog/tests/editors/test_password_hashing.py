"""Real hashing, with small parameters: what it costs is not under test, what it accepts is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace

import bcrypt
import pytest
from tantrum_catalog.storage import password_hashing
from tantrum_catalog.storage.password_hashing import HashingBusyError, ThreadedPasswordHasher

PASSWORD = "correct horse battery staple"


@pytest.fixture
def hasher():
    return ThreadedPasswordHasher(memory_kib=64, passes=1)


def old_hash(password: bytes, prefix: bytes = b"2b") -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4, prefix=prefix)).decode()


def hash_by(hasher: ThreadedPasswordHasher, work: Callable[[str], object]) -> None:
    """Put *work*, which waits for what a test decides, in place of the slow part."""
    hasher._argon2 = SimpleNamespace(hash=work)


async def test_a_hash_matches_its_password_and_no_other(hasher):
    password_hash = await hasher.hash(PASSWORD)

    assert await hasher.matches(PASSWORD, password_hash)
    assert not await hasher.matches(PASSWORD + ".", password_hash)


async def test_one_password_never_has_one_hash(hasher):
    assert await hasher.hash(PASSWORD) != await hasher.hash(PASSWORD)


async def test_nobodys_hash_matches_nothing(hasher):
    assert not await hasher.matches(PASSWORD, None)


async def test_the_parameters_are_owasps():
    password_hash = await ThreadedPasswordHasher().hash(PASSWORD)

    assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_password_typed_with_other_code_points_matches(hasher):
    password_hash = await hasher.hash("café au lait, café au lait")

    assert await hasher.matches("cafe\u0301 au lait, cafe\u0301 au lait", password_hash)


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
async def test_a_bcrypt_hash_of_the_old_application_matches_and_is_outdated(hasher, prefix):
    password_hash = old_hash(b"old password", prefix)

    assert await hasher.matches("old password", password_hash)
    assert not await hasher.matches("old passworD", password_hash)
    assert hasher.outdated(password_hash)


async def test_bcrypt_looks_at_72_bytes_as_it_always_did(hasher):
    long = "é" * 60
    password_hash = old_hash(long.encode()[:72])

    assert await hasher.matches(long, password_hash)


async def test_bcrypt_hashed_what_was_typed(hasher):
    decomposed = "cafe\u0301 de flore"

    assert await hasher.matches(decomposed, old_hash(decomposed.encode()))


async def test_a_hash_of_other_parameters_still_matches_and_is_outdated(hasher):
    before = await ThreadedPasswordHasher(memory_kib=32, passes=2).hash(PASSWORD)

    assert await hasher.matches(PASSWORD, before)
    assert hasher.outdated(before)
    assert not hasher.outdated(await hasher.hash(PASSWORD))


async def test_every_comparison_does_the_same_work(hasher, monkeypatch):
    """Patches bcrypt's own function, the only seam that shows what was computed."""
    checked = []
    monkeypatch.setattr(
        password_hashing.bcrypt,
        "checkpw",
        lambda password, password_hash: checked.append(password_hash[:7]) or False,
    )
    argon2_checked = []
    verify = hasher._argon2_matches
    monkeypatch.setattr(
        hasher,
        "_argon2_matches",
        lambda password, password_hash: (
            argon2_checked.append(password_hash.rpartition("p=")[0])
            or verify(password, password_hash)
        ),
    )
    for password_hash in (None, await hasher.hash(PASSWORD), "$2b$10$" + "x" * 53):
        await hasher.matches(PASSWORD, password_hash)

    assert checked == 3 * [b"$2b$10$"]
    assert argon2_checked == 3 * ["$argon2id$v=19$m=64,t=1,"]


async def test_the_event_loop_turns_while_a_password_is_hashed(hasher):
    turned = threading.Event()
    hash_by(hasher, lambda password: turned.wait(timeout=10))

    hashing = asyncio.ensure_future(hasher.hash(PASSWORD))
    asyncio.get_running_loop().call_soon(turned.set)

    assert await hashing is True


async def test_threads_at_once_are_bounded_even_when_callers_give_up():
    hasher = ThreadedPasswordHasher(at_once=1, memory_kib=64, passes=1)
    started, finish = threading.Semaphore(0), threading.Event()
    hash_by(hasher, lambda password: started.release() or finish.wait(timeout=10))

    first = asyncio.ensure_future(hasher.hash(PASSWORD))
    await asyncio.to_thread(started.acquire)
    first.cancel()
    second = asyncio.ensure_future(hasher.hash(PASSWORD))
    with pytest.raises(asyncio.CancelledError):
        await first

    # The first caller is gone, but its thread is not.
    assert not started.acquire(blocking=False)
    finish.set()
    assert await second


async def test_more_than_can_wait_are_sent_away(monkeypatch):
    monkeypatch.setattr(password_hashing, "_WAITING_MAX", 1)
    hasher = ThreadedPasswordHasher(at_once=1, memory_kib=64, passes=1)
    finish = threading.Event()
    hash_by(hasher, lambda password: finish.wait(timeout=10))
    working = [asyncio.ensure_future(hasher.hash(PASSWORD)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(HashingBusyError):
        await hasher.hash(PASSWORD)

    finish.set()
    assert await asyncio.gather(*working) == [True, True]
