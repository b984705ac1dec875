"""Editors who are there before a test begins."""

from __future__ import annotations

from tantrum_catalog.domain.actor import Actor, ActorKind, acting
from tantrum_catalog.domain.audit import AuditFilter
from tantrum_catalog.domain.editor import EditorId

PASSWORD = "a long password"


async def add_editor(stores, clock, email="mo@example.com"):
    return await stores.editors.add(
        email=email, name="Mo", password_hash=f"$new:{PASSWORD}", create_time=clock.now()
    )


def acting_as(editor, **changes):
    """Let *editor* act, as a call with that metadata would."""
    return acting(Actor(kind=ActorKind.EDITOR, editor_id=EditorId(editor.id), **changes))


async def logged(stores, **wanted):
    """The whole audit log, oldest first."""
    entries = await stores.audit.newest(AuditFilter(**wanted), before=None, limit=1_000)
    return entries[::-1]


async def actions(stores, **wanted):
    return [(one.record.action, one.record.kind) for one in await logged(stores, **wanted)]
