"""The OpenAPI 3.1 document, made from the table of endpoints and the classes of answers."""

from __future__ import annotations

import functools
import json
from typing import Any, Final

import msgspec

from tantrum_gateway import resources
from tantrum_gateway.endpoints import Endpoint
from tantrum_gateway.parameters import Ids, Names, Parameter

PATH: Final = "/v1/openapi.json"

_SCHEMAS: Final = "#/components/schemas/"
_LEADING_TO_SHOWS: Final = ("ShowPage", "Hit", "HitPage", "HomeCategory", "Home")

_HEADERS: Final[dict[str, Any]] = {
    "ETag": {
        "description": "Strong tag of this form of the answer, for `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Catalog-Revision": {
        "description": "Revision of the catalogue that the answer was made at.",
        "schema": {"type": "integer"},
    },
    "X-Request-Id": {
        "description": "Id of the request: the one it came with, or a new one.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "How many requests remain (`r`), and after how many seconds all do (`t`).",
        "schema": {"type": "string"},
        "example": '"read";r=2999;t=1',
    },
    "RateLimit-Policy": {
        "description": "How many requests a client may make (`q`) in how many seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"read";q=3000;w=60',
    },
}
PROBLEM_RESPONSE: Final[dict[str, Any]] = {
    "description": "Why it failed",
    "content": {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
}
_DESCRIPTION: Final = """
TV Tantrum helps parents choose children's television by how stimulating it is: each show has a
score from 1 (calm) to 5, and seven sensory levels.

Answers carry a strong `ETag`; send it back in `If-None-Match` to get `304`. They come compressed
as `Accept-Encoding` asks. Errors are problems by RFC 9457; who asks too often gets `429`, and is
told in `Retry-After` when to come again. With the request header
`X-Server-Timing: 1` the answer tells in `Server-Timing` where the time went.
""".strip()


@functools.cache
def document(endpoints: tuple[Endpoint, ...], *, version: str) -> dict[str, Any]:
    """Return the document: the same to all who ask, so not to be changed."""
    answers = [one.answer for one in endpoints if one.answer] + [
        resources.Problem,
        resources.Health,
    ]
    _, schemas = msgspec.json.schema_components(answers, ref_template=f"{_SCHEMAS}{{name}}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "TV Tantrum", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": {one.path: {"get": _operation(one)} for one in endpoints}
        | {"/api/health": {"get": _health_operation()}},
        "components": {
            "schemas": schemas | _partial(schemas),
            "headers": _HEADERS,
            "responses": {"Problem": PROBLEM_RESPONSE},
        },
    }


def key_name(endpoint: Endpoint) -> str:
    """Return the name of what stands in the path between braces."""
    return endpoint.path.partition("{")[2].partition("}")[0]


def _partial(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of answers whose shows have only the fields that were asked for."""
    show = {name: value for name, value in schemas["Show"].items() if name != "required"}
    partial = {
        "PartialShow": {
            **show,
            "title": "PartialShow",
            "description": "A show with only the fields that `fields` names.",
            "minProperties": 1,
            "additionalProperties": False,
        }
    }
    for name in _LEADING_TO_SHOWS:
        text = json.dumps({**schemas[name], "title": f"Partial{name}"})
        for inner in ("Show", *_LEADING_TO_SHOWS):
            text = text.replace(f'"{_SCHEMAS}{inner}"', f'"{_SCHEMAS}Partial{inner}"')
        partial[f"Partial{name}"] = json.loads(text)
    return partial


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if endpoint.answer is not None:
        schema = _reference(endpoint.answer)
        if any(isinstance(one.kind, Names) for one in endpoint.parameters):
            partial = {"$ref": f"{_SCHEMAS}Partial{endpoint.answer.__name__}"}
            schema = {"anyOf": [schema, partial]}
    parameters = [query_parameter(one) for one in endpoint.parameters]
    if endpoint.key_doc:
        parameters.insert(0, _key_parameter(endpoint))
    return {
        "operationId": _camel(endpoint.read.__name__),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "The answer",
                "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
                "content": {endpoint.media_type: {"schema": schema}},
            },
            "304": {"description": "What the client has is still right"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _health_operation() -> dict[str, Any]:
    return {
        "operationId": "getHealth",
        "summary": "Say how the gateway and what is behind it are",
        "tags": ["Health"],
        "responses": {
            code: {
                "description": description,
                "content": {"application/json": {"schema": _reference(resources.Health)}},
            }
            for code, description in (("200", "It serves"), ("503", "It cannot serve"))
        },
    }


def query_parameter(parameter: Parameter) -> dict[str, Any]:
    """Return how a parameter of a query string is described."""
    schema = parameter.kind.schema()
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.doc,
        "required": parameter.required,
        "schema": schema,
    }
    if isinstance(parameter.kind, (Names, Ids)):
        described |= {"style": "form", "explode": False}
    elif parameter.at_most > 1:
        described["schema"] = {"type": "array", "items": schema, "maxItems": parameter.at_most}
        described |= {"style": "form", "explode": True}
    return described


def _key_parameter(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": key_name(endpoint),
        "in": "path",
        "description": endpoint.key_doc,
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }


def _reference(answer: type[resources.Resource]) -> dict[str, Any]:
    return {"$ref": f"{_SCHEMAS}{answer.__name__}"}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
