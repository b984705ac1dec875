"""Signing in and out, who one is, one's sessions and one's password."""

from __future__ import annotations

from typing import Final

import structlog
from tantrum_kit import errors
from tvtantrum.catalog.v1 import editor_pb2
from tvtantrum.catalog.v1 import editor_service_pb2 as pb

from tantrum_gateway.admin import answers, answers_codec, inputs, proof
from tantrum_gateway.admin.identities import Identity
from tantrum_gateway.admin.operations import Call, Operation, Outcome
from tantrum_gateway.admin.problem_parts import invalid, part

log = structlog.get_logger()


async def sign_in(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.SignIn,
        pb.SignInRequest(
            email=call.body.email,
            password=call.body.password,
            client_address=call.client_address,
            user_agent=call.user_agent,
        ),
    )
    log.info("editor_signed_in", editor_id=response.editor.id)
    return _begun(response.editor, response.session, response.session_token)


async def get_session(call: Call) -> Outcome:
    return Outcome(answer=_identity(call.identity, call.proof.token))


async def sign_out(call: Call) -> Outcome:
    call.identities.forget(call.proof)
    await call.desk.ask(
        call.desk.upstreams.editors.SignOut, pb.SignOutRequest(token_digest=call.proof.digest)
    )
    # Once more, for whoever asked about it while the catalogue did not know.
    call.identities.forget(call.proof)
    log.info("editor_signed_out", editor_id=call.editor_id)
    return Outcome(session_token="")


async def change_password(call: Call) -> Outcome:
    try:
        response = await call.desk.ask(
            call.desk.upstreams.editors.ChangePassword,
            pb.ChangePasswordRequest(
                email=call.identity.editor.email,
                current_password=call.body.current_password,
                new_password=call.body.new_password,
                client_address=call.client_address,
                user_agent=call.user_agent,
            ),
        )
    except errors.UnauthenticatedError as error:
        # A 401 would say that the session is over.
        raise invalid([part("is not your password", "currentPassword")]) from error
    call.identities.forget_editor(call.editor_id)
    log.info("password_changed", editor_id=call.editor_id)
    return _begun(response.editor, response.session, response.session_token)


async def list_sessions(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.ListSessions,
        pb.ListSessionsRequest(editor_id=call.editor_id),
    )
    sessions = [answers_codec.session(one) for one in response.sessions]
    return Outcome(answer=answers.SessionList(sessions=sessions))


async def end_session(call: Call) -> Outcome:
    await call.desk.ask(
        call.desk.upstreams.editors.EndSession,
        pb.EndSessionRequest(editor_id=call.editor_id, session_id=call.id),
    )
    call.identities.forget_editor(call.editor_id)
    return Outcome()


async def end_other_sessions(call: Call) -> Outcome:
    kept = call.identity.session
    response = await call.desk.ask(
        call.desk.upstreams.editors.EndOtherSessions,
        pb.EndOtherSessionsRequest(
            editor_id=call.editor_id, session_id=0 if kept is None else kept.id
        ),
    )
    call.identities.forget_editor(call.editor_id)
    return Outcome(answer=answers.EndedSessions(ended_count=response.ended_count))


def _begun(editor: editor_pb2.Editor, session: editor_pb2.Session, token: str) -> Outcome:
    answer = _identity(Identity(editor=editor, session=session), token)
    return Outcome(answer=answer, session_token=token)


def _identity(identity: Identity, token: str) -> answers.Identity:
    session, api_token = identity.session, identity.api_token
    return answers.Identity(
        editor=answers_codec.editor(identity.editor),
        session=None if session is None else answers_codec.session(session),
        csrf_token=None if session is None else proof.csrf_token(token),
        api_token=None if api_token is None else answers_codec.api_token(api_token),
    )


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/session",
        summary="Sign in",
        tag="Session",
        run=sign_in,
        answer=answers.Identity,
        status=201,
        open_to_all=True,
        body=inputs.Credentials,
    ),
    Operation(
        method="GET",
        path="/session",
        summary="Say who asks",
        tag="Session",
        run=get_session,
        answer=answers.Identity,
        by_any_token=True,
    ),
    Operation(
        method="DELETE",
        path="/session",
        summary="Sign out",
        tag="Session",
        run=sign_out,
        status=204,
    ),
    Operation(
        method="PUT",
        path="/session/password",
        summary="Change one's password; all other sessions end, and all API tokens are gone",
        tag="Session",
        run=change_password,
        answer=answers.Identity,
        body=inputs.PasswordChange,
    ),
    Operation(
        method="GET",
        path="/sessions",
        summary="List one's sessions",
        tag="Session",
        run=list_sessions,
        answer=answers.SessionList,
    ),
    Operation(
        method="DELETE",
        path="/sessions",
        summary="End all of one's sessions but this one",
        tag="Session",
        run=end_other_sessions,
        answer=answers.EndedSessions,
    ),
    Operation(
        method="DELETE",
        path="/sessions/{id}",
        summary="End one of one's sessions",
        tag="Session",
        run=end_session,
        status=204,
    ),
)
