"""API tokens: by which programs write as an editor, within scopes."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from tvtantrum.catalog.v1 import editor_pb2
from tvtantrum.catalog.v1 import editor_service_pb2 as pb

from tantrum_gateway.admin import answers, answers_codec, inputs
from tantrum_gateway.admin.operations import Call, Operation, Outcome
from tantrum_gateway.admin.problem_parts import invalid, part


async def list_api_tokens(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.ListApiTokens,
        pb.ListApiTokensRequest(editor_id=call.editor_id),
    )
    tokens = [answers_codec.api_token(one) for one in response.api_tokens]
    return Outcome(answer=answers.ApiTokenList(api_tokens=tokens))


async def create_api_token(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.editors.CreateApiToken,
        pb.CreateApiTokenRequest(
            editor_id=call.editor_id,
            name=call.body.name,
            scopes=[_scope_of(one) for one in call.body.scopes],
            expire_time=_time_of(call.body.expire_time),
        ),
    )
    made = answers_codec.api_token(response.api_token)
    return Outcome(
        answer=answers.IssuedApiToken(api_token=made, token=response.token),
        repeatable_answer=answers.IssuedApiToken(api_token=made, token=None),
    )


async def revoke_api_token(call: Call) -> Outcome:
    await call.desk.ask(
        call.desk.upstreams.editors.RevokeApiToken,
        pb.RevokeApiTokenRequest(editor_id=call.editor_id, api_token_id=call.id),
    )
    call.identities.forget_editor(call.editor_id)
    return Outcome()


def _scope_of(name: inputs.ScopeName) -> editor_pb2.ApiTokenScope.ValueType:
    return editor_pb2.ApiTokenScope.ValueType(answers_codec.SCOPES.index(name) + 1)


def _time_of(text: str | None) -> Timestamp | None:
    if text is None:
        return None
    time = Timestamp()
    try:
        time.FromJsonString(text)
    except ValueError as error:
        sentence = "must be a time by RFC 3339, such as 2030-12-31T00:00:00Z"
        raise invalid([part(sentence, "expireTime")]) from error
    return time


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api-tokens",
        summary="List one's API tokens",
        tag="API tokens",
        run=list_api_tokens,
        answer=answers.ApiTokenList,
    ),
    Operation(
        method="POST",
        path="/api-tokens",
        summary="Make an API token; the answer has the token itself, which is told once",
        tag="API tokens",
        run=create_api_token,
        answer=answers.IssuedApiToken,
        status=201,
        body=inputs.NewApiToken,
    ),
    Operation(
        method="DELETE",
        path="/api-tokens/{id}",
        summary="Revoke an API token",
        tag="API tokens",
        run=revoke_api_token,
        status=204,
    ),
)
