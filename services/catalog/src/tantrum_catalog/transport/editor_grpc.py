"""EditorService over gRPC: decode, call one use case, encode."""

from __future__ import annotations

from tantrum_kit.grpc_server import Context
from tantrum_kit.paging import PageTokens
from tvtantrum.catalog.v1 import editor_service_pb2 as pb
from tvtantrum.catalog.v1 import editor_service_pb2_grpc

from tantrum_catalog.domain.api_tokens import ApiTokenId, ApiTokens
from tantrum_catalog.domain.editor import EditorId
from tantrum_catalog.domain.editors import Editors, EditorStore
from tantrum_catalog.domain.sessions import SessionId, Sessions
from tantrum_catalog.transport.codec import (
    expected_revision_of,
    optional,
    present,
    time_of,
)
from tantrum_catalog.transport.editor_codec import (
    api_token_to_proto,
    editor_change_of,
    editor_to_proto,
    scopes_of,
    session_to_proto,
)
from tantrum_catalog.transport.paging import Pager, page_size_of


class EditorServicer(editor_service_pb2_grpc.EditorServiceServicer):
    def __init__(
        self,
        editors: Editors,
        store: EditorStore,
        sessions: Sessions,
        api_tokens: ApiTokens,
        tokens: PageTokens,
    ) -> None:
        self._editors = editors
        self._store = store
        self._sessions = sessions
        self._api_tokens = api_tokens
        self._pager = Pager(tokens)

    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.SignInResponse:
        new = await self._sessions.sign_in(
            request.email,
            request.password,
            client_address=request.client_address,
            user_agent=request.user_agent,
        )
        return pb.SignInResponse(
            editor=editor_to_proto(new.session.editor),
            session=session_to_proto(new.session, self._sessions.lifetime),
            session_token=new.token,
        )

    async def SignOut(self, request: pb.SignOutRequest, context: Context) -> pb.SignOutResponse:
        await self._sessions.sign_out(request.token_digest)
        return pb.SignOutResponse()

    async def GetSession(
        self, request: pb.GetSessionRequest, context: Context
    ) -> pb.GetSessionResponse:
        session = await self._sessions.get(request.token_digest)
        return pb.GetSessionResponse(session=session_to_proto(session, self._sessions.lifetime))

    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: Context
    ) -> pb.ListSessionsResponse:
        found = await self._sessions.listed(EditorId(request.editor_id))
        lifetime = self._sessions.lifetime
        return pb.ListSessionsResponse(sessions=[session_to_proto(one, lifetime) for one in found])

    async def EndSession(
        self, request: pb.EndSessionRequest, context: Context
    ) -> pb.EndSessionResponse:
        await self._sessions.end(EditorId(request.editor_id), SessionId(request.session_id))
        return pb.EndSessionResponse()

    async def EndOtherSessions(
        self, request: pb.EndOtherSessionsRequest, context: Context
    ) -> pb.EndOtherSessionsResponse:
        keep = SessionId(request.session_id) if request.session_id else None
        ended = await self._sessions.end_others(EditorId(request.editor_id), keep=keep)
        return pb.EndOtherSessionsResponse(ended_count=ended)

    async def CreateEditor(
        self, request: pb.CreateEditorRequest, context: Context
    ) -> pb.CreateEditorResponse:
        editor = await self._editors.create(
            email=request.email, password=request.password, name=request.name
        )
        return pb.CreateEditorResponse(editor=editor_to_proto(editor))

    async def GetEditor(
        self, request: pb.GetEditorRequest, context: Context
    ) -> pb.GetEditorResponse:
        editor = await self._editors.get(EditorId(request.id))
        return pb.GetEditorResponse(editor=editor_to_proto(editor))

    async def ListEditors(
        self, request: pb.ListEditorsRequest, context: Context
    ) -> pb.ListEditorsResponse:
        after = self._pager.after(request)
        page = await self._store.page(
            after=None if after is None else EditorId(after[0]),
            limit=page_size_of(request.page_size),
        )
        return pb.ListEditorsResponse(
            editors=[editor_to_proto(editor) for editor in page.items],
            next_page_token=self._pager.next_token(request, page, lambda editor: (editor.id,)),
            total_size=page.total,
        )

    async def UpdateEditor(
        self, request: pb.UpdateEditorRequest, context: Context
    ) -> pb.UpdateEditorResponse:
        wanted = present(request, "editor", request.editor)
        editor = await self._editors.update(
            EditorId(wanted.id),
            editor_change_of(wanted, request.update_mask),
            expected_revision=expected_revision_of(wanted.revision, field="editor.revision"),
        )
        return pb.UpdateEditorResponse(editor=editor_to_proto(editor))

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: Context
    ) -> pb.ChangePasswordResponse:
        new = await self._sessions.change_password(
            email=request.email,
            current=request.current_password,
            new=request.new_password,
            client_address=request.client_address,
            user_agent=request.user_agent,
        )
        return pb.ChangePasswordResponse(
            editor=editor_to_proto(new.session.editor),
            session=session_to_proto(new.session, self._sessions.lifetime),
            session_token=new.token,
        )

    async def ResetPassword(
        self, request: pb.ResetPasswordRequest, context: Context
    ) -> pb.ResetPasswordResponse:
        editor = await self._editors.reset_password(
            EditorId(request.editor_id),
            new=request.new_password,
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.ResetPasswordResponse(editor=editor_to_proto(editor))

    async def CreateApiToken(
        self, request: pb.CreateApiTokenRequest, context: Context
    ) -> pb.CreateApiTokenResponse:
        new = await self._api_tokens.create(
            EditorId(request.editor_id),
            name=request.name,
            scopes=scopes_of(request.scopes),
            expire_time=time_of(optional(request, "expire_time"), field="expire_time"),
        )
        return pb.CreateApiTokenResponse(
            api_token=api_token_to_proto(new.api_token), token=new.token
        )

    async def ListApiTokens(
        self, request: pb.ListApiTokensRequest, context: Context
    ) -> pb.ListApiTokensResponse:
        found = await self._api_tokens.listed(EditorId(request.editor_id))
        return pb.ListApiTokensResponse(api_tokens=[api_token_to_proto(one) for one in found])

    async def RevokeApiToken(
        self, request: pb.RevokeApiTokenRequest, context: Context
    ) -> pb.RevokeApiTokenResponse:
        await self._api_tokens.revoke(EditorId(request.editor_id), ApiTokenId(request.api_token_id))
        return pb.RevokeApiTokenResponse()

    async def GetApiToken(
        self, request: pb.GetApiTokenRequest, context: Context
    ) -> pb.GetApiTokenResponse:
        token, editor = await self._api_tokens.get(request.token_digest)
        return pb.GetApiTokenResponse(
            api_token=api_token_to_proto(token), editor=editor_to_proto(editor)
        )
