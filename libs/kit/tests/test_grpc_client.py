"""Calls over several servers: who gets them, and what becomes of those that fail or hang."""

from __future__ import annotations

import asyncio
import collections
import contextlib

import grpc
import pytest
from tantrum_kit import errors, grpc_client, grpc_peers

from .echo import NAME, Echo, Endless, eventually, serving


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """What is a second or a pause in earnest comes soon here."""
    monkeypatch.setattr(grpc_peers, "_RESOLVE_PERIOD_SECONDS", 0.05)
    monkeypatch.setattr(grpc_peers, "_SHUNNED_SECONDS", 0.1)
    monkeypatch.setattr(grpc_client, "_PAUSE_SECONDS", 0.002)


class Telling(Echo):
    """Answers with its own name."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    async def behave(self, request):
        return self.name


class Hanging(Echo):
    """Takes calls, and does not answer before it is told to."""

    def __init__(self):
        super().__init__()
        self.thawed = asyncio.Event()

    async def behave(self, request):
        await self.thawed.wait()
        return b"thawed"


class Lapsing(Telling):
    """Hangs on its first call, and answers all others."""

    async def behave(self, request):
        if self.calls == 1:
            await asyncio.Event().wait()
        return self.name


class Unavailable(Echo):
    async def behave(self, request):
        raise errors.UnavailableError("not here")


class Stopping(Echo):
    """Cancels what it is asked, as a server does that is told to stop."""

    async def unary(self, request, context):
        await context.abort(grpc.StatusCode.CANCELLED)


class Names:
    """What a name resolves to; a test changes it."""

    def __init__(self, *addresses):
        self.addresses = list(addresses)
        self.failures = 0

    async def resolve(self, address):
        if not self.addresses:
            self.failures += 1
            raise OSError("no such name")
        return self.addresses


@contextlib.asynccontextmanager
async def balanced(*echoes, retried=("Unary",)):
    """Yield a channel over the *echoes*, and what its name resolves to."""
    async with contextlib.AsyncExitStack() as stack:
        names = Names(*[await stack.enter_async_context(serving(echo)) for echo in echoes])
        yield (
            await stack.enter_async_context(
                grpc_client.channel("echo:1", retried={NAME: retried}, resolve=names.resolve)
            ),
            names,
        )


async def call(channel, within_seconds=5):
    with grpc_client.errors_raised():
        return await channel.unary_unary(f"/{NAME}/Unary")(b"", timeout=within_seconds)


async def connected_to(channel, count):
    """Wait until *count* servers have answered."""
    seen = set()

    async def all_seen():
        seen.add(await call(channel))
        return len(seen) == count

    await eventually(all_seen)


async def test_servers_share_the_calls():
    async with balanced(Telling(b"a"), Telling(b"b"), Telling(b"c")) as (channel, _):
        await connected_to(channel, 3)
        answers = collections.Counter([await call(channel) for _ in range(60)])

    assert set(answers) == {b"a", b"b", b"c"}
    assert min(answers.values()) >= 15


async def test_a_server_that_comes_gets_calls_and_one_that_goes_gets_none():
    async with balanced(Telling(b"a"), Telling(b"b")) as (channel, names):
        both = names.addresses
        names.addresses = both[:1]

        async def only_a():
            return {await call(channel) for _ in range(10)} == {b"a"}

        await eventually(only_a)
        names.addresses = both
        await connected_to(channel, 2)


async def test_servers_stay_known_while_their_name_does_not_resolve():
    async with balanced(Telling(b"a")) as (channel, names):
        names.addresses = []
        failures_before = names.failures

        async def has_failed_to_resolve():
            return names.failures > failures_before

        await eventually(has_failed_to_resolve)
        assert await call(channel) == b"a"


class Failing(Hanging):
    """Cannot answer at first, and is silent then."""

    def __init__(self):
        super().__init__()
        self.call_count = 0

    async def behave(self, request):
        self.call_count += 1
        if self.call_count == 1:
            raise errors.UnavailableError("not here")
        return await super().behave(request)


async def test_an_outage_that_lasts_longer_than_the_call_is_one():
    failing = Failing()
    async with balanced(failing) as (channel, _):
        with pytest.raises(errors.UnavailableError, match="not here"):
            await call(channel, within_seconds=1)

    assert failing.call_count >= 2


async def test_without_any_server_a_call_is_unavailable():
    async with grpc_client.channel(
        "echo:1", retried={NAME: ["Unary"]}, resolve=Names().resolve
    ) as channel:
        with pytest.raises(errors.UnavailableError):
            await call(channel)


async def test_a_call_that_one_server_fails_succeeds_on_another():
    async with balanced(Unavailable(), Telling(b"b")) as (channel, _):
        answers = [await call(channel) for _ in range(10)]

    assert answers == [b"b"] * 10


async def test_a_call_that_a_stopping_server_cancels_succeeds_on_another():
    async with balanced(Stopping(), Telling(b"b")) as (channel, _):
        answers = [await call(channel) for _ in range(10)]

    assert answers == [b"b"] * 10


async def test_a_call_that_may_not_be_repeated_is_tried_once():
    echo = Unavailable()
    async with balanced(echo, retried=()) as (channel, _):
        with pytest.raises(errors.UnavailableError):
            await call(channel)

    assert echo.calls == 1


class WithId:
    """A request that its server knows again, and which needs no encoding."""

    request_id = "once"


async def test_a_call_with_a_request_id_may_always_be_repeated():
    async with balanced(Unavailable(), Telling(b"b"), retried=()) as (channel, _):
        create = channel.unary_unary(f"/{NAME}/Unary", request_serializer=lambda _: b"")
        answers = [await create(WithId(), timeout=5) for _ in range(10)]

    assert answers == [b"b"] * 10


async def test_failures_that_never_end_do_not_multiply_the_calls():
    echo = Unavailable()
    async with balanced(echo) as (channel, _):
        for _ in range(100):
            with pytest.raises(errors.UnavailableError):
                await call(channel)

    assert echo.calls < 100 * 1.5


async def test_a_server_that_hangs_fails_no_call():
    hanging = Hanging()
    async with balanced(hanging, Telling(b"b")) as (channel, _):
        loop = asyncio.get_running_loop()
        started_monotonic = loop.time()
        answers = await asyncio.gather(*(call(channel, 2) for _ in range(10)))
        answers += [await call(channel, 2) for _ in range(200)]
        elapsed_seconds = loop.time() - started_monotonic

    assert answers == [b"b"] * 210
    assert hanging.calls > 0
    # All of them would have hung together for longer than that, had half of them waited.
    assert elapsed_seconds < 10


async def test_a_server_that_is_late_once_keeps_its_turn():
    lapsing = Lapsing(b"a")
    async with balanced(lapsing, Telling(b"b")) as (channel, _):
        while not lapsing.calls:
            assert await call(channel) == b"b"

        answers = [await call(channel) for _ in range(4)]

    assert b"a" in answers


async def test_a_server_that_answers_again_gets_calls_again():
    hanging = Hanging()
    async with balanced(hanging, Telling(b"b")) as (channel, _):
        await asyncio.gather(*(call(channel) for _ in range(4)))
        hanging.thawed.set()

        await connected_to(channel, 2)


async def test_a_call_that_hangs_everywhere_ends_at_its_deadline():
    servers = [Hanging(), Hanging()]
    async with balanced(*servers) as (channel, _):
        with pytest.raises(errors.DeadlineError):
            await call(channel, 0.5)

    assert [server.calls for server in servers] == [1, 1]


async def test_cancelling_a_call_cancels_it_on_the_server():
    echo = Endless()
    async with balanced(echo) as (channel, _):
        calling = asyncio.ensure_future(call(channel))

        async def has_come():
            return echo.calls == 1

        await eventually(has_come)
        calling.cancel()
        async with asyncio.timeout(5):
            await echo.cancelled.wait()


async def test_a_stream_comes_from_one_server():
    async with balanced(Telling(b"a"), Telling(b"b")) as (channel, _):
        answers = [
            answer async for answer in channel.unary_stream(f"/{NAME}/Stream")(b"", timeout=5)
        ]

    assert answers in ([b"a"] * 3, [b"b"] * 3)


class Waiting(Telling):
    """Says its name, and nothing after that."""

    async def stream(self, request, context):
        yield self.name
        await asyncio.Event().wait()


async def test_a_stream_from_a_server_that_is_named_no_more_is_unavailable(monkeypatch):
    """gRPC cancels it, and whoever waited for its next answer was gone without a word."""
    monkeypatch.setattr(grpc_peers, "_LEAVING_GRACE_SECONDS", 0.1)
    async with balanced(Waiting(b"a"), Waiting(b"b")) as (channel, names):
        answers = aiter(channel.unary_stream(f"/{NAME}/Stream")(b""))
        first = await anext(answers)
        names.addresses = names.addresses[1:] if first == b"a" else names.addresses[:1]

        async with asyncio.timeout(5):
            with pytest.raises(errors.UnavailableError), grpc_client.errors_raised():
                await anext(answers)


async def test_a_stream_that_its_reader_gives_up_is_cancelled():
    async with balanced(Waiting(b"a")) as (channel, _):
        answers = aiter(channel.unary_stream(f"/{NAME}/Stream")(b""))
        await anext(answers)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(answers)


async def test_a_call_that_a_server_takes_with_it_is_done_by_another(monkeypatch):
    monkeypatch.setattr(grpc_peers, "_LEAVING_GRACE_SECONDS", 0.1)
    hanging = Hanging()
    async with balanced(hanging) as (channel, names):
        calling = asyncio.ensure_future(call(channel))

        async def has_come():
            return hanging.calls == 1

        await eventually(has_come)
        async with serving(Telling(b"b")) as address:
            names.addresses = [address]
            assert await calling == b"b"
