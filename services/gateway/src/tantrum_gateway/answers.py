"""
Finished answers: what is sent for a request, in each content coding, ready to go.

The hot path (`tantrum_gateway.asgi`) sends a `Form` as it stands.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from enum import Enum
from typing import Final

from tantrum_gateway import compression
from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.negotiation import Coding, matching_tag

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
_TAG_BYTES: Final = 120
"""A tag in an answer and in the index of L1, on average."""

_MAX_CDN_TAGS_BYTES: Final = 2_000
_TAG_BY_KIND: Final = {
    "show": "shows",
    "category": "categories",
    "theme": "themes",
    "platform": "platforms",
}

_OK: Final = 200
CACHE: Final = b"tantrum-gateway"
"""Our name in `Cache-Status`."""

CONFIRMED_EVERY_SECONDS: Final = 60
"""How often an answer's `Age` begins anew, as long as the watch says that it still holds."""

# A 304 updates what is stored, and describes no body.
_ABOUT_BODIES: Final = (b"content-type", b"content-encoding")

FOREVER: Final = 2**62
"""The revision of answers that no write can change."""


def key_size_bytes(raw_key: RawKey) -> int:
    """Return the memory that a way to an answer takes, roughly."""
    _, path, query, accept_encoding = raw_key
    return len(path) + len(query) + len(accept_encoding or b"") + 300


class Clock:
    """What time it is, to the second: read by every hit, set once a second."""

    __slots__ = ("heard", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self.heard = 0.0
        """When the watch was heard of last; both are monotonic."""


class Form:
    """An answer in one coding. Mutable for how often it was sent, its age, and what limits it."""

    __slots__ = (
        "accepted",
        "best",
        "body_event",
        "coding",
        "etag",
        "expires_monotonic",
        "hit_headers",
        "hit_not_modified_headers",
        "hits",
        "limit_index",
        "not_modified",
        "not_modified_headers",
        "other_etag",
        "route",
        "start_headers",
        "status",
        "stored_monotonic",
        "told_at",
    )

    def __init__(
        self,
        *,
        status: int,
        headers: Headers,
        body: bytes,
        etag: bytes,
        other_etag: bytes = b"",
        coding: Coding = Coding.IDENTITY,
        best: bool = False,
        route: str = "",
        expires_monotonic: float = 0.0,
        stored_monotonic: float = 0.0,
    ) -> None:
        self.status = status
        self.route = route
        self.start_headers = [*headers, (b"content-length", b"%d" % len(body))]
        self.not_modified_headers = [one for one in headers if one[0] not in _ABOUT_BODIES]
        self.body_event = {"type": "http.response.body", "body": body}
        self.etag = etag
        self.other_etag = other_etag
        """Tag of the same answer in the same coding, made with the other effort."""
        self.coding = coding
        self.best = best
        """Whether all effort was made to have it small."""
        self.stored_monotonic = stored_monotonic
        self.expires_monotonic = expires_monotonic
        self.hits = 0
        self.not_modified = 0
        self.limit_index = 0
        """Index of the class that requests for it are limited in."""
        self.accepted: set[bytes] = set()
        """Values of `Accept` that were seen, and that the answer satisfies."""
        self.told_at = -1.0
        """Time on the clock that the headers of a hit were made at."""
        self.hit_headers = self.start_headers
        self.hit_not_modified_headers = self.not_modified_headers

    def tell(self, clock: Clock) -> None:
        """Make the headers of a hit say how old the answer is by now, and how long it lasts."""
        age = age_seconds(self.stored_monotonic, now=clock.now, held_until=clock.heard)
        told = [
            (b"age", b"%d" % age),
            (b"cache-status", CACHE + b"; hit; ttl=%d" % (self.expires_monotonic - clock.now)),
        ]
        self.hit_headers = [*self.start_headers, *told]
        self.hit_not_modified_headers = [*self.not_modified_headers, *told]
        self.told_at = clock.now

    def matching(self, tags: bytes, *, weak: bool) -> bytes:
        """Return the one of its tags that is among a client's, or nothing."""
        # An error is no representation of anything that a client could have.
        if self.status != _OK:
            return b""
        if tags == self.etag:
            return self.etag
        return matching_tag(tags, (self.etag, self.other_etag), weak=weak)


def age_seconds(stored_monotonic: float, *, now: float, held_until: float) -> int:
    """
    Return the `Age` of an answer: since it was made, or last found to hold.

    *held_until* is the last time at which it was known to hold. The age starts again only
    once a minute, so that it tells something, and costs a browser next to nothing of the
    time that it may keep the answer.
    """
    held_seconds = max(0.0, held_until - stored_monotonic)
    confirmed = held_seconds // CONFIRMED_EVERY_SECONDS * CONFIRMED_EVERY_SECONDS
    return max(0, math.floor(now - stored_monotonic - confirmed))


class State(Enum):
    """What an answer in L1 is good for."""

    FRESH = "fresh"
    """It may be sent."""
    EXPIRED = "expired"
    """Its time is over, and nobody has heard of a change: for a short while, or after an error."""
    OUTDATED = "outdated"
    """A change has touched it: only where there is no newer one to be had."""


class Answer:
    """
    An answer to one canonical request, in the codings that were asked for so far.

    The *catalog_revision* is the one it was made at, or `FOREVER`; `remake` asks for it again.
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
        depends: Dependencies | None = None,
        remake: Callable[[], Awaitable[object]] | None = None,
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
        self.depends = depends or Dependencies()
        self.remake = remake
        self.state = State.FRESH
        self.left_fresh_monotonic = math.inf
        """When it stopped to be fresh."""
        self.ways: list[tuple[RawKey, Form]] = []
        """The ways that led to it until then."""
        self._as_stale: Answer | None = None
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
        tags = _TAG_BYTES * len(self.depends.tags)
        return len(self.body) + forms + keys + tags + _OVERHEAD_BYTES * (1 + len(self.forms))

    @property
    def cdn_tags(self) -> list[str]:
        """
        Tags that a CDN can drop it by: it knows no filters, so all lists of shows have one.

        What has that of a kind needs none of its single things, as each change names both.
        Many are told by their kinds alone: proxies bound what headers may take.
        """
        tags = set(self.depends.tags) | ({"shows"} if self.depends.selectors else set())
        tags = {tag for tag in tags if _TAG_BY_KIND.get(tag.partition(":")[0]) not in tags}
        if sum(map(len, tags)) + len(tags) > _MAX_CDN_TAGS_BYTES:
            tags = {_TAG_BY_KIND.get(tag.partition(":")[0], tag) for tag in tags}
        return sorted(tags)

    @property
    def hits(self) -> int:
        """How often it was sent, or confirmed, from memory."""
        return sum(form.hits + form.not_modified for form in self.forms.values())

    async def form(self, coding: Coding, *, threads: Executor) -> Form:
        """Return the answer in *coding*, compressing it the first time."""
        form = self.forms.get(coding)
        if form is not None:
            return form
        compress = compression.QUICK[coding]
        if coding is Coding.IDENTITY or len(self.body) <= LOOP_MAY_COMPRESS_BYTES:
            body = compress(self.body)
        else:
            loop = asyncio.get_running_loop()
            body = await loop.run_in_executor(threads, compress, self.body)
        # Somebody else may have been faster; either is the same.
        return self.forms.setdefault(coding, self._formed(coding, body))

    def polished(self, coding: Coding) -> Form | None:
        """Return its form in *coding* with all effort; None where there is none to be made."""
        if not self.polishable(coding):
            return None
        return self._formed(coding, compression.BEST[coding](self.body), best=True)

    def polishable(self, coding: Coding) -> bool:
        """Say whether more effort would make its form in *coding* smaller."""
        form = self.forms.get(coding)
        return coding in compression.BEST and form is not None and not form.best

    def as_stale(self, cache_control: str) -> Answer:
        """Return the same answer for clients who get it for want of a newer one."""
        if self._as_stale is not None:
            return self._as_stale
        answer = Answer(
            body=self.body,
            media_type=self.media_type,
            cache_control=cache_control,
            catalog_revision=self.catalog_revision,
            status=self.status,
            route=self.route,
            stored_monotonic=self.stored_monotonic,
            expires_monotonic=self.expires_monotonic,
            depends=self.depends,
        )
        answer.left_fresh_monotonic = self.left_fresh_monotonic
        self._as_stale = answer
        return answer

    def _etag(self, coding: Coding, *, best: bool) -> bytes:
        # A strong tag tells codings, and other bytes in the same one, apart.
        return f'"{self._digest}-{"best-" if best else ""}{coding}"'.encode()

    def _formed(self, coding: Coding, body: bytes, *, best: bool = False) -> Form:
        etag = self._etag(coding, best=best)
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
        if self.cdn_tags:
            headers.append((b"cache-tag", ",".join(self.cdn_tags).encode()))
        return Form(
            status=self.status,
            headers=headers,
            body=body,
            etag=etag,
            other_etag=self._etag(coding, best=not best) if coding in compression.BEST else b"",
            coding=coding,
            best=best,
            route=self.route,
            stored_monotonic=self.stored_monotonic,
            expires_monotonic=self.expires_monotonic,
        )
