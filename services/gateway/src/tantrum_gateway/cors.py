"""Which pages of other origins may read what is here: CORS, by a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tantrum_gateway.answers import Headers

ANY: Final = "*"
_EXPOSED: Final = (
    "Age", "Allow", "Cache-Status", "Catalog-Revision", "ETag", "Link", "Location", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Server-Timing", "X-Request-Id",
)  # fmt: skip
_READ: Final = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
    "X-CSRF-Token", "X-Request-Id", "X-Server-Timing",
)  # fmt: skip
_EXPOSE_HEADERS: Final = (b"access-control-expose-headers", ", ".join(_EXPOSED).encode())
_ALLOW_HEADERS: Final = (b"access-control-allow-headers", ", ".join(_READ).encode())
_MAX_AGE: Final = (b"access-control-max-age", b"7200")
_PREFLIGHT_VARY: Final = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


class Cors:
    """
    Knows the origins that may read.

    Cookies are never allowed from there: ours are SameSite, and would not come anyway.
    """

    def __init__(self, origins: str) -> None:
        named = [part for origin in origins.split(",") if (part := origin.strip())]
        self._any = ANY in named
        self._headers_by_origin = {
            origin.encode(): [(b"access-control-allow-origin", origin.encode()), _EXPOSE_HEADERS]
            for origin in named
        }
        self.vary: Headers = [] if self._any or not named else [(b"vary", b"Origin")]
        """On every answer: whoever stores it has to tell origins apart."""

    def headers(self, origin: bytes) -> Headers:
        """Return what an answer to a page of *origin* says; nothing if it may not read."""
        return self._headers_by_origin.get(b"*" if self._any else origin, [])

    def preflight(self, headers: Mapping[bytes, bytes], *, methods: bytes) -> Headers | None:
        """
        Return what to say, beside `headers`, to a browser that asks first.

        None if this is no such request.
        """
        origin = headers.get(b"origin")
        if origin is None or b"access-control-request-method" not in headers:
            return None
        answer = [(b"vary", _PREFLIGHT_VARY)]
        if self.headers(origin):
            answer += [(b"access-control-allow-methods", methods), _ALLOW_HEADERS, _MAX_AGE]
        return answer
