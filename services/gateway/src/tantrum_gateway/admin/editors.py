"""Editors: who may change the catalogue."""

from __future__ import annotations

from typing import Final

from tvtantrum.catalog.v1 import editor_pb2
from tvtantrum.catalog.v1 import editor_service_pb2 as pb

from tantrum_gateway.admin import answers, answers_codec, inputs, writing
from tantrum_gateway.admin.operations import PAGED, PREFIX, Call, Operation, Outcome


async def list_editors(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.ListEditors, pb.ListEditorsRequest(**call.page)
    )
    page = answers.EditorPage(
        editors=[answers_codec.editor(one) for one in response.editors],
        next_page_token=response.next_page_token,
        total_size=response.total_size,
    )
    return Outcome(answer=page)


async def create_editor(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.CreateEditor,
        pb.CreateEditorRequest(
            email=call.body.email, password=call.body.password, name=call.body.name
        ),
    )
    return _outcome(response.editor, made=True)


async def get_editor(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.GetEditor, pb.GetEditorRequest(id=call.id)
    )
    return _outcome(response.editor)


async def update_editor(call: Call) -> Outcome:
    async def write(revision: int) -> pb.UpdateEditorResponse:
        # What null clears gets its default, as in a shape without it.
        editor = editor_pb2.Editor(id=call.id, revision=revision, active=True)
        return await call.desk.ask(
            call.desk.upstreams.editors.UpdateEditor,
            pb.UpdateEditorRequest(
                editor=writing.filled(editor, call.values),
                update_mask=writing.mask_of(call.values),
            ),
        )

    response = await call.if_match.at(write)
    call.identities.forget_editor(call.id)
    return _outcome(response.editor)


async def reset_password(call: Call) -> Outcome:
    async def write(revision: int) -> pb.ResetPasswordResponse:
        return await call.desk.ask(
            call.desk.upstreams.editors.ResetPassword,
            pb.ResetPasswordRequest(
                editor_id=call.id, new_password=call.body.new_password, revision=revision
            ),
        )

    response = await call.if_match.at(write)
    call.identities.forget_editor(call.id)
    return _outcome(response.editor)


def _outcome(editor: editor_pb2.Editor, *, made: bool = False) -> Outcome:
    return Outcome(
        answer=answers_codec.editor(editor),
        tag=str(editor.revision),
        location=f"{PREFIX}/editors/{editor.id}" if made else "",
    )


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/editors",
        summary="List editors by number, those who are not active too",
        tag="Editors",
        run=list_editors,
        answer=answers.EditorPage,
        parameters=PAGED,
    ),
    Operation(
        method="POST",
        path="/editors",
        summary="Make an editor",
        tag="Editors",
        run=create_editor,
        answer=answers.Editor,
        status=201,
        body=inputs.NewEditor,
    ),
    Operation(
        method="GET",
        path="/editors/{id}",
        summary="Get an editor",
        tag="Editors",
        run=get_editor,
        answer=answers.Editor,
    ),
    Operation(
        method="PATCH",
        path="/editors/{id}",
        summary="Change an editor; who is no longer active is signed out everywhere",
        tag="Editors",
        run=update_editor,
        answer=answers.Editor,
        body=inputs.EditorInput,
        guarded=True,
    ),
    Operation(
        method="PUT",
        path="/editors/{id}/password",
        summary="Set a password for another editor, who is signed out everywhere",
        tag="Editors",
        run=reset_password,
        answer=answers.Editor,
        body=inputs.NewPassword,
        guarded=True,
    ),
)
