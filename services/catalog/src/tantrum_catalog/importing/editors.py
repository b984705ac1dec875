"""Editors: the old administrators, whose passwords keep working."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.editor import account_key, check_email, check_name
from tantrum_catalog.importing import source
from tantrum_catalog.importing.plan import Imported, Kind, Value, Wanted, digest_of
from tantrum_catalog.importing.report import Finding, TableReport
from tantrum_catalog.importing.source import OldRow, Source

# A cost above 16 takes seconds: whoever may write such a hash could keep sign-in busy with it.
_BCRYPT: Final = re.compile(r"\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}")


def wanted_editors(
    old: Source, report: TableReport, imported_by_key: Mapping[str, Imported]
) -> list[Wanted]:
    """
    Return the administrators as editors; other users are only counted.

    One whose source is as at the import before keeps whatever hash there is here:
    a sign-in replaces bcrypt, and that is no edit.
    """
    wanted = []
    seen: dict[str, object] = {}
    for row in old.table(source.USERS):
        report.rows_in += 1
        if row.get("is_admin") is not True:
            report.ignored += 1
            continue
        label = f"user {row['id']}"
        key = account_key(str(row.get("email") or ""))
        reason = _refusal(row) or (f"has the e-mail of user {seen[key]}" if key in seen else "")
        if reason:
            report.refused.append(Finding(row=label, reason=reason))
            continue
        seen[key] = row["id"]
        digest = digest_of({c: None if v is None else str(v) for c, v in row.items()})
        imported = imported_by_key.get(str(row["id"]))
        columns = _row_of(row)
        if imported is not None and imported.source_digest == digest:
            del columns["password_hash"]
        wanted.append(
            Wanted(
                kind=Kind.EDITOR,
                key=str(row["id"]),
                label=label,
                source_digest=digest,
                row=columns,
            )
        )
    return wanted


def _refusal(row: OldRow) -> str:
    """Why *row* becomes no editor; empty if it does. Never quotes what it holds."""
    if not _BCRYPT.fullmatch(str(row.get("password") or "")):
        return "has no bcrypt password of a cost from 4 to 16"
    try:
        check_email(str(row.get("email") or "").strip())
        check_name(_name(row))
    except InvalidInputError as error:
        return error.message
    return ""


def _row_of(row: OldRow) -> dict[str, Value]:
    email = str(row["email"]).strip()
    columns: dict[str, Value] = {
        "id": int(str(row["id"])),
        "email": email,
        "account_key": account_key(email),
        "name": _name(row),
        "password_hash": str(row["password"]),
    }
    created = row.get("created_at")
    return columns | ({"create_time": created} if isinstance(created, dt.datetime) else {})


def _name(row: OldRow) -> str:
    return str(row.get("first_name") or row.get("username") or "").strip()
