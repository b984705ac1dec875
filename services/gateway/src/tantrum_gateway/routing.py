"""From a raw path to what answers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from tantrum_gateway.endpoints import Endpoint
from tantrum_gateway.queries import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An endpoint, with what stands in the path for its `{…}`."""

    endpoint: Endpoint
    key: str
    path: str
    """The path, written the one way that all spellings of it share."""


class Routes:
    """Finds endpoints by path."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._endpoint_by_path: dict[str, Endpoint] = {}
        self._templates: list[tuple[list[str], Endpoint]] = []
        for endpoint in endpoints:
            if "{" in endpoint.path:
                self._templates.append((endpoint.path.split("/"), endpoint))
            else:
                self._endpoint_by_path[endpoint.path] = endpoint

    def match(self, raw_path: bytes) -> Match | None:
        """Return what is at *raw_path*. Raises `ValueError` where that is no readable path."""
        segments = [decode(segment) for segment in raw_path.split(b"/")]
        path = "/".join(quote(segment, safe="") for segment in segments)
        exact = self._endpoint_by_path.get(path)
        if exact is not None:
            return Match(endpoint=exact, key="", path=path)
        for template, endpoint in self._templates:
            key = _key(template, segments)
            if key is not None:
                return Match(endpoint=endpoint, key=key, path=path)
        return None


def _key(template: list[str], segments: list[str]) -> str | None:
    if len(template) != len(segments):
        return None
    key = None
    for pattern, segment in zip(template, segments, strict=True):
        if pattern.startswith("{"):
            key = segment
        elif pattern != segment:
            return None
    return key or None
