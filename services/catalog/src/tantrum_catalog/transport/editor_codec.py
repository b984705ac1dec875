"""Editors, sessions and API tokens between protos and the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from tantrum_kit.errors import InvalidInputError
from tvtantrum.catalog.v1 import editor_pb2 as pb

from tantrum_catalog.domain.api_tokens import ApiToken, Scope
from tantrum_catalog.domain.editor import Editor
from tantrum_catalog.domain.sessions import Lifetime, Session
from tantrum_catalog.transport.codec import masked, timestamp_of

_SCOPE: Final[Mapping[Scope, pb.ApiTokenScope.ValueType]] = {
    Scope.READ: pb.API_TOKEN_SCOPE_READ,
    Scope.SHOWS_WRITE: pb.API_TOKEN_SCOPE_SHOWS_WRITE,
    Scope.CATEGORIES_WRITE: pb.API_TOKEN_SCOPE_CATEGORIES_WRITE,
    Scope.RESEARCH_WRITE: pb.API_TOKEN_SCOPE_RESEARCH_WRITE,
    Scope.VOCABULARIES_WRITE: pb.API_TOKEN_SCOPE_VOCABULARIES_WRITE,
}
_SCOPE_BY_VALUE: Final = {value: scope for scope, value in _SCOPE.items()}


def editor_to_proto(editor: Editor) -> pb.Editor:
    """Return an editor, without what proves the password."""
    return pb.Editor(
        id=editor.id,
        email=editor.email,
        name=editor.name,
        create_time=timestamp_of(editor.create_time),
        password_time=timestamp_of(editor.password_time),
        active=editor.active,
        revision=editor.revision,
    )


def editor_change_of(editor: pb.Editor, mask: FieldMask) -> Callable[[Editor], Editor]:
    """Return the change that an update asks for. Raises `InvalidInputError`."""
    decoders: dict[str, Callable[[Any], object]] = {
        "email": lambda message: message.email,
        "name": lambda message: message.name,
        "active": lambda message: message.active,
    }
    return masked(editor, mask, resource="editor", decoders=decoders)


def session_to_proto(session: Session, lifetime: Lifetime) -> pb.Session:
    """Return a session, without what proves it."""
    return pb.Session(
        id=session.id,
        editor=editor_to_proto(session.editor),
        create_time=timestamp_of(session.create_time),
        use_time=timestamp_of(session.use_time),
        expire_time=timestamp_of(session.expire_time(lifetime)),
        user_agent=session.user_agent,
    )


def api_token_to_proto(token: ApiToken) -> pb.ApiToken:
    """Return an API token, without the secret."""
    return pb.ApiToken(
        id=token.id,
        editor_id=token.editor_id,
        name=token.facts.name,
        scopes=[_SCOPE[scope] for scope in token.facts.scopes],
        prefix=token.prefix,
        create_time=timestamp_of(token.create_time),
        expire_time=timestamp_of(token.facts.expire_time),
        use_time=None if token.use_time is None else timestamp_of(token.use_time),
    )


def scopes_of(values: Iterable[pb.ApiTokenScope.ValueType]) -> list[Scope]:
    """Read scopes. Raises `InvalidInputError`."""
    scopes = [_SCOPE_BY_VALUE.get(value) for value in values]
    if None in scopes:
        raise InvalidInputError.of("scopes", "names a scope that does not exist")
    return [scope for scope in scopes if scope is not None]
