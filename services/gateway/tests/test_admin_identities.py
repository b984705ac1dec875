"""What is remembered of who somebody is, and for how long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tantrum_gateway.admin.identities import Identities
from tantrum_gateway.admin.proof import Proof
from tantrum_kit import errors
from tvtantrum.catalog.v1 import editor_pb2
from tvtantrum.catalog.v1 import editor_service_pb2 as pb

PROOF = Proof("session", "a-token-of-some-length")
OTHER = Proof("session", "another-token-of-some-length")


class Asked:
    """A desk that answers every question about a session, or waits, and counts."""

    def __init__(self) -> None:
        self.upstreams: Any = self
        self.editors: Any = self
        self.gate = asyncio.Event()
        self.gate.set()
        self.count = 0
        self.ended = False

    def GetSession(self) -> None:  # noqa: N802 - named as in the protos
        raise AssertionError("it is asked through the desk")

    async def ask(self, method: Any, request: Any) -> Any:
        self.count += 1
        ended = self.ended
        await self.gate.wait()
        if ended:
            raise errors.UnauthenticatedError("the session has ended")
        session = editor_pb2.Session(id=1, editor=editor_pb2.Editor(id=7))
        return pb.GetSessionResponse(session=session)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def identities(asked: Asked, now: list[float]) -> Identities:
    desk: Any = asked
    return Identities(desk, ttl_seconds=5.0, now_monotonic=lambda: now[0])


async def test_an_identity_is_good_for_its_time(identities: Identities, asked: Asked, now):
    await identities.caller(PROOF)
    now[0] += 4.9
    await identities.caller(PROOF)
    assert asked.count == 1

    now[0] += 0.2
    await identities.caller(PROOF)
    assert asked.count == 2


@pytest.mark.parametrize("forget_all", [False, True])
async def test_an_answer_that_was_on_its_way_when_the_session_ended_is_not_kept(
    identities: Identities, asked: Asked, forget_all
):
    asked.gate.clear()
    early = asyncio.create_task(identities.caller(PROOF))
    while not asked.count:
        await asyncio.sleep(0)

    if forget_all:
        identities.forget_editor(7)
    else:
        identities.forget(PROOF)
    asked.ended = True
    asked.gate.set()
    await early

    with pytest.raises(errors.UnauthenticatedError):
        await identities.caller(PROOF)


async def test_a_refusal_is_never_kept(identities: Identities, asked: Asked):
    asked.ended = True
    with pytest.raises(errors.UnauthenticatedError):
        await identities.caller(PROOF)

    asked.ended = False

    assert (await identities.caller(PROOF)).identity.editor.id == 7


async def test_of_many_the_longest_kept_go(identities: Identities, asked: Asked, monkeypatch):
    monkeypatch.setattr("tantrum_gateway.admin.identities._KEPT_MAX", 1)
    await identities.caller(PROOF)
    await identities.caller(OTHER)

    await identities.caller(OTHER)
    assert asked.count == 2
    await identities.caller(PROOF)
    assert asked.count == 3
