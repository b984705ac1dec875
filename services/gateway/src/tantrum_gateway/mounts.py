"""Applications that answer whole subtrees of paths with code of their own: Starlette's, mostly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from tantrum_gateway import security
from tantrum_gateway.answers import Headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""
Answers all methods of all paths that it is mounted at, and may read bodies.

What it raises before it has begun to answer becomes a problem, as everywhere. It may
put the template of the route that it found into `scope["route_template"]`, for the metrics.
"""


class Mounts:
    """Finds applications by path."""

    def __init__(self, application_by_prefix: Mapping[str, Application]) -> None:
        self._application_by_prefix = dict(application_by_prefix)

    def at(self, path: str) -> tuple[str, Application] | None:
        """Return what is mounted at *path* or above it, with the prefix of that."""
        for prefix, application in self._application_by_prefix.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return prefix, application
        return None


class Passage:
    """
    What a mounted application gets: its answer gains headers, and its status is seen.

    Once the request is *refused* nothing of an answer goes through: the refusal is the answer.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        headers: Callable[[], Headers],
        refused: Callable[[], bool],
    ) -> None:
        self.scope = scope
        self.receive = receive
        self._send = send
        self._headers = headers
        self._refused = refused
        self.status = 0
        """0 until the answer has begun."""

    async def send(self, event: MutableMapping[str, Any]) -> None:
        if self._refused() and not self.status:
            return
        if event["type"] == "http.response.start":
            self.status = event["status"]
            own = [(bytes(name).lower(), value) for name, value in event.get("headers", ())]
            event = {**event, "headers": security.merged(own, self._headers())}
        await self._send(event)
