"""Use cases against the memory store: who gets in, who has to wait, and what is told."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from tantrum_catalog.domain.editor import EditorExistsError, account_key
from tantrum_catalog.domain.editors import Editors, PasswordChangedError, SignInError
from tantrum_catalog.domain.throttle import DEBT_LIMIT, FAILURE_COST, TooManyFailuresError
from tantrum_catalog.storage.memory_editors import MemoryEditorStore
from tantrum_kit.errors import CallerError, InvalidInputError

from .fakes import START, FakeClock, FakeHasher

EMAIL = "mo@example.com"
PASSWORD = "a long password"
OTHER = "another password"
FREE_FAILURES = DEBT_LIMIT // FAILURE_COST


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def hasher():
    return FakeHasher()


@pytest.fixture
def store():
    return MemoryEditorStore()


@pytest.fixture
def editors(store, hasher, clock):
    return Editors(store, hasher, now=clock.now)


@pytest.fixture
async def editor(editors):
    return await editors.create(email=EMAIL, password=PASSWORD, name="Mo")


async def fail(editors, email=EMAIL, *, times=1):
    for _ in range(times):
        with pytest.raises(SignInError):
            await editors.sign_in(email, OTHER)


async def test_an_editor_signs_in_with_any_spelling_of_the_email(editors, editor):
    assert await editors.sign_in(" MO@Example.com ", PASSWORD) == editor


async def test_an_unknown_email_gets_the_same_words_and_work_as_a_wrong_password(
    editors, editor, hasher
):
    with pytest.raises(SignInError) as wrong:
        await editors.sign_in(EMAIL, OTHER)
    with pytest.raises(SignInError) as unknown:
        await editors.sign_in("nobody@example.com", OTHER)

    assert (wrong.value.message, wrong.value.facts) == (unknown.value.message, unknown.value.facts)
    assert hasher.comparisons == [f"$new:{PASSWORD}", None]


async def test_an_unknown_email_is_throttled_as_a_known_one(editors, editor):
    for email in (EMAIL, "nobody@example.com"):
        await fail(editors, email, times=FREE_FAILURES)

        with pytest.raises(TooManyFailuresError) as caught:
            await editors.sign_in(email, OTHER)

        assert caught.value.facts == {"retry_after_seconds": "90"}


async def test_a_throttled_account_costs_no_hashing_and_refuses_the_right_password(
    editors, editor, hasher
):
    await fail(editors, times=FREE_FAILURES)
    hasher.comparisons.clear()

    with pytest.raises(TooManyFailuresError):
        await editors.sign_in(EMAIL, PASSWORD)

    assert hasher.comparisons == []


async def test_refused_attempts_do_not_push_the_next_chance_away(editors, editor, clock):
    await fail(editors, times=FREE_FAILURES)
    for _ in range(1000):
        with pytest.raises(TooManyFailuresError):
            await editors.sign_in(EMAIL, OTHER)

    clock.advance(seconds=90)

    assert await editors.sign_in(EMAIL, PASSWORD) == editor


async def test_after_the_free_failures_there_is_one_more_each_time_one_is_paid_off(
    editors, editor, clock
):
    await fail(editors, times=FREE_FAILURES)
    for _ in range(5):
        clock.advance(seconds=90)
        await fail(editors)

        with pytest.raises(TooManyFailuresError):
            await editors.sign_in(EMAIL, OTHER)


async def test_a_success_resets_the_throttle(editors, editor):
    await fail(editors, times=FREE_FAILURES - 1)
    await editors.sign_in(EMAIL, PASSWORD)

    await fail(editors, times=FREE_FAILURES)


async def test_one_account_does_not_throttle_another(editors, editor):
    await fail(editors, "else@example.com", times=FREE_FAILURES)

    assert await editors.sign_in(EMAIL, PASSWORD) == editor


async def test_guesses_made_at_once_do_not_slip_past_the_throttle(editors, editor, hasher):
    results = await asyncio.gather(
        *(editors.sign_in(EMAIL, OTHER) for _ in range(50)), return_exceptions=True
    )

    assert sum(isinstance(result, SignInError) for result in results) == FREE_FAILURES
    assert len(hasher.comparisons) == FREE_FAILURES


async def test_an_outdated_hash_is_replaced_at_sign_in(editors, store):
    await store.add(email=EMAIL, name="", password_hash=f"$old:{PASSWORD}", create_time=START)

    signed_in = await editors.sign_in(EMAIL, PASSWORD)

    account = await store.find(account_key(EMAIL))
    assert account.password_hash == f"$new:{PASSWORD}"
    assert account.editor == signed_in


async def test_a_short_password_of_the_old_application_gets_in_and_is_rehashed(editors, store):
    await store.add(email=EMAIL, name="", password_hash="$old:tiny", create_time=START)

    await editors.sign_in(EMAIL, "tiny")

    assert (await store.find(account_key(EMAIL))).password_hash == "$new:tiny"


async def test_a_present_hash_is_left_alone(editors, editor, store):
    before = await store.find(account_key(EMAIL))

    await editors.sign_in(EMAIL, PASSWORD)

    assert await store.find(account_key(EMAIL)) == before


async def test_create_trims_and_keeps_the_spelling(editors):
    editor = await editors.create(email=" Mo@Example.com ", password=PASSWORD, name=" Mo ")

    assert (editor.email, editor.name) == ("Mo@Example.com", "Mo")
    assert editor.create_time == editor.password_time == START


async def test_one_email_has_one_editor_whatever_its_case(editors, editor):
    with pytest.raises(EditorExistsError):
        await editors.create(email=EMAIL.upper(), password=PASSWORD)


@pytest.mark.parametrize(
    ("email", "field"),
    [
        pytest.param("", "email", id="empty"),
        pytest.param("mo", "email", id="no at"),
        pytest.param("@example.com", "email", id="no local part"),
        pytest.param("mo@", "email", id="no host"),
        pytest.param("m o@example.com", "email", id="space"),
        pytest.param("mo@example.com\nBcc: x", "email", id="line break"),
        pytest.param("m" * 250 + "@example.com", "email", id="too long"),
    ],
)
async def test_create_refuses_what_is_no_email(editors, email, field):
    with pytest.raises(InvalidInputError) as caught:
        await editors.create(email=email, password=PASSWORD)

    assert [v.field for v in caught.value.violations] == [field]


@pytest.mark.parametrize("name", ["x" * 201, "Mo\x1b[2J"], ids=["too long", "control character"])
async def test_create_refuses_a_name_that_is_no_name(editors, name):
    with pytest.raises(InvalidInputError) as caught:
        await editors.create(email=EMAIL, password=PASSWORD, name=name)

    assert [v.field for v in caught.value.violations] == ["name"]


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        pytest.param(" ", PASSWORD, "email", id="no email"),
        pytest.param("m" * 255, PASSWORD, "email", id="email too long"),
        pytest.param(EMAIL, "", "password", id="no password"),
        pytest.param(EMAIL, "x" * 1025, "password", id="password too long"),
    ],
)
async def test_sign_in_refuses_what_is_missing_or_too_long_and_counts_nothing(
    editors, hasher, email, password, field
):
    for _ in range(2 * FREE_FAILURES):
        with pytest.raises(InvalidInputError) as caught:
            await editors.sign_in(email, password)

    assert [v.field for v in caught.value.violations] == [field]
    assert hasher.comparisons == []


async def test_a_changed_password_is_the_only_one(editors, editor, clock):
    clock.advance(days=1)

    changed = await editors.change_password(email=EMAIL, current=PASSWORD, new=OTHER)

    assert changed.password_time == START + dt.timedelta(days=1)
    assert await editors.sign_in(EMAIL, OTHER) == changed
    with pytest.raises(SignInError):
        await editors.sign_in(EMAIL, PASSWORD)


async def test_failures_to_change_and_to_sign_in_count_together(editors, editor):
    await fail(editors, times=FREE_FAILURES - 1)
    with pytest.raises(SignInError):
        await editors.change_password(email=EMAIL, current=OTHER, new=OTHER)

    with pytest.raises(TooManyFailuresError):
        await editors.change_password(email=EMAIL, current=PASSWORD, new=OTHER)


async def test_a_weak_new_password_is_refused_before_anything_is_counted(editors, hasher):
    for _ in range(2 * FREE_FAILURES):
        with pytest.raises(InvalidInputError) as caught:
            await editors.change_password(email=EMAIL, current=PASSWORD, new="short")

    assert [v.field for v in caught.value.violations] == ["new_password"]
    assert hasher.comparisons == []


class OvertakingHasher(FakeHasher):
    """Somebody else sets a password while this one hashes."""

    def __init__(self, store):
        super().__init__()
        self.store = store

    async def hash(self, password):
        account = await self.store.find(account_key(EMAIL))
        await self.store.set_password(
            account.editor.id,
            password_hash="$new:theirs",
            replaces=account.password_hash,
            password_time=START,
        )
        return await super().hash(password)


async def test_of_two_changes_at_once_the_second_is_told(store, editor):
    editors = Editors(store, OvertakingHasher(store), now=FakeClock().now)

    with pytest.raises(PasswordChangedError):
        await editors.change_password(email=EMAIL, current=PASSWORD, new=OTHER)

    assert (await store.find(account_key(EMAIL))).password_hash == "$new:theirs"


async def test_a_rehash_never_undoes_a_change_made_meanwhile(store):
    await store.add(email=EMAIL, name="", password_hash=f"$old:{PASSWORD}", create_time=START)
    editors = Editors(store, OvertakingHasher(store), now=FakeClock().now)

    await editors.sign_in(EMAIL, PASSWORD)

    assert (await store.find(account_key(EMAIL))).password_hash == "$new:theirs"


async def test_no_refusal_and_no_account_shows_a_password_or_a_hash(editors, editor, store):
    account = await store.find(account_key(EMAIL))
    shown = [repr(account)]
    for attempt in (
        editors.sign_in(EMAIL, "hunter2-hunter2"),
        editors.create(email=EMAIL, password="hunter2-hunter2"),
        editors.create(email="x@example.com", password="hunter2"),
        editors.change_password(email=EMAIL, current="hunter2-hunter2", new="hunter2-hunter3"),
    ):
        with pytest.raises(CallerError) as caught:
            await attempt
        shown.append(repr(caught.value) + str(caught.value.facts))

    assert not any("hunter2" in text or PASSWORD in text for text in shown)
