"""Statuses and encoding, over a real server on loopback."""

from __future__ import annotations

import contextlib

import grpc
import pytest
import structlog
from grpc import aio
from tantrum_catalog import app
from tantrum_catalog.domain.throttle import DEBT_LIMIT, FAILURE_COST
from tantrum_catalog.storage.stores import memory_stores
from tantrum_kit import errors, status
from tvtantrum.catalog.v1 import editor_service_pb2 as pb
from tvtantrum.catalog.v1 import editor_service_pb2_grpc as pb_grpc

from .fakes import FakeHasher

PASSWORD = "hunter2-hunter2"
WRONG = "hunter3-hunter3"


@contextlib.asynccontextmanager
async def connected(hasher=None):
    """Editors that are served, and a real client of them."""
    options = app.Options(address="127.0.0.1:0", page_token_key=b"only-for-this-test")
    async with (
        app.serving(memory_stores(), hasher or FakeHasher(), options) as port,
        aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield pb_grpc.EditorServiceStub(channel)


@pytest.fixture
async def stub():
    async with connected() as stub:
        yield stub


async def create(stub, email="Mo@example.com"):
    request = pb.CreateEditorRequest(email=email, password=PASSWORD, name="Mo")
    return (await stub.CreateEditor(request, timeout=5)).editor


def sign_in(stub, password=PASSWORD, email="mo@example.com"):
    return stub.SignIn(pb.SignInRequest(email=email, password=password), timeout=5)


async def test_an_editor_comes_back_with_all_fields(stub):
    created = await create(stub)
    signed_in = await sign_in(stub)

    assert signed_in.editor == created
    assert (created.id, created.email, created.name) == (1, "Mo@example.com", "Mo")
    assert created.create_time == created.password_time
    assert (created.active, created.revision) == (True, 1)


async def test_a_second_editor_of_an_email_already_exists(stub):
    await create(stub)

    with pytest.raises(aio.AioRpcError) as caught:
        await create(stub, "mo@EXAMPLE.com")

    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_wrong_and_unknown_are_unauthenticated_in_the_same_words(stub):
    await create(stub)

    with pytest.raises(aio.AioRpcError) as wrong:
        await sign_in(stub, WRONG)
    with pytest.raises(aio.AioRpcError) as unknown:
        await sign_in(stub, WRONG, email="nobody@example.com")

    assert wrong.value.code() is unknown.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert wrong.value.details() == unknown.value.details()
    assert wrong.value.trailing_metadata() == unknown.value.trailing_metadata()


async def test_too_many_failures_are_exhausted_with_the_time_to_wait(stub):
    for _ in range(DEBT_LIMIT // FAILURE_COST):
        with pytest.raises(aio.AioRpcError):
            await sign_in(stub, WRONG)

    with pytest.raises(aio.AioRpcError) as caught:
        await sign_in(stub, WRONG)

    error = status.error_of(caught.value)
    assert isinstance(error, errors.ExhaustedError)
    assert 0 < int(error.facts["retry_after_seconds"]) <= 90


async def test_a_changed_password_signs_in(stub):
    await create(stub)
    request = pb.ChangePasswordRequest(
        email="mo@example.com", current_password=PASSWORD, new_password=WRONG
    )

    changed = await stub.ChangePassword(request, timeout=5)

    assert (await sign_in(stub, WRONG)).editor == changed.editor


async def test_a_weak_password_is_an_invalid_argument_at_its_field(stub):
    request = pb.ChangePasswordRequest(
        email="mo@example.com", current_password=PASSWORD, new_password="hunter2"
    )

    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ChangePassword(request, timeout=5)

    error = status.error_of(caught.value)
    assert isinstance(error, errors.InvalidInputError)
    assert [violation.field for violation in error.violations] == ["new_password"]


class BrokenHasher(FakeHasher):
    async def matches(self, password, password_hash):
        raise RuntimeError("no hashing today")


async def test_a_bug_tells_neither_caller_nor_log_a_password():
    with structlog.testing.capture_logs() as entries:
        async with connected(BrokenHasher()) as stub:
            with pytest.raises(aio.AioRpcError) as caught:
                await sign_in(stub)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "call_failed" in [entry["event"] for entry in entries]
    assert "hunter2" not in f"{entries} {caught.value}"
