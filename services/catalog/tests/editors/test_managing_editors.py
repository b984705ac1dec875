"""What editors can do to one another, and what an address may guess."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from tantrum_catalog.domain.editor import (
    EditorChangedError,
    EditorExistsError,
    EditorId,
    EditorNotFoundError,
    OwnAccountError,
    account_key,
)
from tantrum_catalog.domain.editors import Editors, SignInError
from tantrum_catalog.domain.throttle import (
    ADDRESS_DEBT_LIMIT,
    ADDRESS_FAILURE_COST,
    DEBT_LIMIT,
    FAILURE_COST,
    TooManyFailuresError,
    address_key,
)
from tantrum_kit.errors import InvalidInputError

from .fakes import FakeHasher
from .people import PASSWORD, acting_as, add_editor

EMAIL = "mo@example.com"
NEW = "another password"
ADDRESS = "203.0.113.7"


@pytest.fixture
async def editor(stores, clock):
    return await add_editor(stores, clock)


@pytest.fixture
async def other(stores, clock, editor):
    return await add_editor(stores, clock, "jo@example.com")


@pytest.fixture
def editors(stores, clock):
    return Editors(stores.editors, FakeHasher(), now=clock.now)


def update(editors, editor, *, expected_revision=None, **changes):
    return editors.update(
        editor.id,
        lambda present: dataclasses.replace(present, **changes),
        expected_revision=expected_revision,
    )


async def test_editors_are_paged_by_number(stores, clock):
    made = [await add_editor(stores, clock, f"mo{number}@example.com") for number in range(3)]

    first = await stores.editors.page(after=None, limit=2)
    second = await stores.editors.page(after=first.items[-1].id, limit=2)
    past = await stores.editors.page(after=made[-1].id, limit=2)

    assert [*first.items, *second.items] == made
    assert (first.has_more, second.has_more, past.items) == (True, False, ())
    assert first.total == second.total == past.total == 3


async def test_an_editor_gets_another_name_and_address(editors, editor):
    changed = await update(editors, editor, name=" Moira ", email="Moira@example.com")

    assert (changed.name, changed.email) == ("Moira", "Moira@example.com")
    assert changed.revision == editor.revision + 1
    assert await editors.get(editor.id) == changed
    assert await editors.sign_in("moira@example.com", PASSWORD) == changed


async def test_an_editor_keeps_the_own_address_in_another_spelling(editors, editor):
    assert (await update(editors, editor, email=EMAIL.upper())).email == EMAIL.upper()


async def test_two_editors_never_have_one_address(editors, editor, other):
    with pytest.raises(EditorExistsError):
        await update(editors, other, email=EMAIL.upper())

    assert await editors.get(other.id) == other


async def test_a_stale_update_is_told(editors, editor):
    await update(editors, editor, name="A", expected_revision=editor.revision)

    with pytest.raises(EditorChangedError):
        await update(editors, editor, name="B", expected_revision=editor.revision)


async def test_of_updates_at_once_one_is_stored(editors, editor):
    results = await asyncio.gather(
        *(update(editors, editor, name=name, expected_revision=1) for name in "ABCDE"),
        return_exceptions=True,
    )

    assert sum(isinstance(result, EditorChangedError) for result in results) == 4


async def test_nobody_makes_oneself_inactive_or_resets_the_own_password(editors, editor, other):
    with acting_as(editor):
        with pytest.raises(OwnAccountError):
            await update(editors, editor, active=False)
        with pytest.raises(OwnAccountError):
            await editors.reset_password(editor.id, new=NEW, expected_revision=None)
        await update(editors, editor, name="Still here")
        await update(editors, other, active=False)

    assert (await editors.get(editor.id)).active
    assert not (await editors.get(other.id)).active


async def test_who_is_not_active_is_refused_in_the_words_for_a_wrong_password(editors, editor):
    await update(editors, editor, active=False)

    with pytest.raises(SignInError):
        await editors.sign_in(EMAIL, PASSWORD)

    again = await update(editors, editor, active=True)
    assert await editors.sign_in(EMAIL, PASSWORD) == again


async def test_a_reset_password_is_the_only_one_and_forgives_the_account(editors, editor, other):
    for _ in range(DEBT_LIMIT // FAILURE_COST):
        with pytest.raises(SignInError):
            await editors.sign_in(EMAIL, NEW)
    with acting_as(other):
        changed = await editors.reset_password(editor.id, new=NEW, expected_revision=1)

    assert await editors.sign_in(EMAIL, NEW) == changed
    with pytest.raises(SignInError):
        await editors.sign_in(EMAIL, PASSWORD)
    with acting_as(other), pytest.raises(EditorChangedError):
        await editors.reset_password(editor.id, new=NEW, expected_revision=1)


async def test_what_cannot_be_stored_of_an_editor_is_told(editors, editor, other):
    for changes in ({"email": "mo"}, {"name": 201 * "x"}):
        with pytest.raises(InvalidInputError):
            await update(editors, editor, **changes)
    with pytest.raises(InvalidInputError), acting_as(other):
        await editors.reset_password(editor.id, new="short", expected_revision=None)
    with pytest.raises(EditorNotFoundError):
        await editors.get(EditorId(99))


def guess(editors, number, *, address=ADDRESS):
    """Try a password on one of many accounts."""
    return editors.sign_in(f"guess{number}@example.com", NEW, client_address=address)


async def fill_address(editors, *, address=ADDRESS):
    for number in range(ADDRESS_DEBT_LIMIT // ADDRESS_FAILURE_COST):
        with pytest.raises(SignInError):
            await guess(editors, number, address=address)


async def test_an_address_may_guess_at_so_many_accounts_and_has_to_wait(editors, editor, clock):
    await fill_address(editors)

    with pytest.raises(TooManyFailuresError) as caught:
        await editors.sign_in(EMAIL, PASSWORD, client_address=ADDRESS)

    assert caught.value.facts == {"retry_after_seconds": "30"}
    assert await editors.sign_in(EMAIL, PASSWORD, client_address="203.0.113.8") == editor
    assert await editors.sign_in(EMAIL, PASSWORD) == editor
    clock.advance(seconds=30)
    assert await editors.sign_in(EMAIL, PASSWORD, client_address=ADDRESS) == editor


async def test_a_success_does_not_let_an_address_guess_again(editors, editor, clock):
    await fill_address(editors)
    clock.advance(seconds=30)

    await editors.sign_in(EMAIL, PASSWORD, client_address=ADDRESS)
    with pytest.raises(SignInError):
        await guess(editors, 98)

    with pytest.raises(TooManyFailuresError):
        await guess(editors, 99)


async def test_an_account_that_waits_costs_the_address_nothing(editors, editor):
    for _ in range(DEBT_LIMIT // FAILURE_COST):
        with pytest.raises(SignInError):
            await editors.sign_in(EMAIL, NEW)
    for _ in range(2 * (ADDRESS_DEBT_LIMIT // ADDRESS_FAILURE_COST)):
        with pytest.raises(TooManyFailuresError):
            await editors.sign_in(EMAIL, NEW, client_address=ADDRESS)

    with pytest.raises(SignInError):
        await guess(editors, 1)


async def test_guesses_of_an_email_never_count_for_an_address(editors, stores):
    key = address_key(ADDRESS)
    for spelling in (key, key.lower()):
        assert account_key(spelling) != key


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("2001:db8::1", "2001:db8:0:0:ffff::9"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_addresses_of_one_holder_are_one(address, same):
    assert address_key(address) == address_key(same)


def test_other_addresses_are_others():
    keys = {address_key(one) for one in ("2001:db8::1", "2001:db8:0:1::1", "1.2.3.4", "1.2.3.5")}

    assert len(keys) == 4
    assert address_key("") is None
    with pytest.raises(InvalidInputError):
        address_key("example.com")
