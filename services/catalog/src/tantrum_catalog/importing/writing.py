"""Writes what is wanted of one kind, as far as it may be written, and checks it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_catalog.importing.plan import (
    Action,
    Decision,
    Imported,
    Kind,
    Present,
    Wanted,
    checksum_of,
    decide,
    digest_of,
)
from tantrum_catalog.importing.report import Finding, TableReport
from tantrum_catalog.importing.target import Target

_LISTED_MAX: Final = 10


class ImportFailedError(Exception):
    """Nothing was imported; the text says why, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A wanted row, and what was there and what was done."""

    wanted: Wanted
    action: Action
    imported: Imported | None


class Writer:
    """Writes to a locked target; *progress* hears of each kind that is done."""

    def __init__(self, target: Target, progress: Callable[[str], None]) -> None:
        self._target = target
        self._progress = progress

    async def write(
        self,
        wanted: Sequence[Wanted],
        present: Mapping[str, Present],
        report: TableReport,
        *,
        kind: Kind,
        keys_in_source: Collection[str],
    ) -> list[Done]:
        """
        Do with each row what is decided, check what is stored, and note it.

        Raises `ImportFailedError`.
        """
        imported = await self._target.imported(kind)
        column = self._target.unique_column(kind)
        owner_by_value = {one.row[column]: key for key, one in present.items()}
        done = []
        for one in wanted:
            before = imported.get(one.key)
            decision = decide(one, present.get(one.key), before)
            if owner_by_value.get(one.row[column], one.key) != one.key:
                words = "e-mail" if kind is Kind.EDITOR else column
                decision = Decision(action=Action.KEEP, reason=f"another one here has its {words}")
            await self._do(one, decision, report)
            done.append(Done(wanted=one, action=decision.action, imported=before))
        await self._target.pass_ids(kind)
        await self._check(kind, [one for one in done if one.action is not Action.KEEP], report)
        _tell_gone(kind, imported.keys() - set(keys_in_source), report)
        self._progress(
            f"{report.table}: {report.rows_in} in, {report.written} written,"
            f" {report.unchanged} unchanged, {len(report.kept)} kept,"
            f" {len(report.refused)} refused"
        )
        return done

    async def _do(self, wanted: Wanted, decision: Decision, report: TableReport) -> None:
        match decision.action:
            case Action.INSERT:
                await self._target.insert(wanted.kind, wanted.row)
                report.inserted += 1
            case Action.UPDATE:
                await self._target.update(wanted.kind, wanted.row)
                report.updated += 1
            case Action.LEAVE:
                report.unchanged += 1
            case Action.KEEP:
                report.kept.append(Finding(row=wanted.label, reason=decision.reason))

    async def _check(self, kind: Kind, done: Sequence[Done], report: TableReport) -> None:
        stored = await self._target.present(kind)
        wanted_digests = {one.wanted.key: digest_of(one.wanted.row) for one in done}
        stored_digests = {
            one.wanted.key: _digest_of_stored(one.wanted, stored.get(one.wanted.key))
            for one in done
        }
        report.checksum_wanted = checksum_of(wanted_digests)
        report.checksum_stored = checksum_of(stored_digests)
        wrong = [key for key in wanted_digests if wanted_digests[key] != stored_digests[key]]
        if wrong:
            raise ImportFailedError(
                f"{report.table}: {len(wrong)} rows are not stored as they were to be written:"
                f" {', '.join(wrong[:_LISTED_MAX])}"
            )
        if not report.balanced:
            raise ImportFailedError(
                f"{report.table}: of {report.rows_in} rows that came in, not all are accounted for"
            )
        for one in done:
            await self._note(one, stored[one.wanted.key])

    async def _note(self, one: Done, stored: Present) -> None:
        # A row that was edited here into what the source says is an edited row still.
        edited = (
            one.action is Action.LEAVE
            and one.imported is not None
            and one.imported.stamp != stored.stamp
        )
        noted = Imported(source_digest=one.wanted.source_digest, stamp=stored.stamp)
        if not edited and one.imported != noted:
            await self._target.note(
                one.wanted.kind,
                one.wanted.key,
                source_digest=noted.source_digest,
                stamp=noted.stamp,
            )


def _digest_of_stored(wanted: Wanted, stored: Present | None) -> bytes:
    row = {} if stored is None else stored.row
    return digest_of({column: row[column] for column in wanted.row if column in row})


def _tell_gone(kind: Kind, keys: Collection[str], report: TableReport) -> None:
    what = "no administrator in the source any more" if kind is Kind.EDITOR else "gone there"
    report.gone += [
        Finding(row=f"{kind} {key}", reason=f"{what}; what an earlier import wrote stays here")
        for key in sorted(keys)
    ]
