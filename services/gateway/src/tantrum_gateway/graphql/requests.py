"""Reads GraphQL over HTTP: what a request asks for, and which media type it wants back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from tantrum_kit import errors

from tantrum_gateway.bodies import decode_json
from tantrum_gateway.graphql.failures import malformed

RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
HTML: Final = "text/html"

_MAX_PAIRS: Final = 20
_MAX_ACCEPT_BYTES: Final = 1_024
_WEIGHT: Final = re.compile(r"[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of a request. That `extensions` are there is right; none mean anything."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any]


def from_query_string(query_string: bytes) -> Asked:
    """Return what a GET asks for. Raises `RequestError`."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PAIRS,
        )
    except ValueError as error:
        raise malformed("the query string is not UTF-8, percent-encoded") from error
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs):
        raise malformed("no parameter may be given twice")
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = _json(parameters[name].encode(), name) if parameters[name] else None
    return _asked(parameters)


def from_body(content_type: bytes, body: bytes) -> Asked:
    """Return what a POST asks for. Raises `RequestError`."""
    media_type, _, parameters = content_type.decode("latin-1").partition(";")
    charset = re.fullmatch(r'\s*charset="?utf-?8"?\s*', parameters, re.IGNORECASE)
    if media_type.strip().lower() != JSON or (parameters.strip() and charset is None):
        raise malformed(f"the Content-Type must be {JSON}, in UTF-8", status=415)
    parsed = _json(body, "the body")
    if isinstance(parsed, list):
        raise malformed("batches are not answered; send one request at a time")
    if not isinstance(parsed, dict):
        raise malformed("the body must be a JSON object")
    return _asked(parsed)


def wanted(accept: bytes | None, offered: Sequence[str]) -> str | None:
    """
    Return the one of *offered* media types that a client wants most, None if it wants none.

    Of those it likes the same, the first.
    """
    if accept is None:
        return offered[0]
    weights = _weights(accept[:_MAX_ACCEPT_BYTES].decode("latin-1"))

    def weight(media_type: str) -> float:
        for named in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
            if named in weights:
                return weights[named]
        return 0.0

    best = max(offered, key=weight)
    return best if weight(best) > 0 else None


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for element in accept.split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        matches = [_WEIGHT.fullmatch(parameter) for parameter in parameters]
        weight = next((float(match[1]) for match in matches if match), 1.0)
        if name:
            weights[name.lower()] = weight
    return weights


def _json(text: bytes, what: str) -> Any:
    try:
        return decode_json(text, object)
    except errors.InvalidInputError as error:
        raise malformed(f"{what}: {error.message}") from error


def _asked(parameters: dict[str, Any]) -> Asked:
    for name in ("query", "documentId", "operationName"):
        if not isinstance(parameters.get(name), (str, type(None))):
            raise malformed(f"`{name}` must be a string")
    for name in ("variables", "extensions"):
        if not isinstance(parameters.get(name), (dict, type(None))):
            raise malformed(f"`{name}` must be an object")
    return Asked(
        query=parameters.get("query"),
        document_id=parameters.get("documentId"),
        operation_name=parameters.get("operationName") or None,
        variables=parameters.get("variables") or {},
    )
