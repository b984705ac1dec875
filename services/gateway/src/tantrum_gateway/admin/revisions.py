"""
What an editor has written already, so that one's own reads show it.

A gateway hears of a write after a moment, and a replica has it after another: a browser
says by a cookie, for as long as that may take, which revision its last write made. A
program says it by a header.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

from tantrum_gateway.admin import proof

HEADER: Final = "catalog-revision"
COOKIE: Final = "tantrum_revision"
_COOKIE_SECONDS: Final = 60
_REVISION: Final = re.compile(r"[0-9]{1,18}")


def seen_by(request: Request) -> int:
    """Return the newest revision that the client knows of; 0 if it does not say."""
    said = (request.headers.get(HEADER, ""), request.cookies.get(proof.named(request, COOKIE), ""))
    return max((int(one) for one in said if _REVISION.fullmatch(one)), default=0)


def cookie(request: Request, revision: int) -> str:
    """Return a `Set-Cookie` that names *revision*."""
    return proof.cookie(request, COOKIE, str(revision), max_age_seconds=_COOKIE_SECONDS)
