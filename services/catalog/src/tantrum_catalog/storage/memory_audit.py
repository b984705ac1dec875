"""The audit log in memory, and who may be in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from tantrum_catalog.domain import actor
from tantrum_catalog.domain.actor import ActorKind
from tantrum_catalog.domain.audit import AuditEntry, AuditFilter, AuditRecord
from tantrum_catalog.domain.change import NO_REVISION, Revision
from tantrum_catalog.domain.editor import Editor, EditorId, EditorInactiveError


class MemoryAuditLog:
    """
    An `AuditLog`.

    It knows the *editors*, whom `MemoryEditorStore` keeps here, since one log serves
    the stores of everything that is written.
    """

    def __init__(self) -> None:
        self.editors: dict[EditorId, Editor] = {}
        self._entries: list[AuditEntry] = []

    def require_writer(self) -> None:
        """Raises `EditorInactiveError` if whoever writes may not. Before anything is written."""
        who = actor.current()
        if who.kind is not ActorKind.EDITOR or who.editor_id is None:
            return
        editor = self.editors.get(who.editor_id)
        if editor is None or not editor.active:
            raise EditorInactiveError

    def append(
        self,
        records: Sequence[AuditRecord],
        *,
        time: dt.datetime,
        revision: Revision = NO_REVISION,
    ) -> None:
        for record in records:
            entry = AuditEntry(
                id=len(self._entries) + 1,
                write_time=time,
                actor=actor.current(),
                editor_email="",
                record=record,
                revision=revision,
            )
            self._entries.append(entry)

    async def newest(
        self, wanted: AuditFilter, *, before: int | None, limit: int
    ) -> list[AuditEntry]:
        found = [
            self._named(entry)
            for entry in reversed(self._entries)
            if (before is None or entry.id < before) and _meets(entry, wanted)
        ]
        return found[:limit]

    def _named(self, entry: AuditEntry) -> AuditEntry:
        editor = self.editors.get(entry.actor.editor_id or EditorId(0))
        return entry if editor is None else replace(entry, editor_email=editor.email)


def _meets(entry: AuditEntry, wanted: AuditFilter) -> bool:
    record = entry.record
    return (
        wanted.editor_id in (None, entry.actor.editor_id)
        and wanted.kind in (None, record.kind)
        and wanted.resource_id in (None, record.resource_id)
        and wanted.action in (None, record.action)
        and (wanted.from_time is None or wanted.from_time <= entry.write_time)
        and (wanted.to_time is None or entry.write_time < wanted.to_time)
    )
