"""The OpenAPI 3.1 document of the admin API, made from its table of operations."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tantrum_gateway import openapi, resources
from tantrum_gateway.admin import bodies
from tantrum_gateway.admin.answers_codec import SCOPES
from tantrum_gateway.admin.inputs import Input
from tantrum_gateway.admin.operations import PREFIX, Operation

PATH: Final = f"{PREFIX}/openapi.json"

_SCHEMAS: Final = "#/components/schemas/"
_DESCRIPTION: Final = """
How editors and their programs change the catalogue.

Browsers sign in at `/v1/admin/session` and get a cookie; requests that change something carry the
`csrfToken` of the answer as `X-CSRF-Token`. Programs send an API token as
`Authorization: Bearer …`, within its scopes.

Answers carry the revision of the resource as `ETag`; a change or removal sends it back as
`If-Match`, and fails with 412 where somebody else wrote in between. A create may be sent again
under the same `Idempotency-Key` for a day. A `PATCH` is a JSON Merge Patch (RFC 7396).
A read shows what was written at the `Catalog-Revision` that it sends, or later.
""".strip()

_SECURITY: Final = {
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tantrum_session"},
    "csrfToken": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
    "apiToken": {"type": "http", "scheme": "bearer"},
}


@functools.cache
def document(operations: tuple[Operation, ...], *, version: str) -> dict[str, Any]:
    """Return the document: the same to all who ask, so not to be changed."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        methods = paths.setdefault(f"{PREFIX}{operation.path}", {})
        methods[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TV Tantrum, for editors",
            "version": version,
            "description": _DESCRIPTION,
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": _SECURITY,
            "responses": {"Problem": openapi.PROBLEM_RESPONSE},
        },
    }


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    answers = {one.answer for one in operations if one.answer is not None}
    shapes = {one.body for one in operations if one.body is not None}
    _, schemas = msgspec.json.schema_components(
        [*answers, *shapes, resources.Problem], ref_template=f"{_SCHEMAS}{{name}}"
    )
    patched = {one.body for one in operations if one.body is not None and one.method == "PATCH"}
    return schemas | {f"{one.__name__}Patch": _partial(one, schemas) for one in patched}


def _partial(shape: type[msgspec.Struct], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a merge patch of *shape*: all may be absent, defaults may be null."""
    partial: dict[str, Any] = copy.deepcopy(schemas[shape.__name__])
    partial.pop("required", None)
    partial |= {"title": f"{shape.__name__}Patch", "minProperties": 1}
    for field in msgspec.structs.fields(shape):
        known = partial["properties"][field.encode_name]
        known.pop("default", None)
        kind = field.type
        if isinstance(kind, type) and issubclass(kind, Input):
            known = _partial(kind, schemas)
        if not field.required and {"type": "null"} not in known.get("anyOf", ()):
            known = {"anyOf": [known, {"type": "null"}]}
        partial["properties"][field.encode_name] = known
    return partial


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "security": _security(operation),
        "responses": {str(operation.status): _response(operation)}
        | {"default": {"$ref": "#/components/responses/Problem"}},
    }
    if operation.uploads:
        described["requestBody"] = {
            "required": True,
            "content": {one: {"schema": {}} for one in bodies.IMAGES},
        }
    elif operation.body is not None:
        patches = operation.method == "PATCH"
        name = operation.body.__name__ + ("Patch" if patches else "")
        media_types = bodies.MERGE_PATCH if patches else bodies.JSON
        described["requestBody"] = {
            "required": True,
            "content": {one: {"schema": {"$ref": f"{_SCHEMAS}{name}"}} for one in media_types},
        }
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = [openapi.query_parameter(one) for one in operation.parameters]
    if operation.key_name:
        schema = {"type": "string" if operation.key_name == "slug" else "integer"}
        parameters.append(
            {"name": operation.key_name, "in": "path", "required": True, "schema": schema}
        )
    if operation.guarded:
        parameters.append(_header("If-Match", "`ETag` of what was read, or `*`.", required=True))
    if operation.keyed:
        parameters.append(_header("Idempotency-Key", "New for each request, not for repetitions."))
    return parameters


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "required": required,
        "schema": {"type": "string"},
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.open_to_all:
        return []
    session: dict[str, list[str]] = {"session": []}
    if operation.method != "GET":
        session["csrfToken"] = []
    if operation.by_any_token:
        return [session, {"apiToken": []}]
    if operation.scope is None:
        return [session]
    return [session, {"apiToken": [SCOPES[operation.scope - 1]]}]


def _response(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done"}
    schema = {"$ref": f"{_SCHEMAS}{operation.answer.__name__}"}
    return {"description": "The answer", "content": {"application/json": {"schema": schema}}}
