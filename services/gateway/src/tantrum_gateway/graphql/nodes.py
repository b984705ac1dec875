"""Ids that are unique over all types, as Relay wants them: opaque, and stable for ever."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

import strawberry

_NAMED: Final = re.compile(r"(Show|Category|Research):([1-9][0-9]{0,9})")
_MAX_NUMBER: Final = 2**31 - 1


def id_of(type_name: str, number: int) -> strawberry.ID:
    """Return the id of the *number*th thing of a type."""
    named = f"{type_name}:{number}".encode()
    return strawberry.ID(base64.urlsafe_b64encode(named).rstrip(b"=").decode())


def named_by(id: str) -> tuple[str, int] | None:
    """Return type and number; None for what is no id of ours, and so names nothing."""
    try:
        padded = id + "=" * (-len(id) % 4)
        named = base64.b64decode(padded.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    match = _NAMED.fullmatch(named)
    if match is None or int(match[2]) > _MAX_NUMBER:
        return None
    return match[1], int(match[2])
