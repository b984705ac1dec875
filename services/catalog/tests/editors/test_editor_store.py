"""One contract of every `EditorStore`, run against memory and PostgreSQL."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from tantrum_catalog.domain.editor import EditorExistsError, account_key
from tantrum_catalog.storage.memory_editors import MemoryEditorStore

from .fakes import START

KEY = account_key("mo@example.com")
MINUTE = dt.timedelta(minutes=1)
NO_WAIT = dt.timedelta()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def store(request):
    if request.param == "memory":
        return MemoryEditorStore()
    return request.getfixturevalue("postgres_editor_store")


async def add(store, email="Mo@example.com"):
    return await store.add(email=email, name="Mo", password_hash="$1", create_time=START)


async def attempt(store, *, at=NO_WAIT, key=KEY):
    return await store.take_attempt(key, now=START + at, cost=MINUTE, limit=3 * MINUTE)


async def test_an_editor_is_found_by_any_spelling_as_it_was_added(store):
    editor = await add(store)

    account = await store.find(account_key("mo@EXAMPLE.com"))

    assert (account.editor, account.password_hash) == (editor, "$1")
    assert (editor.email, editor.name) == ("Mo@example.com", "Mo")
    assert editor.create_time == editor.password_time == START


async def test_nobody_is_found_as_none(store):
    assert await store.find(KEY) is None


async def test_ids_differ(store):
    first, second = await add(store), await add(store, "jo@example.com")

    assert first.id != second.id


async def test_an_email_has_one_editor(store):
    await add(store)

    with pytest.raises(EditorExistsError):
        await add(store, "mO@example.com")


async def test_of_editors_added_at_once_for_one_email_one_stays(store):
    results = await asyncio.gather(*(add(store) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(result, EditorExistsError) for result in results) == 7


async def test_a_password_is_set_with_its_time(store):
    editor = await add(store)

    changed = await store.set_password(
        editor.id, password_hash="$2", replaces="$1", password_time=START + MINUTE
    )

    account = await store.find(KEY)
    assert (account.editor, account.password_hash) == (changed, "$2")
    assert changed.password_time == START + MINUTE
    assert changed.create_time == START


async def test_a_password_without_a_time_keeps_the_old_one(store):
    editor = await add(store)

    changed = await store.set_password(
        editor.id, password_hash="$2", replaces="$1", password_time=None
    )

    assert changed == editor


async def test_a_password_that_was_set_meanwhile_stays(store):
    editor = await add(store)
    await store.set_password(editor.id, password_hash="$2", replaces="$1", password_time=None)

    late = await store.set_password(
        editor.id, password_hash="$3", replaces="$1", password_time=START
    )

    assert late is None
    assert (await store.find(KEY)).password_hash == "$2"


async def test_attempts_are_free_up_to_the_limit_and_then_wait_for_the_next(store):
    waits = [await attempt(store) for _ in range(5)]

    assert waits == [NO_WAIT, NO_WAIT, NO_WAIT, MINUTE, MINUTE]


async def test_time_pays_off_one_attempt_after_another(store):
    for _ in range(3):
        await attempt(store)

    assert await attempt(store, at=MINUTE / 2) == MINUTE / 2
    assert await attempt(store, at=MINUTE) == NO_WAIT
    assert await attempt(store, at=MINUTE) == MINUTE


async def test_what_is_paid_off_is_worth_no_more_than_nothing(store):
    await attempt(store)

    later = dt.timedelta(days=1)
    waits = [await attempt(store, at=later) for _ in range(4)]

    assert waits == [NO_WAIT, NO_WAIT, NO_WAIT, MINUTE]


async def test_forgiven_accounts_start_again_and_others_do_not(store):
    other = account_key("nobody@example.com")
    for _ in range(3):
        await attempt(store)
        await attempt(store, key=other)

    await store.forgive(KEY)

    assert await attempt(store) == NO_WAIT
    assert await attempt(store, key=other) == MINUTE


async def test_of_attempts_at_once_no_more_than_the_limit_pass(store):
    waits = await asyncio.gather(*(attempt(store) for _ in range(20)))

    assert waits.count(NO_WAIT) == 3


@pytest.mark.integration
async def test_debts_hold_over_a_restart_and_over_replicas(postgres_editor_store, another_store):
    for _ in range(3):
        await attempt(postgres_editor_store)

    assert await attempt(another_store) == MINUTE


@pytest.mark.integration
async def test_debts_that_are_paid_off_are_not_kept_and_no_address_ever_is(
    postgres_editor_store, editor_database
):
    for number in range(30):
        await attempt(postgres_editor_store, key=account_key(f"guess{number}@example.com"))

    await attempt(postgres_editor_store, at=dt.timedelta(days=1))

    rows = await editor_database.fetch("SELECT * FROM catalog.sign_in_debt")
    assert len(rows) == 1
    assert "mo@example.com" not in str(rows)
