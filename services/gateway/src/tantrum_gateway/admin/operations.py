"""What an operation of the admin API is: one method of one path, from which all follows."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tantrum_kit import errors
from tvtantrum.catalog.v1 import editor_pb2

from tantrum_gateway import resources
from tantrum_gateway.admin.desk import Desk
from tantrum_gateway.admin.identities import Caller, Identities, Identity
from tantrum_gateway.admin.inputs import Input
from tantrum_gateway.admin.preconditions import IfMatch
from tantrum_gateway.admin.proof import Proof
from tantrum_gateway.endpoints import ENDPOINTS
from tantrum_gateway.parameters import Parameter
from tantrum_gateway.queries import Arguments

PREFIX: Final = "/v1/admin"

READ: Final = editor_pb2.API_TOKEN_SCOPE_READ
SHOWS: Final = editor_pb2.API_TOKEN_SCOPE_SHOWS_WRITE
CATEGORIES: Final = editor_pb2.API_TOKEN_SCOPE_CATEGORIES_WRITE
RESEARCH: Final = editor_pb2.API_TOKEN_SCOPE_RESEARCH_WRITE
VOCABULARIES: Final = editor_pb2.API_TOKEN_SCOPE_VOCABULARIES_WRITE

_MAX_ID: Final = 2**31 - 1
_PUBLIC: Final = {endpoint.path: endpoint.parameters for endpoint in ENDPOINTS}

PAGED: Final = _PUBLIC["/v1/themes"]
"""The two parameters of every list that comes in pages."""

LISTED_SHOWS: Final = tuple(one for one in _PUBLIC["/v1/shows"] if one.name != "fields")
LISTED_RESEARCH: Final = _PUBLIC["/v1/research"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """What tells a repetition from another request."""

    key: str
    digest: bytes
    """SHA-256 of method, path and body."""

    def request_key(self, editor_id: int) -> str:
        """Return a name for the request that no other editor's has."""
        return hashlib.sha256(f"{editor_id} {self.key}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that may be done, with all that it says."""

    desk: Desk
    identities: Identities
    caller: Caller | None
    """None where nobody need be signed in."""
    arguments: Arguments
    key: str
    """What stands in the path for its `{…}`."""
    values: dict[str, Any]
    """What the body gives a value to, by path of Python names; see `bodies.values_of`."""
    body: Any
    """The body as the operation's shape, or its bytes; None where it is a merge patch."""
    if_match: IfMatch
    """What a guarded write needs; anything elsewhere."""
    min_revision: int
    """No answer may be made at an older revision of the catalogue."""
    idempotency: Idempotency | None
    """Of a create that may be repeated."""
    client_address: str
    user_agent: str

    @property
    def identity(self) -> Identity:
        """Who asks."""
        assert self.caller is not None  # noqa: S101 - for the type checker
        return self.caller.identity

    @property
    def proof(self) -> Proof:
        """What proves who asks."""
        assert self.caller is not None  # noqa: S101 - for the type checker
        return self.caller.proof

    @property
    def editor_id(self) -> int:
        """Number of the editor who asks."""
        return self.identity.editor.id

    @property
    def request_key(self) -> str:
        """By which the catalogue itself knows a repeated create; empty where it is none."""
        return "" if self.idempotency is None else self.idempotency.request_key(self.editor_id)

    @property
    def id(self) -> int:
        """The number that the path names. Raises `NotFoundError` if it is none."""
        if not (self.key.isascii() and self.key.isdigit() and 1 <= int(self.key[:20]) <= _MAX_ID):
            raise errors.NotFoundError("Nothing is at this address.")
        return int(self.key)

    @property
    def page(self) -> dict[str, Any]:
        """The fields of a request for a page."""
        return {
            "page_size": self.arguments.get("pageSize", 20),
            "page_token": self.arguments.get("pageToken", ""),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a call."""

    answer: resources.Resource | None = None
    """None for nothing to tell."""
    tag: str = ""
    """Of the resource that the answer is, mostly its revision; empty where it has none."""
    catalog_revision: int = 0
    """Where the call was about the catalogue: at which revision of it."""
    location: str = ""
    """Path of what was made."""
    session_token: str | None = None
    """For the cookie; empty to end it, None to leave it as it is."""
    repeatable_answer: resources.Resource | None = None
    """What a repetition is answered with, where *answer* has a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Below `PREFIX`."""
    name: str = ""
    """The name of `run` unless that is shared."""
    summary: str
    tag: str
    run: Callable[[Call], Awaitable[Outcome]]
    answer: type[resources.Resource] | None = None
    status: int = 200
    scope: editor_pb2.ApiTokenScope.ValueType | None = None
    """What an API token needs for it; None where it takes a person."""
    open_to_all: bool = False
    """Whether nobody need be signed in."""
    by_any_token: bool = False
    """Whether an API token needs no scope for it."""
    parameters: Sequence[Parameter] = ()
    body: type[Input] | None = None
    uploads: bool = False
    """Whether the body is a picture."""
    guarded: bool = False
    """Whether it needs `If-Match`."""
    keyed: bool = field(init=False)
    """Whether it may be repeated under an `Idempotency-Key`."""

    def __post_init__(self) -> None:
        if not self.name:
            head, *rest = self.run.__name__.split("_")
            object.__setattr__(self, "name", head + "".join(map(str.capitalize, rest)))
        object.__setattr__(self, "keyed", self.status == 201 and not self.open_to_all)  # noqa: PLR2004

    @property
    def key_name(self) -> str:
        """Name of what stands in the path between braces; empty where nothing does."""
        return self.path.partition("{")[2].partition("}")[0]
