"""What browsers are told so that an answer can do no harm."""

from __future__ import annotations

from typing import Final

from tantrum_gateway.answers import Headers

# Each of these bytes goes with every hit; what takes no scripts needs no more words.
_API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
_PERMISSIONS: Final = b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"

HEADERS: Final[Headers] = [
    (b"content-security-policy", _API_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", _PERMISSIONS),
]
"""
On every answer, unless it has its own.

Not on a 304: it describes no content, and what the client has stored keeps its headers.
"""

STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
"""On answers over TLS. Without subdomains: they are not ours to decide on."""


def page_policy(nonce: str) -> tuple[bytes, bytes]:
    """
    Return the policy of an HTML page whose `<script>` and `<link>` elements carry *nonce*.

    The page has to be made for one answer, with a nonce of its own.
    """
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    return (b"content-security-policy", policy.encode())


def merged(own: Headers, general: Headers) -> Headers:
    """Return *own* headers of an answer, and of *general* what it does not say itself."""
    names = {name for name, _ in own if name != b"vary"}  # which several may add to
    return [*own, *(header for header in general if header[0] not in names)]
