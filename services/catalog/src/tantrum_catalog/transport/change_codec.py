"""What the revision feed says, as protos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from tantrum_catalog.domain.change import Batch, Change, ChangeType, ResourceKind
from tantrum_catalog.domain.watch import Bookmark, WatchEvent
from tantrum_catalog.transport.codec import timestamp_of

_KIND: Final[Mapping[ResourceKind, pb.ResourceKind.ValueType]] = {
    ResourceKind.SHOW: pb.RESOURCE_KIND_SHOW,
    ResourceKind.CATEGORY: pb.RESOURCE_KIND_CATEGORY,
    ResourceKind.RESEARCH: pb.RESOURCE_KIND_RESEARCH,
    ResourceKind.THEME: pb.RESOURCE_KIND_THEME,
    ResourceKind.PLATFORM: pb.RESOURCE_KIND_PLATFORM,
}

_TYPE: Final[Mapping[ChangeType, pb.ChangeType.ValueType]] = {
    ChangeType.PUT: pb.CHANGE_TYPE_PUT,
    ChangeType.DELETE: pb.CHANGE_TYPE_DELETE,
}


def event_to_proto(event: WatchEvent) -> pb.WatchCatalogResponse:
    """Return one message of a watch."""
    match event:
        case Batch():
            return pb.WatchCatalogResponse(
                revision=event.revision,
                changes=[_change_to_proto(change) for change in event.changes],
                commit_time=timestamp_of(event.commit_time),
            )
        case Bookmark():
            return pb.WatchCatalogResponse(
                revision=event.revision, commit_time=timestamp_of(event.time)
            )
        case _:
            assert_never(event)


def _change_to_proto(change: Change) -> pb.Change:
    return pb.Change(
        kind=_KIND[change.kind], type=_TYPE[change.type], id=change.id, slug=change.slug
    )
