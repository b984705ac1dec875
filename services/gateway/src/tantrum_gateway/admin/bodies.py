"""
Reads bodies: of the media type that is wanted, and everything that is wrong with
them told at once.

A `PATCH` is a JSON Merge Patch (RFC 7396): what is absent stays, null clears, objects merge,
arrays are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request

from tantrum_gateway import problems
from tantrum_gateway.admin.inputs import Input
from tantrum_gateway.admin.problem_parts import invalid, part
from tantrum_gateway.admin.refusals import RefusalError
from tantrum_gateway.resources import InvalidPart

JSON: Final = ("application/json",)
MERGE_PATCH: Final = ("application/merge-patch+json", "application/json")
IMAGES: Final = ("image/jpeg", "image/png", "image/webp", "image/gif")


async def read(request: Request, media_types: Sequence[str]) -> bytes:
    """
    Return the body of *request*. Its size and time are bounded by whom it comes through.

    Raises:
        RefusalError: 415, it is of another media type.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").lower()
    if media_type not in media_types or coding != "identity":
        accepted = b"accept-patch" if request.method == "PATCH" else b"accept"
        raise RefusalError(
            problems.UNSUPPORTED_MEDIA_TYPE,
            415,
            f"Send one of {', '.join(media_types)}, without a content coding.",
            headers=[(accepted, ", ".join(media_types).encode())],
        )
    try:
        return await request.body()
    except ClientDisconnect as error:
        # Nobody will read this; but it is no failure of ours either.
        raise RefusalError(problems.INVALID, 400, "The body ended too early.") from error


def values_of(value: dict[str, Any], shape: type[Input], *, partial: bool) -> dict[str, Any]:
    """
    Return what the object gives a value to, by path of the fields' Python names.

    An object among the fields is not in it, but each of its own fields: `ages.min`. What
    null clears is None. A *partial* object is a merge patch, and may lack any field.

    Raises:
        RefusalError: 400, naming each wrong field.
    """
    wrong: list[InvalidPart] = []
    values = dict(_walked(value, shape, (), "", wrong, partial=partial))
    if partial and not (values or wrong):
        wrong.append(part("must change something"))
    if wrong:
        raise invalid(wrong)
    return values


def _walked(
    value: Mapping[str, Any],
    shape: type[Input],
    names: tuple[str, ...],
    path: str,
    wrong: list[InvalidPart],
    *,
    partial: bool,
) -> Iterator[tuple[str, Any]]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    wrong += [
        part("cannot be written, or is no such field", *names, name)
        for name in value.keys() - fields.keys()
    ]
    for name, field in fields.items():
        given = value.get(name, msgspec.UNSET)
        inner = _inner(field.type)
        if given is msgspec.UNSET:
            if field.required and not partial:
                wrong.append(part("is required", *names, name))
        elif given is None and partial and not field.required:
            yield from _cleared(inner, f"{path}{field.name}")
        elif inner is not None and isinstance(given, dict):
            yield from _walked(
                given, inner, (*names, name), f"{path}{field.name}.", wrong, partial=partial
            )
        else:
            try:
                yield f"{path}{field.name}", msgspec.convert(given, field.type)
            except msgspec.ValidationError as error:
                wrong.append(_part_of(error, *names, name))


def _cleared(inner: type[Input] | None, path: str) -> Iterator[tuple[str, None]]:
    if inner is None:
        yield path, None
    else:
        for field in msgspec.structs.fields(inner):
            yield f"{path}.{field.name}", None


def _inner(kind: Any) -> type[Input] | None:
    return kind if isinstance(kind, type) and issubclass(kind, Input) else None


def _part_of(error: msgspec.ValidationError, *names: str) -> InvalidPart:
    """Return what msgspec found, which names the place as `$.name[0]` behind its sentence."""
    sentence, _, place = str(error).partition(" - at `$")
    steps = place.removesuffix("`").replace("[", ".").replace("]", "").split(".")
    return part(sentence[:1].lower() + sentence[1:], *names, *filter(None, steps))
