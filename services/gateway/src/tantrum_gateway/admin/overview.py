"""What there is, and who has written what: statistics and the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

from google.protobuf.timestamp_pb2 import Timestamp
from tvtantrum.catalog.v1 import audit_service_pb2, statistics_service_pb2

from tantrum_gateway.admin import answers, answers_codec
from tantrum_gateway.admin.operations import PAGED, READ, Call, Operation, Outcome
from tantrum_gateway.parameters import Choice, Parameter, Text, Whole

_ACTIONS: Final[Sequence[str]] = get_args(answers.AuditAction)[:-1]
_KINDS: Final[Sequence[str]] = get_args(answers.AuditedKind)[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """A point in time, by RFC 3339."""

    def read(self, text: str) -> dt.datetime:
        try:
            time = dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError("must be a time by RFC 3339, such as 2030-12-31T00:00:00Z") from error
        if time.tzinfo is None:
            raise ValueError("must say its time zone, such as Z")
        return time.astimezone(dt.UTC)

    def schema(self) -> dict[str, object]:
        return {"type": "string", "format": "date-time"}


_CONDITIONS: Final = (
    Parameter(
        name="editorId",
        kind=Whole(at_least=1),
        field="editor_id",
        doc="Only what this editor wrote.",
    ),
    Parameter(
        name="kind",
        kind=Choice(tokens=_KINDS),
        field="kind",
        doc="Only this kind of resource.",
    ),
    Parameter(
        name="resourceId",
        kind=Text(),
        field="resource_id",
        doc="Only this one: a number, or the slug of a theme or platform. Needs `kind`.",
    ),
    Parameter(name="action", kind=Choice(tokens=_ACTIONS), field="action", doc="Only this."),
    Parameter(name="from", kind=_Time(), field="from_time", doc="Only what was written since."),
    Parameter(name="to", kind=_Time(), field="to_time", doc="Only what was written before."),
)


async def get_statistics(call: Call) -> Outcome:
    response = await call.desk.ask(
        call.desk.upstreams.statistics.GetStatistics,
        statistics_service_pb2.GetStatisticsRequest(),
    )
    return Outcome(
        answer=answers_codec.statistics(response), catalog_revision=response.catalog_revision
    )


async def list_audit_entries(call: Call) -> Outcome:
    asked = call.arguments.get
    response = await call.desk.ask(
        call.desk.upstreams.audit.ListAuditEntries,
        audit_service_pb2.ListAuditEntriesRequest(
            editor_id=asked("editorId", 0),
            kind=audit_service_pb2.AuditedKind.ValueType(_number_of(_KINDS, asked("kind"))),
            resource_id=asked("resourceId", ""),
            action=audit_service_pb2.AuditAction.ValueType(_number_of(_ACTIONS, asked("action"))),
            from_time=_timestamp_of(asked("from")),
            to_time=_timestamp_of(asked("to")),
            **call.page,
        ),
    )
    page = answers.AuditPage(
        entries=[answers_codec.audit_entry(one) for one in response.entries],
        next_page_token=response.next_page_token,
    )
    return Outcome(answer=page)


def _number_of(tokens: Sequence[str], token: str | None) -> int:
    return 0 if token is None else tokens.index(token) + 1


def _timestamp_of(time: dt.datetime | None) -> Timestamp | None:
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/statistics",
        summary="Count all that there is",
        tag="Overview",
        run=get_statistics,
        answer=answers.Statistics,
        scope=READ,
    ),
    Operation(
        method="GET",
        path="/audit",
        summary="List who has written what, newest first",
        tag="Overview",
        run=list_audit_entries,
        answer=answers.AuditPage,
        scope=READ,
        parameters=(*_CONDITIONS, *PAGED),
    ),
)
