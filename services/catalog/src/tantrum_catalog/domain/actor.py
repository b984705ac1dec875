"""
Who writes: known for as long as a call is served, and read where the write is logged.

It travels beside the arguments, as the call's deadline does: no use case decides anything
by it, and one that forgot to pass it on would write without a name in the audit log.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tantrum_catalog.domain.editor import EditorId


class ActorKind(StrEnum):
    """A kind of writer."""

    EDITOR = "editor"
    SERVICE = "service"
    """A service, of its own accord."""
    COMMAND = "command"
    """A command on the server's command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who writes, and by what request."""

    kind: ActorKind
    editor_id: EditorId | None = None
    """Of an editor, and of nobody else."""
    api_token_id: int | None = None
    """By which the editor writes; None by a session."""
    request_id: str = ""


_COMMAND: Final = Actor(kind=ActorKind.COMMAND)

# Only a call has somebody behind it; what is not in one is a command.
_current: Final = contextvars.ContextVar("actor", default=_COMMAND)


def current() -> Actor:
    """Return who writes just now."""
    return _current.get()


@contextlib.contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Let *actor* write for the body's time."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


def acting_as(editor_id: EditorId) -> contextlib.AbstractContextManager[None]:
    """Let an editor, who has just proven to be one, write for the body's time."""
    return acting(
        Actor(kind=ActorKind.EDITOR, editor_id=editor_id, request_id=current().request_id)
    )
