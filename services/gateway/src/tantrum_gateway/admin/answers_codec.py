"""From protobuf to what the admin API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from tvtantrum.catalog.v1 import audit_service_pb2, editor_pb2, show_pb2, statistics_service_pb2

from tantrum_gateway import codec
from tantrum_gateway.admin import answers
from tantrum_gateway.admin.inputs import ScopeName

SCOPES: Final[tuple[ScopeName, ...]] = get_args(ScopeName)
"""Tokens by number of `editor_pb2.ApiTokenScope`, less one."""

_ACTOR_KINDS: Final = ("service", "editor", "service", "command")
_ACTIONS: Final = get_args(answers.AuditAction)
_KINDS: Final = get_args(answers.AuditedKind)


def show(message: show_pb2.Show) -> answers.EditedShow:
    """Return a show with what only editors see."""
    whole = codec.show(message)
    return answers.EditedShow(
        **{name: getattr(whole, name) for name in whole.__struct_fields__},
        aliases=list(message.aliases),
        image=image(message.image) if message.HasField("image") else None,
    )


def image(message: show_pb2.Image) -> answers.Image:
    """Return what a picture is."""
    return answers.Image(
        id=message.id,
        url=f"/images/{message.id}",
        media_type=message.media_type,
        width=message.width,
        height=message.height,
    )


def theme(message: show_pb2.Theme) -> answers.EditedTheme:
    """Return a theme with its revision."""
    whole = msgspec.structs.asdict(codec.theme(message))
    return answers.EditedTheme(**whole, revision=message.revision)


def platform(message: show_pb2.Platform) -> answers.EditedPlatform:
    """Return a platform with its revision."""
    whole = msgspec.structs.asdict(codec.platform(message))
    return answers.EditedPlatform(**whole, revision=message.revision)


def editor(message: editor_pb2.Editor) -> answers.Editor:
    """Return an editor."""
    return answers.Editor(
        id=message.id,
        email=message.email,
        name=message.name,
        active=message.active,
        revision=message.revision,
        create_time=message.create_time.ToJsonString(),
        password_time=message.password_time.ToJsonString(),
    )


def session(message: editor_pb2.Session) -> answers.Session:
    """Return a session."""
    return answers.Session(
        id=message.id,
        create_time=message.create_time.ToJsonString(),
        use_time=message.use_time.ToJsonString(),
        expire_time=message.expire_time.ToJsonString(),
        user_agent=message.user_agent,
    )


def api_token(message: editor_pb2.ApiToken) -> answers.ApiToken:
    """Return an API token; scopes that are newer than this gateway are left out."""
    return answers.ApiToken(
        id=message.id,
        name=message.name,
        scopes=[SCOPES[one - 1] for one in message.scopes if 1 <= one <= len(SCOPES)],
        prefix=message.prefix,
        create_time=message.create_time.ToJsonString(),
        expire_time=message.expire_time.ToJsonString(),
        use_time=_time(message.use_time) if message.HasField("use_time") else None,
    )


def audit_entry(message: audit_service_pb2.AuditEntry) -> answers.AuditEntry:
    """Return an entry of the log; an action or a kind that is newer than this is `other`."""
    return answers.AuditEntry(
        id=message.id,
        write_time=message.write_time.ToJsonString(),
        actor=answers.Actor(
            kind=_ACTOR_KINDS[message.actor_kind],
            editor_id=message.editor_id or None,
            editor_email=message.editor_email or None,
            api_token_id=message.api_token_id or None,
        ),
        request_id=message.request_id or None,
        action=_token(_ACTIONS, message.action),
        kind=_token(_KINDS, message.kind),
        resource_id=message.resource_id,
        resource_name=message.resource_name,
        before=_object(message.before) if message.HasField("before") else None,
        after=_object(message.after) if message.HasField("after") else None,
        catalog_revision=message.catalog_revision or None,
    )


def statistics(message: statistics_service_pb2.GetStatisticsResponse) -> answers.Statistics:
    """Return the counts."""
    featured, database = message.featured_show, message.database
    return answers.Statistics(
        show_count=message.show_count,
        stimulation_counts=[
            answers.StimulationCount(stimulation=one.stimulation, show_count=one.show_count)
            for one in message.stimulation_counts
        ],
        platforms=[platform(one) for one in message.platforms],
        themes=[theme(one) for one in message.themes],
        missing_facts=[
            answers.MissingFact(field=one.field, show_count=one.show_count)
            for one in message.missing_facts
        ],
        category_count=message.category_count,
        active_category_count=message.active_category_count,
        research_count=message.research_count,
        image_count=message.image_count,
        editor_count=message.editor_count,
        active_editor_count=message.active_editor_count,
        featured_show=answers.ShowName(id=featured.id, slug=featured.slug, name=featured.name)
        if message.HasField("featured_show")
        else None,
        catalog_revision=message.catalog_revision,
        last_write_time=_time(message.last_write_time)
        if message.HasField("last_write_time")
        else None,
        database=answers.DatabaseState(
            server_version=database.server_version,
            size_bytes=database.size_bytes,
            connection_count=database.connection_count,
            max_connection_count=database.max_connection_count,
            replica_configured=database.replica_configured,
            replica_revision=database.replica_revision or None,
        ),
    )


def _token(tokens: tuple[Any, ...], number: int) -> Any:
    """Return the token of a protobuf enum's *number*; the last is for what is not known here."""
    return tokens[number - 1] if 1 <= number < len(tokens) else tokens[-1]


def _time(message: Timestamp) -> str:
    return message.ToJsonString()


def _object(message: Struct) -> dict[str, Any]:
    return {name: _plain(value) for name, value in message.items()}


def _plain(value: Any) -> Any:
    """Return JSON of a protobuf value, whose numbers all are floats."""
    if isinstance(value, Struct):
        return _object(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping) or value is None or isinstance(value, (str, bool, float)):
        return value
    return [_plain(one) for one in value]
