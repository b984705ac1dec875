"""Reads a query string by an endpoint's parameters: all of it, or everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tantrum_kit.errors import InvalidInputError, Violation

from tantrum_gateway.parameters import Parameter

_MAX_PAIRS: Final = 200
_BAD_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")

QUERY: Final = "query"
"""Names the query string as a whole where no parameter can be blamed."""


class InvalidQueryError(InvalidInputError):
    """A query string is wrong; the fields of its violations are parameters' names as they came."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """
    The values of a request's parameters, each of the type that its kind reads.

    What was not given, or given as its default, is not there.
    """

    by_name: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        return self.by_name.get(name, default)

    def canonical(self) -> str:
        """Return a query string that is the same for all requests that mean the same."""
        return "&".join(
            f"{name}={quote(_written(value), safe=',')}"
            for name, value in sorted(self.by_name.items())
        )


def read(query: bytes, parameters: Sequence[Parameter], *, lenient: bool = False) -> Arguments:
    """
    Return what *query* says, decoded and checked.

    A *lenient* reading passes over what is not known or blank, and over all but the
    first of what may be given once.

    Raises:
        InvalidQueryError: with a violation for each thing that is wrong.
    """
    violations: list[Violation] = []
    texts: dict[str, list[str]] = {}
    for name, text in _pairs(query):
        texts.setdefault(name, []).append(text)
    if lenient:
        texts = _forgiven(texts, parameters)
    known = {parameter.name: parameter for parameter in parameters}
    violations += [
        Violation(field=name, description="no such parameter") for name in texts.keys() - known
    ]
    values: dict[str, Any] = {}
    for parameter in parameters:
        given = texts.get(parameter.name)
        if given is None:
            if parameter.required:
                violations.append(Violation(field=parameter.name, description="is required"))
            continue
        try:
            value = _value(parameter, given)
        except ValueError as error:
            violations.append(Violation(field=parameter.name, description=str(error)))
            continue
        if value != parameter.default:
            values[parameter.name] = value
    violations += _crossed_ranges(values)
    if violations:
        raise InvalidQueryError.listing(sorted(violations, key=lambda one: one.field))
    return Arguments(values)


def decode(raw: bytes) -> str:
    """Return percent-encoded UTF-8 decoded. Raises `ValueError` with a sentence."""
    if _BAD_PERCENT.search(raw):
        raise ValueError("% must be followed by two hexadecimal digits")
    decoded = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), raw)
    try:
        text = decoded.decode()
    except UnicodeDecodeError as error:
        raise ValueError("must be UTF-8") from error
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


def _forgiven(
    texts: Mapping[str, Sequence[str]], parameters: Sequence[Parameter]
) -> dict[str, list[str]]:
    given = {
        one.name: [text for text in texts.get(one.name, ()) if text.strip()] for one in parameters
    }
    return {
        one.name: given[one.name][:1] if one.at_most == 1 else given[one.name]
        for one in parameters
        if given[one.name]
    }


def _pairs(query: bytes) -> Iterator[tuple[str, str]]:
    pairs = [pair for pair in query.split(b"&") if pair]
    if len(pairs) > _MAX_PAIRS:
        raise InvalidQueryError.of(QUERY, f"must have at most {_MAX_PAIRS} parameters")
    for pair in pairs:
        raw_name, _, raw_value = pair.replace(b"+", b" ").partition(b"=")
        name = ""
        try:
            name = decode(raw_name)
            yield name, decode(raw_value)
        except ValueError as error:
            raise InvalidQueryError.of(name or QUERY, str(error)) from error


def _value(parameter: Parameter, texts: list[str]) -> Any:
    if len(texts) > parameter.at_most:
        often = "once" if parameter.at_most == 1 else f"{parameter.at_most} times"
        raise ValueError(f"must be given at most {often}")
    if parameter.at_most == 1:
        return parameter.kind.read(texts[0])
    # The order of alternatives means nothing, nor does a repetition.
    return tuple(sorted({parameter.kind.read(text) for text in texts}))


def _crossed_ranges(values: Mapping[str, Any]) -> Iterator[Violation]:
    for name, low in values.items():
        if name.startswith("min"):
            high_name = "max" + name.removeprefix("min")
            high = values.get(high_name)
            if high is not None and low > high:
                yield Violation(field=name, description=f"must not be above {high_name}")


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(quote(_written(one), safe="") for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
