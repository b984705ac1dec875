"""
Who calls: what the metadata of a call says about it, and how far that is believed.

A caller that writes, or that asks about editors, proves by the shared credential that it is
one of our services; then it is believed when it says for which editor. Where the server has
no credential, on a machine of one's own, everybody may write as a service, and nobody as an
editor.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from tantrum_kit.errors import InvalidInputError, UnauthenticatedError

from tantrum_catalog.domain.actor import Actor, ActorKind, acting
from tantrum_catalog.domain.editor import EditorId

CREDENTIAL_KEY: Final = "x-service-credential"
EDITOR_KEY: Final = "x-editor-id"
API_TOKEN_KEY: Final = "x-api-token-id"  # noqa: S105 - a name
REQUEST_KEY: Final = "x-request-id"

_REQUEST_ID_CHARACTERS_MAX: Final = 200
_ID_DIGITS_MAX: Final = 9

_CATALOG: Final = "tvtantrum.catalog.v1.CatalogService/"
_READS: Final = tuple(
    _CATALOG + verb for verb in ("Get", "BatchGet", "BatchRead", "List", "Preview", "Watch")
)


class ServiceCredentialError(UnauthenticatedError):
    """The call needs the credential that the services share."""

    reason = "SERVICE_CREDENTIAL"

    def __init__(self) -> None:
        super().__init__("the call does not carry this server's service credential")


class Callers:
    """Knows callers by *credential*; an empty one means that there is none."""

    def __init__(self, credential: str) -> None:
        self._digest = hashlib.sha256(credential.encode()).digest() if credential else None

    def acting(
        self, method: str, metadata: Mapping[str, str | bytes]
    ) -> contextlib.AbstractContextManager[None]:
        """
        Let the caller of *method* (`package.Service/Method`) act for the body's time.

        Reads of the catalogue need nothing. Raises `ServiceCredentialError`, and
        `InvalidInputError` when an id is none.
        """
        if method.startswith(_READS):
            return contextlib.nullcontext()
        return acting(self.actor_of(metadata))

    def actor_of(self, metadata: Mapping[str, str | bytes]) -> Actor:
        """Return who writes. Raises as `acting`."""
        editor_id = _id_of(metadata, EDITOR_KEY)
        if self._digest is None:
            if editor_id is not None:
                raise ServiceCredentialError
        elif not hmac.compare_digest(self._digest, _digest_of(metadata.get(CREDENTIAL_KEY, ""))):
            raise ServiceCredentialError
        request_id = str(metadata.get(REQUEST_KEY, ""))[:_REQUEST_ID_CHARACTERS_MAX]
        if editor_id is None:
            return Actor(kind=ActorKind.SERVICE, request_id=request_id)
        return Actor(
            kind=ActorKind.EDITOR,
            editor_id=EditorId(editor_id),
            api_token_id=_id_of(metadata, API_TOKEN_KEY),
            request_id=request_id,
        )


def _digest_of(credential: str | bytes) -> bytes:
    given = credential.encode() if isinstance(credential, str) else credential
    return hashlib.sha256(given).digest()


def _id_of(metadata: Mapping[str, str | bytes], key: str) -> int | None:
    text = metadata.get(key)
    if text is None:
        return None
    if not (isinstance(text, str) and text.isdecimal() and len(text) <= _ID_DIGITS_MAX):
        raise InvalidInputError.of(key, "must be a number")
    return int(text)
