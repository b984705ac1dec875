"""EditorService over gRPC: decode, call one use case, encode."""

from __future__ import annotations

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp
from tantrum_kit.grpc_server import Context
from tvtantrum.catalog.v1 import editor_pb2, editor_service_pb2_grpc
from tvtantrum.catalog.v1 import editor_service_pb2 as pb

from tantrum_catalog.domain.editors import Editor, Editors


class EditorServicer(editor_service_pb2_grpc.EditorServiceServicer):
    def __init__(self, editors: Editors) -> None:
        self._editors = editors

    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.SignInResponse:
        editor = await self._editors.sign_in(request.email, request.password)
        return pb.SignInResponse(editor=_encoded(editor))

    async def CreateEditor(
        self, request: pb.CreateEditorRequest, context: Context
    ) -> pb.CreateEditorResponse:
        editor = await self._editors.create(
            email=request.email, password=request.password, name=request.name
        )
        return pb.CreateEditorResponse(editor=_encoded(editor))

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: Context
    ) -> pb.ChangePasswordResponse:
        editor = await self._editors.change_password(
            email=request.email, current=request.current_password, new=request.new_password
        )
        return pb.ChangePasswordResponse(editor=_encoded(editor))


def _encoded(editor: Editor) -> editor_pb2.Editor:
    return editor_pb2.Editor(
        id=editor.id,
        email=editor.email,
        name=editor.name,
        create_time=_timestamp(editor.create_time),
        password_time=_timestamp(editor.password_time),
    )


def _timestamp(time: dt.datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
