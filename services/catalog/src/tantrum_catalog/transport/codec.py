"""Between protos and the domain: what all resources share."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tantrum_kit.errors import CallerError, InvalidInputError, Violation

from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.naming import Slug, slug_valid
from tantrum_catalog.domain.ports import RequestKey

F = TypeVar("F")
M = TypeVar("M", bound=Message)


class Keyed(Protocol):
    """A request that names a resource by number or slug."""

    @property
    def id(self) -> int: ...
    @property
    def slug(self) -> str: ...
    def WhichOneof(self, oneof_group: Any) -> str | None: ...  # noqa: N802


def timestamp_of(time: dt.datetime) -> Timestamp:
    """Return a time as a proto."""
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def time_of(timestamp: Timestamp | None, *, field: str) -> dt.datetime | None:
    """Return a proto's time, None for none. Raises `InvalidInputError` if it cannot be one."""
    if timestamp is None:
        return None
    try:
        return timestamp.ToDatetime(tzinfo=dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError.of(field, "is out of range") from error


def key_of(
    request: Keyed,
    as_id: Callable[[int], F],
    *,
    not_found: Callable[[str], CallerError],
) -> F | Slug:
    """
    Return which resource a request means.

    What cannot be a slug cannot be found either; it never reaches a store.
    """
    match request.WhichOneof("key"):
        case "id":
            return as_id(request.id)
        case "slug":
            if not slug_valid(request.slug):
                raise not_found(request.slug)
            return Slug(request.slug)
    raise InvalidInputError.of("key", "is required: an id or a slug")


def min_revision_of(value: int) -> Revision:
    """Return the lowest revision that an answer may be made at."""
    if value < 0:
        raise InvalidInputError.of("min_revision", "must not be negative")
    return Revision(value)


def expected_revision_of(value: int, *, field: str) -> Revision | None:
    """Return the revision that has to be the stored one; None for any."""
    if value < 0:
        raise InvalidInputError.of(field, "must not be negative")
    return Revision(value) if value else None


def request_key_of(request_id: str, payload: Message) -> RequestKey | None:
    """Return what makes a create safe to repeat; None when nothing was asked for."""
    if not request_id:
        return None
    checks = Checks("")
    checks.line("request_id", request_id, at_most=100)
    checks.finish()
    serialised = payload.SerializeToString(deterministic=True)
    return RequestKey(id=request_id, digest=hashlib.sha256(serialised).digest())


def present(request: Message, field: str, message: M) -> M:
    """Return the *message* in a required *field*. Raises `InvalidInputError` if it is unset."""
    if not request.HasField(field):
        raise InvalidInputError.of(field, "is required")
    return message


def optional(message: Message, field: str) -> Any:
    """Return an `optional` field's value, None when it is absent."""
    return getattr(message, field) if message.HasField(field) else None


def masked(
    message: Message,
    mask: FieldMask,
    *,
    resource: str,
    decoders: Mapping[str, Callable[[Any], object]],
) -> Callable[[Any], Any]:
    """
    Return the change that sets the fields that *mask* names to those of *message*.

    The paths are the keys of *decoders*; one with a dot sets a part of a value. What
    the new values break together with the old is found when the change is applied.

    Raises:
        InvalidInputError: the mask is empty, or a path is not one to write.
    """
    if not mask.paths:
        raise InvalidInputError.of("update_mask", "is required: at least one path")
    violations = []
    for index, path in enumerate(mask.paths):
        if path not in decoders:
            exists = path in message.DESCRIPTOR.fields_by_name
            what = "cannot be changed" if exists else f"is no field of a {resource}"
            field = f"update_mask.paths[{index}]"
            violations.append(Violation(field=field, description=f"{path!r} {what}"))
    if violations:
        raise InvalidInputError.listing(violations)
    decoded = {path: decoders[path](message) for path in mask.paths}

    def change(value: Any) -> Any:
        changed: dict[str, Any] = {}
        for path, part in decoded.items():
            field, _, inner = path.partition(".")
            present = changed.get(field, getattr(value, field))
            changed[field] = replace(present, **{inner: part}) if inner else part
        return replace(value, **changed)

    return change
