"""
Sessions: that an editor is signed in, for a while.

A session ends when it was not used for a while, when it is old, when its editor ends it or
sets a password, and when the editor is made inactive. Every reader asks the store, so what
has ended has ended everywhere at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NewType, Protocol

from tantrum_kit import errors

from tantrum_catalog.domain import actor
from tantrum_catalog.domain.editor import Editor, EditorId
from tantrum_catalog.domain.editors import Editors
from tantrum_catalog.domain.tokens import check_digest, digest_of, new_token

SessionId = NewType("SessionId", int)

PER_EDITOR_MAX: Final = 20

USE_NOTED_EVERY: Final = dt.timedelta(minutes=1)
"""So that a page of many requests is one write."""

_USER_AGENT_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long sessions last. Each end is exclusive."""

    idle: dt.timedelta = dt.timedelta(hours=2)
    """Without being used."""
    absolute: dt.timedelta = dt.timedelta(days=1)
    """In any case."""

    def begun_after(self, now: dt.datetime) -> dt.datetime:
        """Return the time after which a session has to have begun to last still."""
        return now - self.absolute

    def used_after(self, now: dt.datetime) -> dt.datetime:
        """As `begun_after`, of the last use."""
        return now - self.idle


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A time that an editor is signed in for."""

    id: SessionId
    editor: Editor
    create_time: dt.datetime
    use_time: dt.datetime
    """Up to `USE_NOTED_EVERY` late."""
    user_agent: str

    def expire_time(self, lifetime: Lifetime) -> dt.datetime:
        """Return when it ends if it is not used any more."""
        return min(self.create_time + lifetime.absolute, self.use_time + lifetime.idle)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that has just begun, and the token that proves it."""

    session: Session
    token: str


class SessionEndedError(errors.UnauthenticatedError):
    reason = "SESSION_ENDED"

    def __init__(self) -> None:
        super().__init__("the session has ended")


class SessionNotFoundError(errors.NotFoundError):
    reason = "SESSION_NOT_FOUND"

    def __init__(self, session_id: int) -> None:
        super().__init__(f"no session {session_id}", session=session_id)


class SessionStore(Protocol):
    """
    Keeps sessions by the digest of their tokens.

    Those that are over by *lifetime*, or whose editor is not active, are as if they
    were not there. Every method may raise `UnavailableError` and is atomic.
    """

    async def begin(
        self,
        editor_id: EditorId,
        *,
        digest: bytes,
        user_agent: str,
        now: dt.datetime,
        lifetime: Lifetime,
    ) -> Session:
        """
        Begin a session, and note it in the audit log.

        With it the editor has `PER_EDITOR_MAX` at most: the one that was not used for
        longest ends. Raises `EditorInactiveError`.
        """

    async def use(self, digest: bytes, *, now: dt.datetime, lifetime: Lifetime) -> Session | None:
        """Return the session, and note the time of use if `USE_NOTED_EVERY` has passed."""

    async def listed(
        self, editor_id: EditorId, *, now: dt.datetime, lifetime: Lifetime
    ) -> list[Session]:
        """An editor's sessions, the last used first."""

    async def end(self, digest: bytes) -> None:
        """End the session if there is one."""

    async def end_by_id(self, editor_id: EditorId, session_id: SessionId) -> bool:
        """End one of an editor's sessions; false if there is none."""

    async def end_others(self, editor_id: EditorId, *, keep: SessionId | None) -> int:
        """End all of an editor's sessions but *keep*, and return how many."""


class Sessions:
    """Signs editors in and out. Safe to share."""

    def __init__(
        self,
        store: SessionStore,
        editors: Editors,
        *,
        lifetime: Lifetime,
        now: Callable[[], dt.datetime],
    ) -> None:
        self.lifetime = lifetime
        self._store = store
        self._editors = editors
        self._now = now

    async def sign_in(
        self, email: str, password: str, *, client_address: str, user_agent: str
    ) -> NewSession:
        """Begin a session for whom e-mail and password prove; raises as `Editors.sign_in`."""
        editor = await self._editors.sign_in(email, password, client_address=client_address)
        return await self._begun(editor, user_agent)

    async def change_password(
        self, *, email: str, current: str, new: str, client_address: str, user_agent: str
    ) -> NewSession:
        """Set a new password, and begin a session in place of all others."""
        editor = await self._editors.change_password(
            email=email, current=current, new=new, client_address=client_address
        )
        return await self._begun(editor, user_agent)

    async def sign_out(self, digest: bytes) -> None:
        check_digest(digest, field="token_digest")
        await self._store.end(digest)

    async def get(self, digest: bytes) -> Session:
        """Return the session of a token, and note its use. Raises `SessionEndedError`."""
        check_digest(digest, field="token_digest")
        session = await self._store.use(digest, now=self._now(), lifetime=self.lifetime)
        if session is None:
            raise SessionEndedError
        return session

    async def listed(self, editor_id: EditorId) -> list[Session]:
        """Return an editor's sessions, the last used first."""
        return await self._store.listed(editor_id, now=self._now(), lifetime=self.lifetime)

    async def end(self, editor_id: EditorId, session_id: SessionId) -> None:
        """End one of an editor's sessions. Raises `SessionNotFoundError`."""
        if not await self._store.end_by_id(editor_id, session_id):
            raise SessionNotFoundError(session_id)

    async def end_others(self, editor_id: EditorId, *, keep: SessionId | None) -> int:
        """End all of an editor's sessions but *keep*, and return how many."""
        return await self._store.end_others(editor_id, keep=keep)

    async def _begun(self, editor: Editor, user_agent: str) -> NewSession:
        token = new_token()
        printable = "".join(c for c in user_agent if c.isprintable())
        with actor.acting_as(editor.id):
            session = await self._store.begin(
                editor.id,
                digest=digest_of(token),
                user_agent=printable[:_USER_AGENT_CHARACTERS_MAX],
                now=self._now(),
                lifetime=self.lifetime,
            )
        return NewSession(session=session, token=token)
