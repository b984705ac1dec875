"""The client against a server that says what it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import gzip

import pytest

from .connections import Connections, MalformedAnswerError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers the n-th request with the n-th of *answers*, and closes when there are no more."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.requests = []
        self.connection_count = 0
        self.tasks = []

    async def serve(self, reader, writer):
        self.tasks.append(asyncio.current_task())
        self.connection_count += 1
        with contextlib.suppress(EOFError, OSError):
            while self._answers:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self._answers.pop(0))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def connected(server, *, kept_count=1):
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    connections = Connections(*listening.sockets[0].getsockname(), kept_count=kept_count)
    async with listening:
        try:
            yield connections
        finally:
            connections.close()
            await asyncio.gather(*server.tasks)


async def test_a_connection_is_kept_for_the_next_question():
    server = Server(OK, OK)

    async with connected(server) as connections:
        answers = [await connections.get("/a?b=c"), await connections.get("/d")]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"ok")] * 2
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.connection_count == 1


async def test_connections_take_turns_once_enough_are_open():
    server = Server(*[OK] * 6)

    async with connected(server, kept_count=3) as connections:
        for _ in range(6):
            await connections.get("/")

    assert server.connection_count == 3


async def test_a_connection_that_the_server_wants_closed_is_not_used_again():
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\nContent-Length: 0\r\n\r\n"
    server = Server(closing, OK)

    async with connected(server) as connections:
        await connections.get("/")
        await connections.get("/")

    assert server.connection_count == 2


async def test_chunks_and_gzip_are_read():
    body = gzip.compress(b"sorry")
    head = b"HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"%x\r\n%s\r\n5\r\n%s\r\n0\r\n\r\n" % (len(body) - 5, body[:-5], body[-5:])
    server = Server(head + chunks, OK)

    async with connected(server) as connections:
        answer = await connections.get("/")
        await connections.get("/")

    assert (answer.status, answer.text, answer.good) == (503, "sorry", False)
    assert server.connection_count == 1


async def test_not_modified_has_no_body_and_is_good():
    server = Server(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", OK)

    async with connected(server) as connections:
        answer = await connections.get("/")
        await connections.get("/")

    assert (answer.body, answer.good) == (b"", True)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", EOFError, id="closed without an answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha", EOFError, id="half of it"),
        pytest.param(b"SSH-2.0\r\n\r\n", MalformedAnswerError, id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", MalformedAnswerError, id="without a length"),
    ],
)
async def test_a_failure_is_raised_and_never_repeated(answer, error):
    server = Server(answer)

    async with connected(server) as connections:
        with pytest.raises(error):
            await connections.get("/")

    assert server.connection_count == 1


async def test_a_connection_that_has_been_closed_meanwhile_is_not_used():
    server = Server(OK)

    async with connected(server) as connections:
        await connections.get("/")
        [idle] = connections._idle
        await asyncio.wait_for(idle._reader.read(), 5)
        server._answers.append(OK)

        answer = await connections.get("/")

    assert answer.good
    assert server.connection_count == 2


async def test_a_question_may_have_headers_and_a_body():
    server = Server(OK)

    async with connected(server) as connections:
        await connections.ask("POST", "/a", headers={"X-One": "1"}, body=b"")

    assert server.requests[0].startswith(b"POST /a HTTP/1.1\r\n")
    assert b"\r\nX-One: 1\r\n" in server.requests[0]
