"""Requests with an idempotency key, in memory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from tantrum_catalog.domain.editor import EditorNotFoundError
from tantrum_catalog.domain.idempotency import (
    KEPT,
    LOST_AFTER,
    Begun,
    Key,
    State,
    StoredResponse,
)
from tantrum_catalog.storage.memory_editors import MemoryAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    attempt_id: int
    payload_digest: bytes
    begin_time: dt.datetime
    response: StoredResponse | None = None


class MemoryIdempotencyStore:
    """An `IdempotencyStore` that no method of awaits in, so each is atomic."""

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access
        self._known: dict[Key, _Known] = {}

    async def begin(
        self, key: Key, *, attempt_id: int, payload_digest: bytes, now: dt.datetime
    ) -> Begun:
        if key.editor_id not in self._access.audit.editors:
            raise EditorNotFoundError(key.editor_id)
        self._known = {
            other: one for other, one in self._known.items() if one.begin_time > now - KEPT
        }
        known = self._known.get(key)
        if known is not None and known.payload_digest != payload_digest:
            return Begun(state=State.OTHER_PAYLOAD)
        if known is not None and known.response is not None:
            return Begun(state=State.COMPLETED, response=known.response)
        others = known is not None and known.attempt_id != attempt_id
        if known is not None and others and known.begin_time > now - LOST_AFTER:
            return Begun(state=State.RUNNING)
        self._known[key] = _Known(
            attempt_id=attempt_id, payload_digest=payload_digest, begin_time=now
        )
        return Begun(state=State.BEGUN, attempt_id=attempt_id)

    async def complete(self, key: Key, *, attempt_id: int, response: StoredResponse) -> bool:
        known = self._known.get(key)
        if known is None or known.attempt_id != attempt_id or known.response is not None:
            return False
        self._known[key] = replace(known, response=response)
        return True

    async def abandon(self, key: Key, *, attempt_id: int) -> None:
        known = self._known.get(key)
        if known is not None and known.attempt_id == attempt_id and known.response is None:
            del self._known[key]
