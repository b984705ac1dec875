"""Sessions and API tokens in memory."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

from tantrum_catalog.domain import api_tokens, sessions
from tantrum_catalog.domain.api_tokens import (
    ApiToken,
    ApiTokenFacts,
    ApiTokenId,
    TooManyApiTokensError,
)
from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.editor import (
    Editor,
    EditorId,
    EditorInactiveError,
    EditorNotFoundError,
)
from tantrum_catalog.domain.sessions import Lifetime, Session, SessionId
from tantrum_catalog.storage.memory_editors import MemoryAccess


class MemorySessionStore:
    """A `SessionStore` that no method of awaits in, so each is atomic."""

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access
        self._ids = itertools.count(1)

    async def begin(
        self,
        editor_id: EditorId,
        *,
        digest: bytes,
        user_agent: str,
        now: dt.datetime,
        lifetime: Lifetime,
    ) -> Session:
        editor = self._access.audit.editors.get(editor_id)
        if editor is None or not editor.active:
            raise EditorInactiveError
        self._access.audit.require_writer()
        for last_used in self._live(editor_id, now, lifetime)[sessions.PER_EDITOR_MAX - 1 :]:
            await self.end_by_id(editor_id, last_used.id)
        session = Session(
            id=SessionId(next(self._ids)),
            editor=editor,
            create_time=now,
            use_time=now,
            user_agent=user_agent,
        )
        self._access.session_by_digest[digest] = session
        record = record_of(AuditAction.SIGN_IN, after=editor)
        self._access.audit.append([record], time=now)
        return session

    async def use(self, digest: bytes, *, now: dt.datetime, lifetime: Lifetime) -> Session | None:
        session = self._access.session_by_digest.get(digest)
        if session is None or session.expire_time(lifetime) <= now:
            return None
        if session.use_time <= now - sessions.USE_NOTED_EVERY:
            used = dataclasses.replace(session, use_time=now)
            self._access.session_by_digest[digest] = used
        return self._present(session)

    async def listed(
        self, editor_id: EditorId, *, now: dt.datetime, lifetime: Lifetime
    ) -> list[Session]:
        return [self._present(session) for session in self._live(editor_id, now, lifetime)]

    async def end(self, digest: bytes) -> None:
        self._access.session_by_digest.pop(digest, None)

    async def end_by_id(self, editor_id: EditorId, session_id: SessionId) -> bool:
        for digest, session in self._access.session_by_digest.items():
            if session.id == session_id and session.editor.id == editor_id:
                del self._access.session_by_digest[digest]
                return True
        return False

    async def end_others(self, editor_id: EditorId, *, keep: SessionId | None) -> int:
        ended = [
            digest
            for digest, session in self._access.session_by_digest.items()
            if session.editor.id == editor_id and session.id != keep
        ]
        for digest in ended:
            del self._access.session_by_digest[digest]
        return len(ended)

    def _live(self, editor_id: EditorId, now: dt.datetime, lifetime: Lifetime) -> list[Session]:
        """Return an editor's sessions, the last used first."""
        live = [
            session
            for session in self._access.session_by_digest.values()
            if session.editor.id == editor_id and session.expire_time(lifetime) > now
        ]
        return sorted(live, key=lambda session: (session.use_time, session.id), reverse=True)

    def _present(self, session: Session) -> Session:
        """Return a session with its editor as that is now; inactive ones have none."""
        return dataclasses.replace(session, editor=self._access.audit.editors[session.editor.id])


class MemoryApiTokenStore:
    """An `ApiTokenStore` that no method of awaits in, so each is atomic."""

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access
        self._ids = itertools.count(1)

    async def add(
        self,
        editor_id: EditorId,
        facts: ApiTokenFacts,
        *,
        digest: bytes,
        prefix: str,
        now: dt.datetime,
    ) -> ApiToken:
        self._access.audit.require_writer()
        if editor_id not in self._access.audit.editors:
            raise EditorNotFoundError(editor_id)
        if len(await self.listed(editor_id, now=now)) >= api_tokens.PER_EDITOR_MAX:
            raise TooManyApiTokensError
        token = ApiToken(
            id=ApiTokenId(next(self._ids)),
            editor_id=editor_id,
            facts=facts,
            prefix=prefix,
            create_time=now,
        )
        self._access.token_by_digest[digest] = token
        self._access.audit.append([record_of(AuditAction.CREATE, after=token)], time=now)
        return token

    async def listed(self, editor_id: EditorId, *, now: dt.datetime) -> list[ApiToken]:
        tokens = self._access.token_by_digest.values()
        mine = [
            token
            for token in tokens
            if token.editor_id == editor_id and token.facts.expire_time > now
        ]
        return sorted(mine, key=lambda token: token.id, reverse=True)

    async def revoke(self, editor_id: EditorId, token_id: ApiTokenId, *, now: dt.datetime) -> bool:
        self._access.audit.require_writer()
        for digest, token in self._access.token_by_digest.items():
            mine = token.id == token_id and token.editor_id == editor_id
            if mine and token.facts.expire_time > now:
                del self._access.token_by_digest[digest]
                self._access.audit.append([record_of(AuditAction.DELETE, before=token)], time=now)
                return True
        return False

    async def use(self, digest: bytes, *, now: dt.datetime) -> tuple[ApiToken, Editor] | None:
        token = self._access.token_by_digest.get(digest)
        if token is None or token.facts.expire_time <= now:
            return None
        editor = self._access.audit.editors[token.editor_id]
        if not editor.active:
            return None
        if token.use_time is None or token.use_time <= now - api_tokens.USE_NOTED_EVERY:
            used = dataclasses.replace(token, use_time=now)
            self._access.token_by_digest[digest] = used
        return token, editor
