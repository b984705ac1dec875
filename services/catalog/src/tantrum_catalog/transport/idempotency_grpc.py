"""IdempotencyService over gRPC: decode, call one use case, encode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tantrum_kit.grpc_server import Context
from tvtantrum.catalog.v1 import idempotency_service_pb2 as pb
from tvtantrum.catalog.v1 import idempotency_service_pb2_grpc

from tantrum_catalog.domain.editor import EditorId
from tantrum_catalog.domain.idempotency import Key, Requests, State, StoredResponse
from tantrum_catalog.transport.codec import present

_STATE: Final[Mapping[State, pb.RequestState.ValueType]] = {
    State.BEGUN: pb.REQUEST_STATE_BEGUN,
    State.RUNNING: pb.REQUEST_STATE_RUNNING,
    State.COMPLETED: pb.REQUEST_STATE_COMPLETED,
    State.OTHER_PAYLOAD: pb.REQUEST_STATE_OTHER_PAYLOAD,
}


class IdempotencyServicer(idempotency_service_pb2_grpc.IdempotencyServiceServicer):
    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def BeginRequest(
        self, request: pb.BeginRequestRequest, context: Context
    ) -> pb.BeginRequestResponse:
        begun = await self._requests.begin(
            Key(editor_id=EditorId(request.editor_id), text=request.key),
            payload_digest=request.payload_digest,
            attempt_id=request.attempt_id,
        )
        return pb.BeginRequestResponse(
            state=_STATE[begun.state],
            attempt_id=begun.attempt_id,
            response=None if begun.response is None else _to_proto(begun.response),
        )

    async def CompleteRequest(
        self, request: pb.CompleteRequestRequest, context: Context
    ) -> pb.CompleteRequestResponse:
        answer = present(request, "response", request.response)
        await self._requests.complete(
            Key(editor_id=EditorId(request.editor_id), text=request.key),
            attempt_id=request.attempt_id,
            response=StoredResponse(
                status=answer.status, headers=dict(answer.headers), body=answer.body
            ),
        )
        return pb.CompleteRequestResponse()

    async def AbandonRequest(
        self, request: pb.AbandonRequestRequest, context: Context
    ) -> pb.AbandonRequestResponse:
        await self._requests.abandon(
            Key(editor_id=EditorId(request.editor_id), text=request.key),
            attempt_id=request.attempt_id,
        )
        return pb.AbandonRequestResponse()


def _to_proto(response: StoredResponse) -> pb.StoredResponse:
    return pb.StoredResponse(status=response.status, headers=response.headers, body=response.body)
