"""
Finished answers: what is sent for a request, in each content coding, ready to go.

The hot path (`tantrum_gateway.asgi`) sends a `Form` as it stands.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

import brotli  # type: ignore[import-untyped]  # it ships no types
import zstandard

from tantrum_gateway.negotiation import Coding, matches

Headers = list[tuple[bytes, bytes]]
RawKey = tuple[str, bytes, bytes, bytes | None]
"""Method, raw path, query string and Accept-Encoding, as they came in."""

WORTH_COMPRESSING_BYTES: Final = 512
"""Below, headers outweigh what a coding saves."""

LOOP_MAY_COMPRESS_BYTES: Final = 8_192
"""Above, compressing takes longer than handing over to a thread: 0.2 ms for 8 KiB."""

_COMPRESSIBLE: Final = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/graphql-response+json",
    "application/xml",
    "image/svg",
)
_OVERHEAD_BYTES: Final = 2_000
_OK: Final = 200
# A 304 updates what is stored, and describes no body.
_ABOUT_BODIES: Final = (b"content-type", b"content-encoding")

FOREVER: Final = 2**62
"""The revision of answers that no write can change."""


def key_size_bytes(raw_key: RawKey) -> int:
    """Return the memory that a way to an answer takes, roughly."""
    _, path, query, accept_encoding = raw_key
    return len(path) + len(query) + len(accept_encoding or b"") + 300


class Form:
    """An answer in one coding. Mutable for how often it was sent, and for what limits it."""

    __slots__ = (
        "body_event",
        "etag",
        "hits",
        "limit_index",
        "not_modified",
        "not_modified_headers",
        "start_headers",
        "status",
    )

    def __init__(self, *, status: int, headers: Headers, body: bytes, etag: bytes) -> None:
        self.status = status
        self.start_headers = [*headers, (b"content-length", b"%d" % len(body))]
        self.not_modified_headers = [one for one in headers if one[0] not in _ABOUT_BODIES]
        self.body_event = {"type": "http.response.body", "body": body}
        self.etag = etag
        self.hits = 0
        self.not_modified = 0
        self.limit_index = 0
        """Index of the class that requests for it are limited in."""

    def answers(self, if_none_match: bytes) -> bool:
        """Say whether a client with these tags has the answer already."""
        # An error is no representation of anything that a client could have.
        return self.status == _OK and matches(if_none_match, self.etag)


class Answer:
    """
    An answer to one canonical request, in the codings that were asked for so far.

    The *catalog_revision* is the one it was made at, or `FOREVER`.
    """

    def __init__(
        self,
        *,
        body: bytes,
        media_type: str,
        cache_control: str,
        catalog_revision: int,
        status: int = 200,
        route: str = "",
        expires_monotonic: float = 0.0,
        stored_monotonic: float = 0.0,
        extra_headers: Headers | None = None,
    ) -> None:
        self.body = body
        self.media_type = media_type
        self.cache_control = cache_control
        self.catalog_revision = catalog_revision
        self.status = status
        self.route = route
        self.expires_monotonic = expires_monotonic
        self.stored_monotonic = stored_monotonic
        self.extra_headers = extra_headers or []
        self.compressible = (
            media_type.startswith(_COMPRESSIBLE) and len(body) >= WORTH_COMPRESSING_BYTES
        )
        self.forms: dict[Coding, Form] = {}
        self.raw_keys: list[RawKey] = []
        self._digest = hashlib.blake2b(body, digest_size=12).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Memory that the answer takes, roughly, ways to it included."""
        forms = sum(len(form.body_event["body"]) for form in self.forms.values())
        keys = sum(key_size_bytes(raw_key) for raw_key in self.raw_keys)
        return len(self.body) + forms + keys + _OVERHEAD_BYTES * (1 + len(self.forms))

    @property
    def hits(self) -> int:
        """How often it was sent, or confirmed, from memory."""
        return sum(form.hits + form.not_modified for form in self.forms.values())

    async def form(self, coding: Coding, *, threads: Executor) -> Form:
        """Return the answer in *coding*, compressing it the first time."""
        form = self.forms.get(coding)
        if form is not None:
            return form
        compress = _COMPRESSORS[coding]
        if coding is Coding.IDENTITY or len(self.body) <= LOOP_MAY_COMPRESS_BYTES:
            body = compress(self.body)
        else:
            loop = asyncio.get_running_loop()
            body = await loop.run_in_executor(threads, compress, self.body)
        # Somebody else may have been faster; either is the same.
        return self.forms.setdefault(coding, self._formed(coding, body))

    def _formed(self, coding: Coding, body: bytes) -> Form:
        # A strong tag tells codings apart.
        etag = f'"{self._digest}-{coding}"'.encode()
        headers = [
            (b"content-type", self.media_type.encode()),
            (b"cache-control", self.cache_control.encode()),
            (b"vary", b"Accept-Encoding"),
            (b"etag", etag),
            *self.extra_headers,
        ]
        if self.catalog_revision < FOREVER:
            headers.append((b"catalog-revision", b"%d" % self.catalog_revision))
        if coding is not Coding.IDENTITY:
            headers.append((b"content-encoding", coding.encode()))
        return Form(status=self.status, headers=headers, body=body, etag=etag)


def _br(body: bytes) -> bytes:
    # 20 shows of 27,432 bytes make 4,615 in 0.30 ms; gzip's 4,886 take 0.20. A quality
    # of 4, in 0.19 ms, left 5,040: clients would prefer what is larger. 6 gains 1 % more.
    compressed: bytes = brotli.compress(body, quality=5)
    return compressed


def _zstd(body: bytes) -> bytes:
    # A compressor of its own for each call: they must not be shared between threads.
    compressed: bytes = zstandard.ZstdCompressor(level=3).compress(body)
    return compressed


def _gzip(body: bytes) -> bytes:
    # Without a time, or each gateway's bytes would differ under the same tag.
    return gzip.compress(body, compresslevel=6, mtime=0)


_COMPRESSORS: Final[dict[Coding, Callable[[bytes], bytes]]] = {
    Coding.BR: _br,
    Coding.ZSTD: _zstd,
    Coding.GZIP: _gzip,
    Coding.IDENTITY: lambda body: body,
}
