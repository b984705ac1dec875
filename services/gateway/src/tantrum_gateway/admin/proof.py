"""
How requests prove whose they are: a session's cookie with a CSRF token, or an API token.

The CSRF token is a keyed hash of the session's token: bound to the session, the same on
every gateway, and nothing that would have to be stored. A browser also says where a
request comes from (`Sec-Fetch-Site`, `Origin`), and what comes from elsewhere is refused
even with the token, and at sign-in, where there is none yet.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from tantrum_kit import errors

from tantrum_gateway import problems
from tantrum_gateway.admin.refusals import RefusalError

CSRF_HEADER: Final = "x-csrf-token"
SESSION_COOKIE: Final = "tantrum_session"

_CSRF_LABEL: Final = b"tantrum csrf token"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,200}")
_LOCAL_HOST: Final = re.compile(
    r"(localhost|[\w-]+\.localhost|127(\.\d+){3}|\[::1\])(:\d+)?", re.IGNORECASE
)
_SAME_SITE: Final = ("same-origin", "none")


Kind = Literal["session", "api token"]

Key = tuple[Kind, bytes]
"""Kind and digest of a token: one kind never passes for the other."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A token, whose editor is not known yet."""

    kind: Kind
    token: str

    @property
    def digest(self) -> bytes:
        """What the token is stored and asked for by."""
        return hashlib.sha256(self.token.encode("ascii")).digest()

    @property
    def key(self) -> Key:
        """What is remembered about it is remembered under."""
        return self.kind, self.digest


def proof_of(request: Request) -> Proof:
    """Return what *request* proves itself by. Raises `UnauthenticatedError` if by nothing."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token.strip()):
            raise errors.UnauthenticatedError("Authorization must be Bearer with an API token.")
        return Proof("api token", token.strip())
    token = request.cookies.get(named(request, SESSION_COOKIE), "")
    if not _TOKEN.fullmatch(token):
        raise errors.UnauthenticatedError("Sign in, or send an API token.")
    return Proof("session", token)


def named(request: Request, name: str) -> str:
    """
    Return *name* as the cookie has it that *request* may carry. No other one is believed.

    For plain HTTP on the machine itself browsers take no `__Host-` cookie.
    """
    return name if _plain_and_local(request) else f"__Host-{name}"


def cookie(request: Request, name: str, value: str, *, max_age_seconds: int | None = None) -> str:
    """Return a `Set-Cookie` that lasts as long as the browser unless it says how long."""
    secure = "" if _plain_and_local(request) else "; Secure"
    ends = "" if max_age_seconds is None else f"; Max-Age={max_age_seconds}"
    return f"{named(request, name)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{ends}"


def session_cookie(request: Request, token: str) -> str:
    """Return a `Set-Cookie` with a session's *token*; an empty one ends it."""
    return cookie(request, SESSION_COOKIE, token, max_age_seconds=None if token else 0)


def csrf_token(session_token: str) -> str:
    """Return what unsafe requests of the session have to carry in `X-CSRF-Token`."""
    mac = hmac.digest(session_token.encode("ascii"), _CSRF_LABEL, "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def check_origin(request: Request) -> None:
    """Refuse what a browser sends for another site."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in _SAME_SITE:
            raise RefusalError(problems.CROSS_SITE, 403, "The request comes from another site.")
        return
    origin = request.headers.get("origin")
    # Programs send neither; old browsers send the origin alone.
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise RefusalError(problems.CROSS_SITE, 403, "The request comes from another origin.")


def check_csrf_token(request: Request, session_token: str) -> None:
    """Refuse what does not carry the session's CSRF token."""
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf_token(session_token).encode()):
        raise RefusalError(problems.CROSS_SITE, 403, "X-CSRF-Token is not that of the session.")


def _plain_and_local(request: Request) -> bool:
    host = request.headers.get("host", "")
    return request.scope["scheme"] == "http" and bool(_LOCAL_HOST.fullmatch(host))
