"""API tokens: what they may be, how long they last, who may take them, in every store."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt

import pytest
from tantrum_catalog.domain.api_tokens import (
    PER_EDITOR_MAX,
    ApiTokenId,
    ApiTokenInvalidError,
    ApiTokenNotFoundError,
    ApiTokens,
    Scope,
    TooManyApiTokensError,
)
from tantrum_catalog.domain.editor import EditorId, EditorNotFoundError
from tantrum_catalog.domain.tokens import digest_of
from tantrum_kit.errors import InvalidInputError

from .fakes import START
from .people import add_editor

DAY = dt.timedelta(days=1)


@pytest.fixture
async def editor(stores, clock):
    return await add_editor(stores, clock)


@pytest.fixture
def tokens(stores, clock):
    return ApiTokens(stores.api_tokens, now=clock.now)


def create(tokens, editor, *, name="import", scopes=(Scope.SHOWS_WRITE,), expire_time=None):
    return tokens.create(editor.id, name=name, scopes=scopes, expire_time=expire_time)


async def valid(tokens, new):
    try:
        await tokens.get(digest_of(new.token))
    except ApiTokenInvalidError:
        return False
    return True


async def test_a_token_is_found_with_its_editor(tokens, editor):
    new = await create(tokens, editor, scopes=(Scope.READ, Scope.SHOWS_WRITE))

    token, owner = await tokens.get(digest_of(new.token))

    assert (token.id, owner) == (new.api_token.id, editor)
    assert token.facts.scopes == (Scope.READ, Scope.SHOWS_WRITE)
    assert token.facts.expire_time == START + 90 * DAY
    assert new.token.startswith(token.prefix)
    assert len(token.prefix) == 10


async def test_a_token_of_another_spelling_is_none(tokens, editor):
    new = await create(tokens, editor)

    for other in (new.token + "x", new.token.swapcase(), ""):
        with pytest.raises(ApiTokenInvalidError):
            await tokens.get(digest_of(other))


async def test_a_token_ends_on_its_day(tokens, editor, clock):
    new = await create(tokens, editor, expire_time=START + DAY)

    clock.advance(hours=23)
    assert await valid(tokens, new)
    clock.advance(hours=1)

    assert not await valid(tokens, new)
    assert await tokens.listed(editor.id) == []
    with pytest.raises(ApiTokenNotFoundError):
        await tokens.revoke(editor.id, new.api_token.id)


async def test_use_is_noted_once_a_minute(tokens, editor, clock):
    new = await create(tokens, editor)
    [unused] = await tokens.listed(editor.id)
    await valid(tokens, new)
    clock.advance(seconds=30)
    await valid(tokens, new)
    [used] = await tokens.listed(editor.id)

    assert (unused.use_time, used.use_time) == (None, START)


async def test_a_token_is_revoked_by_its_owner_only(tokens, editor, stores, clock):
    new = await create(tokens, editor)
    other = await add_editor(stores, clock, "jo@example.com")

    for owner, number in ((other.id, new.api_token.id), (editor.id, ApiTokenId(999))):
        with pytest.raises(ApiTokenNotFoundError):
            await tokens.revoke(owner, number)
    assert await valid(tokens, new)
    await tokens.revoke(editor.id, new.api_token.id)

    assert not await valid(tokens, new)


async def test_who_is_not_active_has_no_tokens_even_when_active_again(tokens, editor, stores):
    new = await create(tokens, editor)

    inactive = await stores.editors.put(
        dataclasses.replace(editor, active=False), expected_revision=editor.revision
    )
    assert not await valid(tokens, new)
    await stores.editors.put(
        dataclasses.replace(inactive, active=True), expected_revision=inactive.revision
    )

    assert not await valid(tokens, new)


async def test_a_new_password_revokes_all_tokens(tokens, editor, stores):
    new = await create(tokens, editor)
    [hash_before] = {(await stores.editors.account(editor.id)).password_hash}

    await stores.editors.set_password(
        editor.id, password_hash="$2", replaces=hash_before, password_time=START
    )

    assert not await valid(tokens, new)


async def test_an_editor_has_so_many_and_no_more_even_at_once(tokens, editor):
    made = await asyncio.gather(
        *(create(tokens, editor) for _ in range(PER_EDITOR_MAX + 3)), return_exceptions=True
    )

    assert sum(isinstance(one, TooManyApiTokensError) for one in made) == 3
    listed = await tokens.listed(editor.id)
    assert [token.id for token in listed] == sorted((t.id for t in listed), reverse=True)
    assert len(listed) == PER_EDITOR_MAX


async def test_nobody_has_no_tokens(tokens, stores):
    with pytest.raises(EditorNotFoundError):
        await tokens.create(EditorId(99), name="x", scopes=(Scope.READ,), expire_time=None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"name": " "}, "name", id="no name"),
        pytest.param({"name": 101 * "x"}, "name", id="long name"),
        pytest.param({"scopes": ()}, "scopes", id="no scope"),
        pytest.param({"scopes": (Scope.READ, Scope.READ)}, "scopes", id="a scope twice"),
        pytest.param({"expire_time": START}, "expire_time", id="ended already"),
        pytest.param({"expire_time": START + 367 * DAY}, "expire_time", id="too late"),
    ],
)
async def test_what_a_token_cannot_be_is_told(memory_stores, clock, changes, field):
    editor = await add_editor(memory_stores, clock)
    tokens = ApiTokens(memory_stores.api_tokens, now=clock.now)

    with pytest.raises(InvalidInputError) as caught:
        await create(tokens, editor, **changes)

    assert [violation.field for violation in caught.value.violations] == [field]
