"""Homepage categories: the old rule language is understood as it is."""

from __future__ import annotations

import ast
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.category import CategoryFacts
from tantrum_catalog.domain.category_rules import CategoryRules, raw_rules_of, resolved
from tantrum_catalog.domain.naming import Slug, slug_of, sort_name_of
from tantrum_catalog.domain.vocabulary import Vocabulary
from tantrum_catalog.importing import source
from tantrum_catalog.importing.plan import Kind, Value, Wanted, digest_of
from tantrum_catalog.importing.report import Correction, Finding, TableReport
from tantrum_catalog.importing.source import OldRow, Source


def wanted_categories(old: Source, report: TableReport, vocabulary: Vocabulary) -> list[Wanted]:
    """Return the categories as rows; themes in rules are found in *vocabulary*."""
    wanted = []
    for row in old.table(source.CATEGORIES):
        report.rows_in += 1
        label = f"category {row['id']} {str(row.get('name') or '').strip()}".rstrip()
        try:
            facts = _facts_of(row, label, vocabulary, report)
        except InvalidInputError as error:
            report.refused.append(Finding(row=label, reason=error.message))
            continue
        wanted.append(
            Wanted(
                kind=Kind.CATEGORY,
                key=str(row["id"]),
                label=label,
                source_digest=digest_of({c: None if v is None else str(v) for c, v in row.items()}),
                row=_row_of(row, facts),
            )
        )
    return wanted


def vocabulary_with(vocabulary: Vocabulary, slug_by_old_name: Mapping[str, Slug]) -> Vocabulary:
    """Return *vocabulary* with all old spellings whose themes it has."""
    known = set(vocabulary.themes.values())
    old = {sort_name_of(name): slug for name, slug in slug_by_old_name.items() if slug in known}
    return replace(vocabulary, themes={**old, **vocabulary.themes})


def _facts_of(
    row: OldRow, label: str, vocabulary: Vocabulary, report: TableReport
) -> CategoryFacts:
    name, description = str(row.get("name") or ""), str(row.get("description") or "")
    facts = CategoryFacts(
        name=name,
        description=description,
        active=row.get("is_active") is not False,
        rules=_rules_of(row.get("filter_config"), label, vocabulary, report),
    )
    for field, old, new in (
        ("name", name, facts.name),
        ("description", description, facts.description),
    ):
        if old != new:
            report.corrections.append(
                Correction(row=label, field=field, old=old, new=new, reason="spaces")
            )
    return facts


def _rules_of(
    config: object, label: str, vocabulary: Vocabulary, report: TableReport
) -> CategoryRules:
    parsed, reason = _parsed(config)
    rules = resolved(raw_rules_of(parsed), vocabulary)
    if reason:
        report.corrections.append(
            Correction(
                row=label,
                field="rules",
                old=str(config),
                new=json.dumps(rules.to_json(), ensure_ascii=False),
                reason=reason,
            )
        )
    return rules


def _parsed(config: object) -> tuple[object, str]:
    """
    The rules as parsed JSON, and what was wrong with how they were written.

    The column is JSON, which comes as text; some rows hold JSON in a JSON text,
    and some what Python prints.
    """
    if not isinstance(config, str):
        return config, ""
    value = _loaded(config)
    if not isinstance(value, str) or not value.strip():
        return value, ""
    inner = _loaded(value)
    if inner != value:
        return inner, "JSON in a text"
    try:
        return ast.literal_eval(value), "written as Python prints it"
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value, ""


def _loaded(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


def _row_of(row: OldRow, facts: CategoryFacts) -> dict[str, Value]:
    order = row.get("display_order")
    columns: dict[str, Value] = {
        "id": int(str(row["id"])),
        "slug": slug_of(facts.name, fallback="category"),
        "name": facts.name,
        "sort_name": sort_name_of(facts.name),
        "description": facts.description,
        "display_order": order if isinstance(order, int) else 0,
        "active": facts.active,
        "rules": json.loads(json.dumps(facts.rules.to_json())),
    }
    return columns | times_of(row)


def times_of(row: OldRow) -> dict[str, Value]:
    """Return the times that the old row has; what it has not is the import's to set."""
    times = {"create_time": row.get("created_at"), "update_time": row.get("updated_at")}
    return {column: time for column, time in times.items() if isinstance(time, dt.datetime)}
