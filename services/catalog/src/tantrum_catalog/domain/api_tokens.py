"""API tokens: what lets a program write as an editor, within scopes, until a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType, Protocol

from tantrum_kit import errors

from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.editor import Editor, EditorId
from tantrum_catalog.domain.tokens import check_digest, digest_of, new_token

ApiTokenId = NewType("ApiTokenId", int)

PREFIX: Final = "tvt_"
"""So that a token that leaks into a text can be told to be one."""

SHOWN_CHARACTERS: Final = len(PREFIX) + 6
"""Of a token, to tell it by: 36 of its 256 bits."""

PER_EDITOR_MAX: Final = 50

USE_NOTED_EVERY: Final = dt.timedelta(minutes=1)

_LIFETIME: Final = dt.timedelta(days=90)
_LIFETIME_MAX: Final = dt.timedelta(days=366)


class Scope(StrEnum):
    """What a program may do."""

    READ = "read"
    SHOWS_WRITE = "shows_write"
    CATEGORIES_WRITE = "categories_write"
    RESEARCH_WRITE = "research_write"
    VOCABULARIES_WRITE = "vocabularies_write"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenFacts:
    """What an editor wants of a token. Making one raises `InvalidInputError`."""

    name: str
    scopes: tuple[Scope, ...]
    """At least one, none twice."""
    expire_time: dt.datetime

    def __post_init__(self) -> None:
        checks = Checks("")
        checks.line("name", self.name, at_least=1, at_most=100)
        checks.require(bool(self.scopes), "scopes", "must name at least one")
        checks.require(len(set(self.scopes)) == len(self.scopes), "scopes", "must not repeat")
        checks.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token as it is stored, which is without the secret."""

    id: ApiTokenId
    editor_id: EditorId
    facts: ApiTokenFacts
    prefix: str
    create_time: dt.datetime
    use_time: dt.datetime | None = None
    """Up to `USE_NOTED_EVERY` late; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiToken:
    """A token that was just made, with its secret."""

    api_token: ApiToken
    token: str


class ApiTokenInvalidError(errors.UnauthenticatedError):
    reason = "API_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("the API token is not valid")


class ApiTokenNotFoundError(errors.NotFoundError):
    reason = "API_TOKEN_NOT_FOUND"

    def __init__(self, token_id: int) -> None:
        super().__init__(f"no API token {token_id}", api_token=token_id)


class TooManyApiTokensError(errors.PreconditionFailedError):
    reason = "TOO_MANY_API_TOKENS"

    def __init__(self) -> None:
        super().__init__(f"an editor has at most {PER_EDITOR_MAX} API tokens: revoke one first")


class ApiTokenStore(Protocol):
    """
    Keeps API tokens by their digests. What has expired is as if it were not there.

    Every method may raise `UnavailableError` and is atomic. Writes are in the audit
    log, and may raise `EditorInactiveError` about whoever writes.
    """

    async def add(
        self,
        editor_id: EditorId,
        facts: ApiTokenFacts,
        *,
        digest: bytes,
        prefix: str,
        now: dt.datetime,
    ) -> ApiToken:
        """Raises `EditorNotFoundError`, `TooManyApiTokensError`."""

    async def listed(self, editor_id: EditorId, *, now: dt.datetime) -> list[ApiToken]:
        """An editor's tokens, the newest first."""

    async def revoke(self, editor_id: EditorId, token_id: ApiTokenId, *, now: dt.datetime) -> bool:
        """Remove one of an editor's tokens; false if there is none."""

    async def use(self, digest: bytes, *, now: dt.datetime) -> tuple[ApiToken, Editor] | None:
        """
        Return the token with its editor, if active, and note the time of use if
        `USE_NOTED_EVERY` has passed.
        """


class ApiTokens:
    """What can be asked about API tokens. Safe to share."""

    def __init__(self, store: ApiTokenStore, *, now: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._now = now

    async def create(
        self,
        editor_id: EditorId,
        *,
        name: str,
        scopes: Sequence[Scope],
        expire_time: dt.datetime | None,
    ) -> NewApiToken:
        """
        Make a token; without an *expire_time* it lasts for 90 days.

        Raises `InvalidInputError`, `EditorNotFoundError`, `TooManyApiTokensError`.
        """
        now = self._now()
        expire_time = expire_time or now + _LIFETIME
        if not now < expire_time <= now + _LIFETIME_MAX:
            raise errors.InvalidInputError.of(
                "expire_time", "must be in the future, and at most a year ahead"
            )
        facts = ApiTokenFacts(name=name.strip(), scopes=tuple(scopes), expire_time=expire_time)
        token = new_token(PREFIX)
        made = await self._store.add(
            editor_id, facts, digest=digest_of(token), prefix=token[:SHOWN_CHARACTERS], now=now
        )
        return NewApiToken(api_token=made, token=token)

    async def listed(self, editor_id: EditorId) -> list[ApiToken]:
        """Return an editor's tokens, the newest first."""
        return await self._store.listed(editor_id, now=self._now())

    async def revoke(self, editor_id: EditorId, token_id: ApiTokenId) -> None:
        """Raises `ApiTokenNotFoundError`."""
        if not await self._store.revoke(editor_id, token_id, now=self._now()):
            raise ApiTokenNotFoundError(token_id)

    async def get(self, digest: bytes) -> tuple[ApiToken, Editor]:
        """Return a token with its editor, and note its use. Raises `ApiTokenInvalidError`."""
        check_digest(digest, field="token_digest")
        found = await self._store.use(digest, now=self._now())
        if found is None:
            raise ApiTokenInvalidError
        return found
