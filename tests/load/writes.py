"""An editor's writes through the edge: new shows, each with an idempotency key."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from .connections import Connections, MalformedAnswerError
from .outcomes import Written

_SHOWS: Final = "/v1/admin/shows"
_BUSY_SECONDS: Final = 0.5


class WriteError(Exception):
    """A write was not acknowledged; the text is the status and its words."""


class Editor:
    """Makes shows over *edge* by the API token *token*, and reads back what is there of them."""

    def __init__(self, edge: Connections, token: str) -> None:
        self._edge = edge
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._run = secrets.token_hex(4)
        self._count = 0

    async def create(self, *, timeout_seconds: float) -> Written:
        """Make another show. Raises `WriteError`."""
        self._count += 1
        name = f"Load {self._run} {self._count}"
        show = {
            "name": name,
            "description": "Made under load.",
            "ages": {"min": 3},
            "stimulation": 2,
        }
        headers = self._authorization | {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{name} once",
        }
        try:
            async with asyncio.timeout(timeout_seconds):
                answer = await self._edge.ask(
                    "POST", _SHOWS, headers=headers, body=json.dumps(show).encode()
                )
        except TimeoutError as error:
            raise WriteError("late") from error
        except (OSError, EOFError, MalformedAnswerError) as error:
            raise WriteError(f"{type(error).__name__}: {error}") from error
        if answer.status != 201:
            raise WriteError(f"status {answer.status}: {answer.text[:200]}")
        made = json.loads(answer.text)
        return Written(id=made["id"], slug=made["slug"], name=made["name"])

    async def kept(self) -> dict[int, str]:
        """
        Return the names by id of all that is there of what it made, as no cache has them.

        Asks again for as long as the catalogue has too much to do. Raises `WriteError`
        where they cannot be read, and what `Connections.ask` raises.
        """
        names: dict[int, str] = {}
        page_token = ""
        while True:
            query = {"q": f"Load {self._run} ", "pageSize": 100, "pageToken": page_token}
            answer = await self._edge.ask(
                "GET", f"{_SHOWS}?{urlencode(query)}", headers=self._authorization
            )
            if answer.status == 503:
                await asyncio.sleep(_BUSY_SECONDS)
                continue
            if answer.status != 200:
                raise WriteError(f"status {answer.status}: {answer.text[:200]}")
            page = json.loads(answer.text)
            names |= {show["id"]: show["name"] for show in page["shows"]}
            page_token = page["nextPageToken"]
            if not page_token:
                return names


async def complaint(written: Written, kept: Mapping[int, str], edge: Connections) -> str:
    """
    Look for *written* in what is *kept*, and as a visitor; return what is wrong, or nothing.

    Raises what `Connections.ask` raises.
    """
    if written.id not in kept:
        return f"{written.name}: the catalogue has lost it"
    if kept[written.id] != written.name:
        return f"{written.name}: the catalogue has {kept[written.id]!r} in its place"
    answer = await edge.get(f"/v1/shows/{written.slug}?fields=name")
    if answer.status != 200 or json.loads(answer.text) != {"name": written.name}:
        return f"{written.name}: a visitor got {answer.status}: {answer.text[:200]}"
    return ""
