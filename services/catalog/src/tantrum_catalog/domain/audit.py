"""
The audit log: who has written what, with what was there before and after.

A store appends a write's records in the transaction of the write, so that there is neither
one without the other. A resource is logged under the field names of the protos, with what
the editors wrote and without what is computed; a picture without its bytes, an editor without
the password's hash.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Protocol, TypeAlias, assert_never, cast

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.actor import Actor
from tantrum_catalog.domain.api_tokens import ApiToken
from tantrum_catalog.domain.category import Category
from tantrum_catalog.domain.category_rules import CategoryRules
from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.editor import Editor, EditorId
from tantrum_catalog.domain.research import Research
from tantrum_catalog.domain.show import Image, Json, Level, Show
from tantrum_catalog.domain.vocabulary import Platform, Theme

Audited: TypeAlias = Show | Category | Research | Theme | Platform | Image | Editor | ApiToken
"""A resource whose writes are logged."""

Snapshot: TypeAlias = dict[str, Json]
"""A resource as the log has it."""


_LEFT_OUT: Final = ("revision", "show_count", "create_time")
"""What every entry says besides, is computed, or never changes."""


class AuditAction(StrEnum):
    """What was done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    FEATURE = "feature"
    """It became the featured show, or ceased to be."""
    REORDER = "reorder"
    MERGE = "merge"
    SET_PASSWORD = "set_password"  # noqa: S105 - no password
    LOAD = "load"
    """The catalogue was filled at once."""
    SIGN_IN = "sign_in"


class AuditedKind(StrEnum):
    """A kind of resource in the log."""

    SHOW = "show"
    CATEGORY = "category"
    RESEARCH = "research"
    THEME = "theme"
    PLATFORM = "platform"
    IMAGE = "image"
    EDITOR = "editor"
    API_TOKEN = "api_token"  # noqa: S105 - no token
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What one write did to one resource."""

    action: AuditAction
    kind: AuditedKind
    resource_id: str = ""
    """Its number, or the slug of a theme or platform; empty for the catalogue."""
    resource_name: str = ""
    before: Snapshot | None = None
    after: Snapshot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A record as it is stored."""

    id: int
    """Grows with time."""
    write_time: dt.datetime
    actor: Actor
    editor_email: str
    """Of the actor, as it is now; empty for one who is no editor."""
    record: AuditRecord
    revision: Revision
    """0 for what is not catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; all that is not None has to hold."""

    editor_id: EditorId | None = None
    kind: AuditedKind | None = None
    resource_id: str | None = None
    action: AuditAction | None = None
    from_time: dt.datetime | None = None
    """Then or later."""
    to_time: dt.datetime | None = None
    """Before then."""

    def __post_init__(self) -> None:
        if self.resource_id is not None and self.kind is None:
            raise InvalidInputError.of("kind", "is required with a resource_id")


class AuditLog(Protocol):
    """Reads the log. Every method may raise `UnavailableError`."""

    async def newest(
        self, wanted: AuditFilter, *, before: int | None, limit: int
    ) -> list[AuditEntry]:
        """Up to *limit* entries, newest first; with *before* only those with smaller ids."""


def record_of(
    action: AuditAction, *, before: Audited | None = None, after: Audited | None = None
) -> AuditRecord:
    """Return the record of a write to one resource, which is there before or after it."""
    resource = after if after is not None else before
    if resource is None:
        raise ValueError("a write without a resource")
    kind, resource_id, name = _names_of(resource)
    return AuditRecord(
        action=action,
        kind=kind,
        resource_id=str(resource_id),
        resource_name=name,
        before=None if before is None else snapshot_of(before),
        after=None if after is None else snapshot_of(after),
    )


def load_record(count_by_kind: Mapping[str, int]) -> AuditRecord:
    """Return the record of a catalogue that was filled with so many resources."""
    return AuditRecord(
        action=AuditAction.LOAD, kind=AuditedKind.CATALOGUE, after=dict(count_by_kind)
    )


def snapshot_of(resource: Audited) -> Snapshot:
    """Return what the log has of a resource."""
    snapshot: Snapshot
    match resource:
        case Show():
            image = None if resource.image is None else resource.image.id
            snapshot = _with_facts(resource, featured=resource.featured, image=image)
        case Category():
            snapshot = _with_facts(resource, display_order=resource.display_order)
        case Research():
            snapshot = _with_facts(resource)
        case ApiToken():
            own: Snapshot = {"id": resource.id, "editor_id": resource.editor_id}
            snapshot = own | {"prefix": resource.prefix} | _fields(resource.facts)
        case Theme() | Platform() | Editor() | Image():
            snapshot = _fields(resource)
        case _:
            assert_never(resource)
    return {name: value for name, value in snapshot.items() if name not in _LEFT_OUT}


def _names_of(resource: Audited) -> tuple[AuditedKind, int | str, str]:
    names: tuple[AuditedKind, int | str, str]
    match resource:
        case Show():
            names = AuditedKind.SHOW, resource.id, resource.facts.name
        case Category():
            names = AuditedKind.CATEGORY, resource.id, resource.facts.name
        case Research():
            names = AuditedKind.RESEARCH, resource.id, resource.facts.title
        case Theme():
            names = AuditedKind.THEME, resource.slug, resource.name
        case Platform():
            names = AuditedKind.PLATFORM, resource.slug, resource.name
        case Image():
            names = AuditedKind.IMAGE, resource.id, resource.media_type
        case Editor():
            names = AuditedKind.EDITOR, resource.id, resource.email
        case ApiToken():
            names = AuditedKind.API_TOKEN, resource.id, resource.facts.name
        case _:
            assert_never(resource)
    return names


def _with_facts(resource: Show | Category | Research, **own: Json) -> Snapshot:
    return {"id": resource.id, "slug": resource.slug, **_fields(resource.facts), **own}


def _fields(value: object) -> Snapshot:
    names = [one.name for one in dataclasses.fields(value)]  # type: ignore[arg-type]  # they all are
    return {name: _json(getattr(value, name)) for name in names}


def _json(value: object) -> Json:
    json: Json
    match value:
        case Level():
            json = value.token
        case Enum():
            json = str(value.value)
        case None | bool() | str() | int():
            json = value
        case dt.datetime():
            json = value.astimezone(dt.UTC).isoformat()
        case tuple():
            json = [_json(one) for one in value]
        case CategoryRules():
            json = cast("Json", value.to_json())
        case _:
            json = _fields(value)
    return json
