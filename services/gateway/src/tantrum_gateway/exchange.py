"""One request on the long way: what it asks for, and how its answer is sent."""

from __future__ import annotations

from typing import Final

from tantrum_gateway import security
from tantrum_gateway.answers import Answer, Form, Headers, RawKey
from tantrum_gateway.front import Caller
from tantrum_gateway.mounts import Receive, Scope, Send
from tantrum_gateway.negotiation import accepts
from tantrum_gateway.observing import Observed

EMPTY_BODY: Final = {"type": "http.response.body", "body": b""}
_OK: Final = 200


class Exchange:
    """A request on the long way, and the way back to its client."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_headers: dict[bytes, bytes],
        own_headers: Headers,
        *,
        caller: Caller,
        limit_index: int,
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.request_headers = request_headers
        self.limit_index = limit_index
        self.own_id = own_headers[0][1].decode()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.accept_encoding = request_headers.get(b"accept-encoding")
        self.accept = request_headers.get(b"accept")
        self.if_match = request_headers.get(b"if-match")
        self.if_none_match = request_headers.get(b"if-none-match")
        self.headers = own_headers
        self._caller = caller

    @property
    def raw_key(self) -> RawKey:
        return (self.method, self.raw_path, self.query, self.accept_encoding)

    @property
    def instance(self) -> str:
        """The path as it came, for problems: an URI reference without the query."""
        return self.raw_path.decode("latin-1")

    def takes(self, answer: Answer) -> bool:
        """Say whether the client accepts what the answer is. A problem is for everybody."""
        if self.accept is None or answer.status != _OK:
            return True
        return accepts(self.accept, answer.media_type)

    def has_another(self, form: Form) -> bool:
        """Say whether If-Match fails: before If-None-Match, and only on what would succeed."""
        if self.if_match is None or form.status != _OK:
            return False
        return not form.matching(self.if_match, weak=False)

    def timing(self, observed: Observed) -> Headers:
        """Return where the time went so far, where that is asked for."""
        if self.request_headers.get(b"x-server-timing") != b"1":
            return []
        return [(b"server-timing", observed.server_timing())]

    def all_headers(self) -> Headers:
        """Return what any answer but 304 says, whatever it is about."""
        return [*self.headers, *self._caller.headers]

    async def send_form(self, form: Form) -> int:
        """Send the answer, or that the client has it already; return the status."""
        if self.if_none_match is not None and (
            etag := form.matching(self.if_none_match, weak=True)
        ):
            headers = [
                *under_tag(form, etag, form.not_modified_headers),
                *self.headers,
                *self._caller.confirming_headers,
            ]
            await self.send({"type": "http.response.start", "status": 304, "headers": headers})
            await self.send(EMPTY_BODY)
            return 304
        headers = security.merged(form.start_headers, self.all_headers())
        await self.send({"type": "http.response.start", "status": form.status, "headers": headers})
        await self.send(EMPTY_BODY if self.method == "HEAD" else form.body_event)
        return form.status

    async def send_options(self, options: Headers) -> tuple[str, int]:
        """Say which methods there are."""
        headers = [*options, *self.all_headers()]
        await self.send({"type": "http.response.start", "status": 204, "headers": headers})
        await self.send(EMPTY_BODY)
        return "", 204


def under_tag(form: Form, etag: bytes, headers: Headers) -> Headers:
    """Return the *headers* of a 304 that confirms *etag*, one of the form's."""
    if etag is form.etag:
        return headers
    # The client has the bytes of another effort: they stay its own, under their own tag.
    return [(name, etag if name == b"etag" else value) for name, value in headers]
