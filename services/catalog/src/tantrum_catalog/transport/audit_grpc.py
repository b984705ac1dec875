"""AuditService over gRPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from google.protobuf.struct_pb2 import Struct
from tantrum_kit.errors import InvalidInputError
from tantrum_kit.grpc_server import Context
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import audit_service_pb2 as pb
from tvtantrum.catalog.v1 import audit_service_pb2_grpc

from tantrum_catalog.domain.actor import ActorKind
from tantrum_catalog.domain.audit import (
    AuditAction,
    AuditedKind,
    AuditEntry,
    AuditFilter,
    AuditLog,
    Snapshot,
)
from tantrum_catalog.domain.editor import EditorId
from tantrum_catalog.domain.ports import Page
from tantrum_catalog.transport.codec import optional, time_of, timestamp_of
from tantrum_catalog.transport.paging import Pager, page_size_of

_REPLY_BYTES_MAX: Final = 2 * 1024 * 1024
"""Half of what a gRPC client takes; no two states together have that much."""

_ACTOR: Final[Mapping[ActorKind, pb.ActorKind.ValueType]] = {
    ActorKind.EDITOR: pb.ACTOR_KIND_EDITOR,
    ActorKind.SERVICE: pb.ACTOR_KIND_SERVICE,
    ActorKind.COMMAND: pb.ACTOR_KIND_COMMAND,
}

_ACTION: Final[Mapping[AuditAction, pb.AuditAction.ValueType]] = {
    AuditAction.CREATE: pb.AUDIT_ACTION_CREATE,
    AuditAction.UPDATE: pb.AUDIT_ACTION_UPDATE,
    AuditAction.DELETE: pb.AUDIT_ACTION_DELETE,
    AuditAction.FEATURE: pb.AUDIT_ACTION_FEATURE,
    AuditAction.REORDER: pb.AUDIT_ACTION_REORDER,
    AuditAction.MERGE: pb.AUDIT_ACTION_MERGE,
    AuditAction.SET_PASSWORD: pb.AUDIT_ACTION_SET_PASSWORD,
    AuditAction.LOAD: pb.AUDIT_ACTION_LOAD,
    AuditAction.SIGN_IN: pb.AUDIT_ACTION_SIGN_IN,
}

_KIND: Final[Mapping[AuditedKind, pb.AuditedKind.ValueType]] = {
    AuditedKind.SHOW: pb.AUDITED_KIND_SHOW,
    AuditedKind.CATEGORY: pb.AUDITED_KIND_CATEGORY,
    AuditedKind.RESEARCH: pb.AUDITED_KIND_RESEARCH,
    AuditedKind.THEME: pb.AUDITED_KIND_THEME,
    AuditedKind.PLATFORM: pb.AUDITED_KIND_PLATFORM,
    AuditedKind.IMAGE: pb.AUDITED_KIND_IMAGE,
    AuditedKind.EDITOR: pb.AUDITED_KIND_EDITOR,
    AuditedKind.API_TOKEN: pb.AUDITED_KIND_API_TOKEN,
    AuditedKind.CATALOGUE: pb.AUDITED_KIND_CATALOGUE,
}

_KIND_BY_VALUE: Final[Mapping[int, AuditedKind]] = {value: kind for kind, value in _KIND.items()}
_ACTION_BY_VALUE: Final[Mapping[int, AuditAction]] = {
    value: action for action, value in _ACTION.items()
}

T = TypeVar("T")


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    def __init__(self, log: AuditLog, tokens: PageTokens) -> None:
        self._log = log
        self._pager = Pager(tokens)

    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: Context
    ) -> pb.ListAuditEntriesResponse:
        after = self._pager.after(request)
        limit = page_size_of(request.page_size)
        # One more than asked for says whether there is a next page.
        found = await self._log.newest(
            _filter_of(request), before=None if after is None else after[0], limit=limit + 1
        )
        entries = _fitting([(entry, entry_to_proto(entry)) for entry in found[:limit]])
        page = Page(
            items=tuple(entry for entry, _ in entries), has_more=len(found) > len(entries), total=0
        )
        return pb.ListAuditEntriesResponse(
            entries=[message for _, message in entries],
            next_page_token=self._pager.next_token(request, page, lambda entry: (entry.id,)),
        )


def entry_to_proto(entry: AuditEntry) -> pb.AuditEntry:
    """Return an entry as it goes out."""
    record = entry.record
    return pb.AuditEntry(
        id=entry.id,
        write_time=timestamp_of(entry.write_time),
        actor_kind=_ACTOR[entry.actor.kind],
        editor_id=entry.actor.editor_id or 0,
        editor_email=entry.editor_email,
        api_token_id=entry.actor.api_token_id or 0,
        request_id=entry.actor.request_id,
        action=_ACTION[record.action],
        kind=_KIND[record.kind],
        resource_id=record.resource_id,
        resource_name=record.resource_name,
        before=_struct_of(record.before),
        after=_struct_of(record.after),
        catalog_revision=entry.revision,
    )


def _fitting(
    entries: list[tuple[AuditEntry, pb.AuditEntry]],
) -> list[tuple[AuditEntry, pb.AuditEntry]]:
    """Return the first entries, as many as a reply has room for, and one at least."""
    size_bytes = 0
    for count, (_, message) in enumerate(entries):
        size_bytes += message.ByteSize()
        if size_bytes > _REPLY_BYTES_MAX and count:
            return entries[:count]
    return entries


def _filter_of(request: pb.ListAuditEntriesRequest) -> AuditFilter:
    return AuditFilter(
        editor_id=EditorId(request.editor_id) if request.editor_id else None,
        kind=_known(_KIND_BY_VALUE, request.kind, field="kind"),
        resource_id=request.resource_id or None,
        action=_known(_ACTION_BY_VALUE, request.action, field="action"),
        from_time=time_of(optional(request, "from_time"), field="from_time"),
        to_time=time_of(optional(request, "to_time"), field="to_time"),
    )


def _known(known: Mapping[int, T], value: int, *, field: str) -> T | None:
    """Return what *value* stands for, None for 0."""
    if value and value not in known:
        raise InvalidInputError.of(field, "is not a value that exists")
    return known.get(value)


def _struct_of(snapshot: Snapshot | None) -> Struct | None:
    if snapshot is None:
        return None
    struct = Struct()
    struct.update(snapshot)
    return struct
