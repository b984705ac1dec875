"""`/v1/admin` as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route, Router
from tantrum_kit import errors

from tantrum_gateway import problems
from tantrum_gateway.admin import (
    api_tokens,
    categories,
    editors,
    openapi,
    overview,
    research,
    sessions,
    shows,
    vocabularies,
)
from tantrum_gateway.admin.desk import Desk
from tantrum_gateway.admin.handling import Handling
from tantrum_gateway.admin.identities import Identities
from tantrum_gateway.admin.operations import PREFIX, Operation
from tantrum_gateway.admin.refusals import RefusalError
from tantrum_gateway.admin.replies import Reply, error_reply, refusal_reply
from tantrum_gateway.limits.limiter import Limiter
from tantrum_gateway.mounts import Application, Receive, Scope, Send
from tantrum_gateway.reads import JSON
from tantrum_gateway.upstreams import Upstreams

OPERATIONS: Final = (
    *sessions.OPERATIONS,
    *shows.OPERATIONS,
    *categories.OPERATIONS,
    *research.OPERATIONS,
    *vocabularies.OPERATIONS,
    *overview.OPERATIONS,
    *editors.OPERATIONS,
    *api_tokens.OPERATIONS,
)

_NO_CONTENT: Final = 204


def admin(
    upstreams: Upstreams,
    limiter: Limiter,
    *,
    service_credential: str,
    identity_ttl_seconds: float,
    timeout_seconds: float,
    revision: Callable[[], int],
    version: str,
    now_monotonic: Callable[[], float],
) -> Application:
    """
    Return the application, to be mounted at `PREFIX` and used on one event loop.

    *revision* says which revision of the catalogue is known to exist.
    """
    desk = Desk(upstreams, service_credential=service_credential)
    handling = Handling(
        desk,
        Identities(desk, ttl_seconds=identity_ttl_seconds, now_monotonic=now_monotonic),
        limiter,
        timeout_seconds=timeout_seconds,
        revision=revision,
    )
    paths: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation
    document = msgspec.json.encode(openapi.document(OPERATIONS, version=version))
    routes = [Route(f"{PREFIX}{path}", _Path(handling, of)) for path, of in paths.items()]
    return Router(
        [Route(openapi.PATH, _Document(document)), *routes],
        redirect_slashes=False,
        default=_nothing,
    )


class _Path:
    """All operations of one path."""

    def __init__(self, handling: Handling, operation_by_method: Mapping[str, Operation]) -> None:
        self._handling = handling
        self._operation_by_method = operation_by_method
        [self._template] = {f"{PREFIX}{one.path}" for one in operation_by_method.values()}
        methods = [*operation_by_method, "OPTIONS"]
        if "GET" in operation_by_method:
            methods.append("HEAD")
        self._allowed = ", ".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route_template"] = self._template
        request = Request(scope, receive)
        path = scope["raw_path"].decode("latin-1")
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operation_by_method.get(method)
        cookies: list[str] = []
        try:
            if operation is None:
                reply = self._other(request.method)
            else:
                reply, cookies = await self._handling.answer(request, operation)
        except RefusalError as refusal:
            reply = refusal_reply(refusal, path=path)
        except errors.CallerError as error:
            reply = error_reply(error, operation=operation, path=path)
        await reply.send(request, cookies, send)

    def _other(self, method: str) -> Reply:
        if method == "OPTIONS":
            return Reply(status=_NO_CONTENT, headers={"allow": self._allowed})
        raise RefusalError(problems.METHOD, 405, headers=[(b"allow", self._allowed.encode())])


class _Document:
    """The OpenAPI document, for everybody: it tells nothing of what there is to read."""

    def __init__(self, body: bytes) -> None:
        self._reply = Reply(status=200, headers={"content-type": JSON}, body=body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route_template"] = openapi.PATH
        await self._reply.send(Request(scope, receive), [], send)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise errors.NotFoundError("Nothing is at this address.")
