"""
Who stands behind a session's or an API token's text, asked of the catalogue and kept for
a moment.

So a session that another gateway ended is good here for as long as the setting says, and
one that this gateway ended is good no more, not even where the answer to an older question
about it comes in later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tvtantrum.catalog.v1 import editor_pb2
from tvtantrum.catalog.v1 import editor_service_pb2 as pb

from tantrum_gateway.admin.desk import Desk
from tantrum_gateway.admin.proof import Key, Proof

_KEPT_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An editor who asks: in person during a session, or by an API token."""

    editor: editor_pb2.Editor
    session: editor_pb2.Session | None = None
    api_token: editor_pb2.ApiToken | None = None

    @property
    def key(self) -> str:
        """What a rate is limited by."""
        if self.session is not None:
            return f"session:{self.session.id}"
        return f"api-token:{self.api_token.id if self.api_token else 0}"

    def may(self, scope: editor_pb2.ApiTokenScope.ValueType | None) -> bool:
        """Say whether it reaches what needs *scope*; None is what takes a person."""
        return self.api_token is None or scope in self.api_token.scopes


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity with what proved it."""

    identity: Identity
    proof: Proof


class Identities:
    """Finds identities by what proves them. To be used on one event loop."""

    def __init__(
        self, desk: Desk, *, ttl_seconds: float, now_monotonic: Callable[[], float]
    ) -> None:
        self._desk = desk
        self._ttl_seconds = ttl_seconds
        self._now_monotonic = now_monotonic
        self._kept: dict[Key, tuple[Identity, float]] = {}
        """With the time until which it is good; the longest kept first."""
        self._forgotten = 0

    async def caller(self, proof: Proof) -> Caller:
        """
        Return whom *proof* is of.

        Raises:
            UnauthenticatedError: nobody, or nobody any more.
        """
        now_monotonic = self._now_monotonic()
        kept = self._kept.get(proof.key)
        if kept is not None and now_monotonic < kept[1]:
            return Caller(kept[0], proof)
        forgotten = self._forgotten
        identity = await self._asked(proof)
        if forgotten == self._forgotten and self._ttl_seconds:
            self._keep(proof.key, identity, until_monotonic=now_monotonic + self._ttl_seconds)
        return Caller(identity, proof)

    def forget(self, proof: Proof) -> None:
        """Ask anew about *proof* from now on."""
        self._forgotten += 1
        self._kept.pop(proof.key, None)

    def forget_editor(self, editor_id: int) -> None:
        """Ask anew about every session and API token of an editor."""
        self._forgotten += 1
        self._kept = {
            key: kept for key, kept in self._kept.items() if kept[0].editor.id != editor_id
        }

    async def _asked(self, proof: Proof) -> Identity:
        stub = self._desk.upstreams.editors
        if proof.kind == "session":
            found = await self._desk.ask(
                stub.GetSession, pb.GetSessionRequest(token_digest=proof.digest)
            )
            return Identity(editor=found.session.editor, session=found.session)
        token = await self._desk.ask(
            stub.GetApiToken, pb.GetApiTokenRequest(token_digest=proof.digest)
        )
        return Identity(editor=token.editor, api_token=token.api_token)

    def _keep(self, key: Key, identity: Identity, *, until_monotonic: float) -> None:
        self._kept.pop(key, None)
        if len(self._kept) >= _KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (identity, until_monotonic)
