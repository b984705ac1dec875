"""Which content coding a client gets, and whether it has the answer already (RFC 9110)."""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import Final


class Coding(StrEnum):
    """A content coding that the gateway can make; listed by preference."""

    BR = "br"
    ZSTD = "zstd"
    GZIP = "gzip"
    IDENTITY = "identity"


_MAX_HEADER_BYTES: Final = 1_024
"""More of a header than this is nobody's wish, and not worth remembering."""

_WEIGHT: Final = re.compile(r"[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_ENTITY_TAG: Final = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def coding_for(accept_encoding: bytes | None, *, compressible: bool) -> Coding | None:
    """
    Return the coding that a client with this `Accept-Encoding` wants most.

    None if it accepts none of ours. What is not *compressible* is sent as it is
    wherever that is acceptable at all.
    """
    if accept_encoding is None:
        return Coding.IDENTITY
    weights = _weights(accept_encoding[:_MAX_HEADER_BYTES])
    if not compressible and weights[Coding.IDENTITY] > 0:
        return Coding.IDENTITY
    best = max(Coding, key=lambda coding: weights[coding])
    return best if weights[best] > 0 else None


def matching_tag(tags: bytes, etags: tuple[bytes, ...], *, weak: bool) -> bytes:
    """
    Return the first of *etags* that is in a list of a client's, or nothing; `*` is any.

    Compared as RFC 9110, section 8.8.3.2 says: *weak* takes weak forms of tags too.
    """
    if tags.strip() == b"*":
        return etags[0]
    listed = {tag for weakness, tag in _ENTITY_TAG.findall(tags) if weak or not weakness}
    return next((etag for etag in etags if etag in listed), b"")


def accepts(accept: bytes, media_type: str) -> bool:
    """Say whether a client with this `Accept` takes *media_type*; the closest range decides."""
    wanted = media_type.partition(";")[0].strip().lower()
    ranges = (wanted, wanted.partition("/")[0] + "/*", "*/*")
    closest, weight = len(ranges), 0.0
    elements = [one for one in accept[:_MAX_HEADER_BYTES].decode("latin-1").split(",") if one]
    for element in elements:
        name, *parameters = (part.strip().lower() for part in element.split(";"))
        if name in ranges and ranges.index(name) < closest:
            # Others tell of the media type itself, such as its charset.
            weights = [one for one in parameters if one.startswith("q=")]
            closest, weight = ranges.index(name), _weight(weights)
    return not elements or weight > 0


@functools.lru_cache(maxsize=256)
def _weights(accept_encoding: bytes) -> dict[Coding, float]:
    """Return the weight of each coding, 0 where it is refused or not named."""
    named: dict[str, float] = {}
    for element in accept_encoding.decode("latin-1").split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        weight = _weight(parameters)
        name = name.lower().removeprefix("x-")
        if name:
            named[name] = weight
    # Whatever is not named or refused is acceptable as it is, but liked least.
    identity = named.get("identity", 0.0001 if named.get("*", 1) > 0 else 0.0)
    others = named.get("*", 0.0)
    weights = {coding: named.get(coding, others) for coding in Coding}
    return {**weights, Coding.IDENTITY: identity}


def _weight(parameters: list[str]) -> float:
    """Return the last of the weights; 1 without any, and 0 for what is none."""
    weight = 1.0
    for parameter in parameters:
        match = _WEIGHT.fullmatch(parameter)
        weight = float(match[1]) if match else 0.0
    return weight
