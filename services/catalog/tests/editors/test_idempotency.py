"""Requests with an idempotency key, in every store."""

from __future__ import annotations

import asyncio

import pytest
from tantrum_catalog.domain.editor import EditorId, EditorNotFoundError
from tantrum_catalog.domain.idempotency import (
    Key,
    RequestLostError,
    Requests,
    State,
    StoredResponse,
)
from tantrum_kit.errors import InvalidInputError

from .people import add_editor

PAYLOAD, OTHER_PAYLOAD = bytes(32), b"x" * 32
ANSWER = StoredResponse(status=201, headers={"location": "/v1/admin/shows/1"}, body=b'{"id":1}')


@pytest.fixture
def requests(stores, clock):
    return Requests(stores.requests, now=clock.now)


@pytest.fixture
async def key(stores, clock):
    editor = await add_editor(stores, clock)
    return Key(editor_id=editor.id, text="a key")


def begin(requests, key, payload=PAYLOAD):
    return requests.begin(key, payload_digest=payload)


async def test_a_repetition_gets_the_first_answer(requests, key):
    begun = await begin(requests, key)
    await requests.complete(key, attempt_id=begun.attempt_id, response=ANSWER)

    again = await begin(requests, key)

    assert begun.state is State.BEGUN
    assert (again.state, again.response) == (State.COMPLETED, ANSWER)


async def test_of_many_at_once_one_begins_and_the_others_are_told(requests, key):
    begun = await asyncio.gather(*(begin(requests, key) for _ in range(10)))

    states = [one.state for one in begun]
    assert (states.count(State.BEGUN), states.count(State.RUNNING)) == (1, 9)


async def test_an_attempt_that_is_begun_again_is_the_same_one(requests, key):
    """Whoever began it may not know, for the answer was lost."""
    first = await requests.begin(key, payload_digest=PAYLOAD, attempt_id=7)
    again = await requests.begin(key, payload_digest=PAYLOAD, attempt_id=7)
    other = await requests.begin(key, payload_digest=PAYLOAD, attempt_id=8)

    assert (first.state, again.state, other.state) == (State.BEGUN, State.BEGUN, State.RUNNING)
    assert first.attempt_id == again.attempt_id == 7
    await requests.complete(key, attempt_id=7, response=ANSWER)
    done = await requests.begin(key, payload_digest=PAYLOAD, attempt_id=7)
    assert done.response == ANSWER


@pytest.mark.parametrize("completed", [False, True])
async def test_another_payload_is_told_apart(requests, key, completed):
    begun = await begin(requests, key)
    if completed:
        await requests.complete(key, attempt_id=begun.attempt_id, response=ANSWER)

    assert (await begin(requests, key, OTHER_PAYLOAD)).state is State.OTHER_PAYLOAD


async def test_each_editor_has_keys_of_ones_own(requests, key, stores, clock):
    other = await add_editor(stores, clock, "jo@example.com")
    await begin(requests, key)

    begun = await begin(requests, Key(editor_id=other.id, text=key.text), OTHER_PAYLOAD)

    assert begun.state is State.BEGUN


async def test_what_is_abandoned_begins_again_at_once(requests, key):
    first = await begin(requests, key)
    await requests.abandon(key, attempt_id=first.attempt_id)

    second = await begin(requests, key, OTHER_PAYLOAD)

    assert second.state is State.BEGUN
    assert second.attempt_id != first.attempt_id


async def test_what_is_lost_begins_again_and_cannot_end_any_more(requests, key, clock):
    lost = await begin(requests, key)
    clock.advance(seconds=59)
    assert (await begin(requests, key)).state is State.RUNNING
    clock.advance(seconds=1)

    second = await begin(requests, key)

    assert second.state is State.BEGUN
    await requests.abandon(key, attempt_id=lost.attempt_id)
    with pytest.raises(RequestLostError):
        await requests.complete(key, attempt_id=lost.attempt_id, response=ANSWER)
    await requests.complete(key, attempt_id=second.attempt_id, response=ANSWER)
    assert (await begin(requests, key)).state is State.COMPLETED


async def test_an_answer_is_never_replaced_or_forgotten(requests, key):
    begun = await begin(requests, key)
    await requests.complete(key, attempt_id=begun.attempt_id, response=ANSWER)

    with pytest.raises(RequestLostError):
        await requests.complete(
            key, attempt_id=begun.attempt_id, response=StoredResponse(status=400)
        )
    await requests.abandon(key, attempt_id=begun.attempt_id)

    assert (await begin(requests, key)).response == ANSWER


async def test_an_answer_is_kept_for_a_day(requests, key, clock):
    begun = await begin(requests, key)
    await requests.complete(key, attempt_id=begun.attempt_id, response=ANSWER)

    clock.advance(hours=23)
    assert (await begin(requests, key)).state is State.COMPLETED
    clock.advance(hours=1)

    assert (await begin(requests, key, OTHER_PAYLOAD)).state is State.BEGUN


async def test_an_answer_may_hold_any_bytes_and_nothing_at_all(requests, key):
    for text, response in (
        ("bytes", StoredResponse(status=200, body=bytes(range(256)))),
        ("nothing", StoredResponse(status=204)),
    ):
        one = Key(editor_id=key.editor_id, text=text)
        begun = await begin(requests, one)
        await requests.complete(one, attempt_id=begun.attempt_id, response=response)

        assert (await begin(requests, one)).response == response


async def test_nobody_has_no_keys(requests, stores):
    with pytest.raises(EditorNotFoundError):
        await begin(requests, Key(editor_id=EditorId(99), text="x"))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Key(editor_id=EditorId(1), text=""), id="no key"),
        pytest.param(lambda: Key(editor_id=EditorId(1), text=256 * "x"), id="long key"),
        pytest.param(lambda: Key(editor_id=EditorId(1), text="é"), id="not ASCII"),
        pytest.param(lambda: StoredResponse(status=500), id="a failure"),
        pytest.param(lambda: StoredResponse(status=200, body=bytes(262_145)), id="large body"),
        pytest.param(
            lambda: StoredResponse(status=200, headers={"a": "b\nc"}), id="a broken header"
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(make):
    with pytest.raises(InvalidInputError):
        make()
