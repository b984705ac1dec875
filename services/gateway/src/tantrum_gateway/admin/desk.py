"""Calls to the catalogue in an editor's name, with the credential that the services share."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

import structlog
from tantrum_kit import errors

from tantrum_gateway.upstreams import Method, ResponseT, Upstreams, call

log = structlog.get_logger()

_CREDENTIAL_REFUSED: Final = "SERVICE_CREDENTIAL"


class Desk:
    """Where editing calls leave from."""

    def __init__(
        self,
        upstreams: Upstreams,
        *,
        service_credential: str,
        editor_id: int = 0,
        api_token_id: int = 0,
    ) -> None:
        self.upstreams = upstreams
        self.editor_id = editor_id
        """0 where nobody is signed in."""
        self._service_credential = service_credential
        self._metadata = [("x-service-credential", service_credential)]
        if editor_id:
            self._metadata.append(("x-editor-id", str(editor_id)))
        if api_token_id:
            self._metadata.append(("x-api-token-id", str(api_token_id)))

    def of_editor(self, editor_id: int, *, api_token_id: int = 0) -> Desk:
        """Return the desk of an editor, who writes by an API token unless that is 0."""
        return Desk(
            self.upstreams,
            service_credential=self._service_credential,
            editor_id=editor_id,
            api_token_id=api_token_id,
        )

    async def ask(self, method: Method[ResponseT], request: Any) -> ResponseT:
        """Return the catalogue's answer. Raises as `upstreams.call` does."""

        def in_name(
            request: Any, *, timeout: float | None = None, metadata: Any = None
        ) -> Awaitable[ResponseT]:
            return method(request, timeout=timeout, metadata=(*metadata, *self._metadata))

        try:
            return await call("catalog", in_name, request)
        except errors.UnauthenticatedError as error:
            if error.reason == _CREDENTIAL_REFUSED:
                # It is us whom the catalogue does not know: signing in would not help.
                log.error("service_credential_refused")  # noqa: TRY400 - says it all
                raise errors.UnavailableError("Editing does not work just now.") from error
            raise
