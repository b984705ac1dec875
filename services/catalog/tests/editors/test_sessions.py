"""Sessions: how they begin, last and end, in every store."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt

import pytest
from tantrum_catalog.domain.editor import EditorId, EditorInactiveError
from tantrum_catalog.domain.editors import Editors, SignInError
from tantrum_catalog.domain.sessions import (
    PER_EDITOR_MAX,
    Lifetime,
    SessionEndedError,
    SessionId,
    SessionNotFoundError,
    Sessions,
)
from tantrum_catalog.domain.tokens import digest_of
from tantrum_kit.errors import InvalidInputError

from .fakes import START, FakeHasher
from .people import PASSWORD, add_editor

EMAIL = "mo@example.com"
LIFETIME = Lifetime(idle=dt.timedelta(hours=2), absolute=dt.timedelta(hours=5))


@pytest.fixture
async def editor(stores, clock):
    return await add_editor(stores, clock)


@pytest.fixture
def sessions(stores, clock, editor):
    editors = Editors(stores.editors, FakeHasher(), now=clock.now)
    return Sessions(stores.sessions, editors, lifetime=LIFETIME, now=clock.now)


def sign_in(sessions, email=EMAIL):
    return sessions.sign_in(email, PASSWORD, client_address="192.0.2.1", user_agent="Firefox")


async def ended(sessions, new):
    try:
        await sessions.get(digest_of(new.token))
    except SessionEndedError:
        return True
    return False


async def test_a_session_is_found_by_the_digest_of_its_token(sessions, editor):
    new = await sign_in(sessions)

    session = await sessions.get(digest_of(new.token))

    assert session == new.session
    assert (session.editor.id, session.user_agent) == (editor.id, "Firefox")
    assert session.expire_time(LIFETIME) == START + dt.timedelta(hours=2)


async def test_two_sessions_have_nothing_in_common(sessions):
    first, second = await sign_in(sessions), await sign_in(sessions)

    assert first.token != second.token
    assert first.session.id != second.session.id


async def test_what_is_no_digest_is_refused(sessions):
    for digest in (b"", b"x" * 31):
        with pytest.raises(InvalidInputError):
            await sessions.get(digest)


async def test_a_session_ends_when_it_is_not_used(sessions, clock):
    new = await sign_in(sessions)

    clock.advance(minutes=119)
    assert not await ended(sessions, new)
    clock.advance(minutes=119)
    assert not await ended(sessions, new)
    clock.advance(minutes=120)
    assert await ended(sessions, new)


async def test_a_session_ends_however_much_it_is_used(sessions, clock):
    new = await sign_in(sessions)
    for _ in range(4):
        clock.advance(hours=1)
        assert not await ended(sessions, new)

    clock.advance(hours=1)

    assert await ended(sessions, new)


async def test_use_is_noted_once_a_minute(sessions, clock, editor):
    new = await sign_in(sessions)
    clock.advance(seconds=59)
    await sessions.get(digest_of(new.token))
    [unnoted] = await sessions.listed(editor.id)
    clock.advance(seconds=1)
    await sessions.get(digest_of(new.token))
    [noted] = await sessions.listed(editor.id)

    assert unnoted.use_time == START
    assert noted.use_time == START + dt.timedelta(minutes=1)


async def test_signing_out_ends_one_session_and_may_be_repeated(sessions):
    first, second = await sign_in(sessions), await sign_in(sessions)

    for _ in range(2):
        await sessions.sign_out(digest_of(first.token))

    assert await ended(sessions, first)
    assert not await ended(sessions, second)


async def test_sessions_are_listed_the_last_used_first(sessions, clock, editor):
    first, second = await sign_in(sessions), await sign_in(sessions)
    clock.advance(minutes=5)
    await sessions.get(digest_of(first.token))

    listed = await sessions.listed(editor.id)

    assert [session.id for session in listed] == [first.session.id, second.session.id]
    assert await sessions.listed(EditorId(99)) == []


async def test_a_session_is_ended_by_its_owner_only(sessions, stores, clock, editor):
    new = await sign_in(sessions)
    other = await add_editor(stores, clock, "jo@example.com")

    for owner, number in ((other.id, new.session.id), (editor.id, SessionId(999))):
        with pytest.raises(SessionNotFoundError):
            await sessions.end(owner, number)
    assert not await ended(sessions, new)
    await sessions.end(editor.id, new.session.id)

    assert await ended(sessions, new)


async def test_all_others_are_ended_at_once(sessions, stores, clock, editor):
    await add_editor(stores, clock, "jo@example.com")
    mine = [await sign_in(sessions) for _ in range(3)]
    theirs = await sign_in(sessions, "jo@example.com")

    assert await sessions.end_others(editor.id, keep=mine[1].session.id) == 2

    assert [await ended(sessions, new) for new in mine] == [True, False, True]
    assert not await ended(sessions, theirs)
    assert await sessions.end_others(editor.id, keep=None) == 1


async def test_of_too_many_the_one_longest_unused_ends(sessions, clock, editor):
    new = []
    for _ in range(PER_EDITOR_MAX):
        new.append(await sign_in(sessions))
        clock.advance(seconds=1)
    clock.advance(minutes=2)
    await sessions.get(digest_of(new[0].token))

    await sign_in(sessions)

    assert len(await sessions.listed(editor.id)) == PER_EDITOR_MAX
    assert await ended(sessions, new[1])
    assert not await ended(sessions, new[0])


async def test_of_many_at_once_no_more_than_the_most_stay(sessions, stores, editor):
    await asyncio.gather(
        *(
            stores.sessions.begin(
                editor.id,
                digest=digest_of(str(number)),
                user_agent="",
                now=START,
                lifetime=LIFETIME,
            )
            for number in range(PER_EDITOR_MAX + 5)
        )
    )

    assert len(await sessions.listed(editor.id)) == PER_EDITOR_MAX


async def test_a_new_password_ends_all_sessions_and_begins_one(sessions):
    before = [await sign_in(sessions) for _ in range(2)]

    new = await sessions.change_password(
        email=EMAIL, current=PASSWORD, new="another password", client_address="", user_agent=""
    )

    assert [await ended(sessions, one) for one in before] == [True, True]
    assert not await ended(sessions, new)


async def test_who_is_not_active_has_no_sessions_and_gets_none(sessions, stores, editor):
    new = await sign_in(sessions)
    inactive = dataclasses.replace(editor, active=False)

    await stores.editors.put(inactive, expected_revision=editor.revision)

    assert await ended(sessions, new)
    with pytest.raises(SignInError):
        await sign_in(sessions)
    with pytest.raises(EditorInactiveError):
        await stores.sessions.begin(
            editor.id, digest=bytes(32), user_agent="", now=START, lifetime=LIFETIME
        )


async def test_a_long_user_agent_is_cut_and_loses_its_controls(sessions):
    new = await sessions.sign_in(
        EMAIL, PASSWORD, client_address="", user_agent="a\n\x00" + 500 * "b"
    )

    assert new.session.user_agent == "a" + 199 * "b"


@pytest.mark.integration
async def test_what_is_over_is_not_kept_and_no_token_ever_is(postgres_stores, clock):
    editor = await add_editor(postgres_stores, clock)
    editors = Editors(postgres_stores.editors, FakeHasher(), now=clock.now)
    sessions = Sessions(postgres_stores.sessions, editors, lifetime=LIFETIME, now=clock.now)
    for _ in range(5):
        await sign_in(sessions)
    clock.advance(hours=3)

    new = await sign_in(sessions)

    rows = await postgres_stores.editors._database.fetch("SELECT * FROM catalog.session")
    assert [row["editor_id"] for row in rows] == [editor.id]
    assert new.token not in str(rows)
