"""
Documents made ready: parsed, within the limits, and valid; once for each text.

Persisted ones are known by their SHA-256 from then on, as appendix A of GraphQL over
HTTP has it: who sends `documentId` with `query` persists it, and then `documentId` does.
They are in Redis too, where there is one, so that every gateway knows them.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from graphql import (
    DocumentNode,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    specified_rules,
    validate,
)

from tantrum_gateway import metrics, problems
from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.graphql import limits
from tantrum_gateway.graphql.failures import LimitError, RequestError, exceeded, malformed
from tantrum_gateway.graphql.limits import Fragments, Limits
from tantrum_gateway.graphql.schema import CORE
from tantrum_gateway.l2 import ReplyStore
from tantrum_gateway.reads import Reply

T = TypeVar("T")

_ID_PREFIX: Final = "sha256:"
_ID: Final = re.compile(_ID_PREFIX + "[0-9a-f]{64}")
_KEY: Final = "graphql-document "
"""Before an id, where Redis has answers to paths besides."""

_SHARED_SECONDS: Final = 30 * 86_400.0
_READY_SIZE_BYTES: Final = 262_144
"""Of text; what is parsed takes some 30 times as much."""
_MAX_ERRORS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that can be executed."""

    node: DocumentNode
    operations: dict[str, OperationDefinitionNode]
    fragments: Fragments

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """
        Return the operation that is meant.

        Raises:
            RequestError: none is, or the name is needed.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise RequestError(problems.INVALID_DOCUMENT, "`operationName` must say which is meant")
        if name not in self.operations:
            raise RequestError(problems.INVALID_DOCUMENT, "there is no operation of that name")
        return self.operations[name]


class Recent(Generic[T]):
    """Keeps what was used last, within a bound on the *size_bytes* of their texts."""

    def __init__(self, *, size_bytes: int) -> None:
        self._bound_bytes = size_bytes
        self._size_bytes = 0
        self._kept: OrderedDict[str, tuple[int, T]] = OrderedDict()

    def get(self, key: str) -> T | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: str, value: T, *, size_bytes: int) -> None:
        if key in self._kept:
            self._size_bytes -= self._kept[key][0]
        self._kept[key] = size_bytes, value
        self._kept.move_to_end(key)
        self._size_bytes += size_bytes
        while self._size_bytes > self._bound_bytes:
            _, (size_bytes, _) = self._kept.popitem(last=False)
            self._size_bytes -= size_bytes


class Documents:
    """Makes documents ready, and remembers them."""

    def __init__(
        self,
        *,
        limits: Limits,
        introspection: bool,
        suggestions: bool,
        persisted_size_bytes: int,
        shared: ReplyStore,
    ) -> None:
        self._limits = limits
        self._suggestions = suggestions
        self._rules = [
            *specified_rules,
            *([] if introspection else [NoSchemaIntrospectionCustomRule]),
        ]
        self._ready: Recent[Document] = Recent(size_bytes=_READY_SIZE_BYTES)
        self._persisted: Recent[str] = Recent(size_bytes=persisted_size_bytes)
        self._shared = shared

    async def text(self, document_id: str | None, query: str | None) -> str:
        """
        Return the text that is meant, and persist it where both are given.

        Raises:
            RequestError: it is not known, or not the one with that id, or not valid.
        """
        if document_id is None:
            if query is None:
                raise malformed("`query` or `documentId` is required")
            return query
        if query is None:
            text = self._persisted.get(document_id) or await self._shared_text(document_id)
            if text is None:
                raise RequestError(
                    problems.UNKNOWN_DOCUMENT,
                    "no document has this `documentId`; send it with `query` once",
                )
            return text
        if document_id != id_of(query):
            raise malformed("`documentId` is not `sha256:` and the SHA-256 of `query` in hex")
        self.ready(query)
        if self._persisted.get(document_id) is None:
            reply = Reply(body=query.encode(), catalog_revision=0, depends=Dependencies())
            self._shared.put(_KEY + document_id, reply, fresh_seconds=_SHARED_SECONDS)
            self._persist(document_id, query)
        return query

    async def _shared_text(self, document_id: str) -> str | None:
        """Return what was persisted at another gateway, if it is still known."""
        if not _ID.fullmatch(document_id):
            return None
        stored = await self._shared.get(_KEY + document_id)
        if stored is None:
            return None
        metrics.L2_LOOKUPS_HIT.inc()
        text = stored.reply.body.decode()
        if id_of(text) != document_id:
            return None  # damaged: nobody else can have written it
        self._persist(document_id, text)
        return text

    def _persist(self, document_id: str, text: str) -> None:
        self._persisted.put(document_id, text, size_bytes=len(text.encode()))

    def ready(self, text: str) -> Document:
        """
        Return the document of a text.

        Raises:
            RequestError: it is none, or not valid, or over a limit.
        """
        key = id_of(text)
        document = self._ready.get(key)
        if document is None:
            document = self._made(text)
            self._ready.put(key, document, size_bytes=len(text.encode()))
        return document

    def _made(self, text: str) -> Document:
        try:
            node = limits.parsed(text, self._limits)
        except GraphQLSyntaxError as error:
            raise RequestError(problems.INVALID_DOCUMENT, [error]) from error
        except LimitError as error:
            raise exceeded(error) from error
        operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
        for operation in operations:
            if operation.operation is not OperationType.QUERY:
                raise RequestError(
                    problems.INVALID_DOCUMENT,
                    f"there is no {operation.operation.value}: the schema only has queries",
                    more={"operation": operation.operation.value},
                )
        errors = validate(
            CORE,
            node,
            self._rules,
            max_errors=_MAX_ERRORS,
            hide_suggestions=not self._suggestions,
        )
        if errors:
            raise RequestError(problems.INVALID_DOCUMENT, errors)
        return Document(
            node=node,
            operations={one.name.value if one.name else "": one for one in operations},
            fragments=limits.fragments_of(node),
        )


def id_of(text: str) -> str:
    """Return the `documentId` of a text."""
    return _ID_PREFIX + hashlib.sha256(text.encode()).hexdigest()
