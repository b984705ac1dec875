"""An import from its start to its report: read, mend, decide, write, check."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import asyncpg
from tantrum_kit.postgres import Connection, Server

from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.pictures import ImageRefusedError
from tantrum_catalog.domain.show import StoredImage
from tantrum_catalog.domain.vocabulary import Platform, Theme, Vocabulary
from tantrum_catalog.importing import source
from tantrum_catalog.importing.categories import vocabulary_with, wanted_categories
from tantrum_catalog.importing.editors import wanted_editors
from tantrum_catalog.importing.fitting import featured_to_keep, fitted, without_second_feature
from tantrum_catalog.importing.images import FoundImages, find_images
from tantrum_catalog.importing.labels import slug_by_old_name, wanted_platforms, wanted_themes
from tantrum_catalog.importing.plan import (
    MADE_HERE,
    Action,
    Kind,
    Present,
    Wanted,
)
from tantrum_catalog.importing.report import Finding, Report, TableReport
from tantrum_catalog.importing.research import wanted_research
from tantrum_catalog.importing.shows import wanted_shows
from tantrum_catalog.importing.source import Source
from tantrum_catalog.importing.target import Target, schema_ready
from tantrum_catalog.importing.writing import Done, ImportFailedError, Writer

IMAGES: Final = "images"
"""What the report calls the folder of pictures."""

_TABLE_BY_KIND: Final[Mapping[Kind, str]] = {
    Kind.THEME: source.THEMES,
    Kind.PLATFORM: source.PLATFORMS,
    Kind.SHOW: source.SHOWS,
    Kind.CATEGORY: source.CATEGORIES,
    Kind.RESEARCH: source.RESEARCH,
    Kind.EDITOR: source.USERS,
}

_STATEMENT_SECONDS: Final = 300.0

# What asyncpg says when the server ends a connection, by the moment of it.
_CUT_OFF: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)


async def run(
    old: Server,
    new: Server,
    *,
    images_folder: Path | None,
    dry_run: bool,
    now: Callable[[], dt.datetime],
    progress: Callable[[str], None],
) -> Report:
    """
    Bring all of the *old* database into the *new* one, in one transaction.

    A dry run does the same and rolls it back.

    Raises:
        SourceError: the old database cannot be read.
        ImportFailedError: the new one cannot be written, or what it stores is not
            what was to be written. Nothing is left of the import.
    """
    content = await source.read(old, progress=progress)
    report = Report(source=content.address, dry_run=dry_run, notices=[*content.notices])
    images = FoundImages()
    if images_folder is None:
        report.notices += _image_notices(content)
    else:
        images = await find_images(content, images_folder, report.table(IMAGES), progress=progress)
    try:
        connection = await asyncpg.connect(
            **new.connect_arguments(), command_timeout=_STATEMENT_SECONDS
        )
        try:
            await _import(connection, content, images, report, now=now, progress=progress)
        finally:
            await connection.close(timeout=new.connect_seconds)
    except ImageRefusedError as error:
        raise ImportFailedError(str(error)) from error
    except (*_CUT_OFF, asyncpg.PostgresError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise ImportFailedError(f"cannot write to {new.address}: {reason}") from error
    return report


async def _import(
    connection: Connection,
    content: Source,
    images: FoundImages,
    report: Report,
    *,
    now: Callable[[], dt.datetime],
    progress: Callable[[str], None],
) -> None:
    if not await schema_ready(connection):
        raise ImportFailedError("the new database has no schema yet: run `tantrum-catalog migrate`")
    transaction = connection.transaction()
    await transaction.start()
    try:
        target = await Target.locked(connection, now=now())
        await _Importer(target, content, images, report, Writer(target, progress)).work()
    except BaseException:
        if not connection.is_closed():
            await transaction.rollback()
        raise
    if report.dry_run:
        await transaction.rollback()
    else:
        await transaction.commit()


class _Importer:
    """One import: each kind after those that it refers to."""

    def __init__(
        self, target: Target, content: Source, images: FoundImages, report: Report, writer: Writer
    ) -> None:
        self._target = target
        self._source = content
        self._images = images
        self._report = report
        self._writer = writer

    async def work(self) -> None:
        themes = await self._labels(Kind.THEME, wanted_themes)
        platforms = await self._labels(Kind.PLATFORM, wanted_platforms)
        await self._shows({*themes, *platforms})
        vocabulary = vocabulary_with(
            _vocabulary_of(themes, platforms), slug_by_old_name(self._source)
        )
        report = self._table(Kind.CATEGORY)
        await self._numbered(Kind.CATEGORY, wanted_categories(self._source, report, vocabulary))
        report = self._table(Kind.RESEARCH)
        await self._numbered(Kind.RESEARCH, wanted_research(self._source, report))
        await self._editors()
        self._tell_made_here()
        self._report.revision = await self._target.finish()

    async def _labels(
        self, kind: Kind, wanted_of: Callable[[Source, TableReport], list[Wanted]]
    ) -> Mapping[str, Present]:
        """Write a vocabulary, and return all of it."""
        report = self._table(kind)
        wanted = wanted_of(self._source, report)
        present = await self._target.present(kind)
        keys = {one.key for one in wanted}
        await self._writer.write(wanted, present, report, kind=kind, keys_in_source=keys)
        return await self._target.present(kind)

    async def _shows(self, labels: Collection[str]) -> None:
        report = self._table(Kind.SHOW)
        wanted = wanted_shows(
            self._source, report, image_by_id=self._images.id_by_show_id(), labels=labels
        )
        await self._store_images({one.key for one in wanted})
        present = await self._target.present(Kind.SHOW)
        imported = await self._target.imported(Kind.SHOW)
        featured = featured_to_keep(wanted, present, imported)
        wanted = without_second_feature(wanted, featured, report)
        done = await self._numbered(Kind.SHOW, wanted)
        written = [
            int(one.wanted.key) for one in done if one.action in (Action.INSERT, Action.UPDATE)
        ]
        await self._target.write_labels(written)
        if wrong := await self._target.wrong_labels(written):
            raise ImportFailedError(f"shows {wrong} do not have the themes they were to have")

    async def _store_images(self, show_keys: Collection[str]) -> None:
        if not self._images.by_show_id:
            return
        report = self._report.table(IMAGES)
        stored: set[str] = set()
        for show_id, found in self._images.by_show_id.items():
            if str(show_id) not in show_keys:
                report.refused.append(Finding(row=f"show {show_id}", reason="was refused itself"))
                continue
            content = await asyncio.to_thread(found.content)
            new = await self._target.put_image(StoredImage(image=found.image, content=content))
            report.inserted += new
            report.unchanged += not new
            stored.add(found.image.id)
        if wrong := await self._target.wrong_images(stored):
            raise ImportFailedError(f"pictures {wrong} are not stored as they were to be written")
        if not report.balanced:
            raise ImportFailedError("not all pictures are accounted for")

    async def _numbered(self, kind: Kind, wanted: Sequence[Wanted]) -> list[Done]:
        """Write rows that have ids and slugs."""
        report = self._table(kind)
        present = await self._target.present(kind)
        keys = {str(row["id"]) for row in self._source.table(report.table)}
        return await self._writer.write(
            fitted(wanted, present), present, report, kind=kind, keys_in_source=keys
        )

    async def _editors(self) -> None:
        report = self._table(Kind.EDITOR)
        imported = await self._target.imported(Kind.EDITOR)
        wanted = wanted_editors(self._source, report, imported)
        present = await self._target.present(Kind.EDITOR)
        keys = {one.key for one in wanted}
        await self._writer.write(wanted, present, report, kind=Kind.EDITOR, keys_in_source=keys)
        if report.ignored:
            self._report.notices.append(
                f"{report.ignored} rows of {report.table} are not imported: no administrators"
            )

    def _tell_made_here(self) -> None:
        kept = self._table(Kind.SHOW).kept
        count = sum(1 for one in kept if one.reason == MADE_HERE)
        if count:
            self._report.notices.append(
                f"{count} shows were here before any import, and stay: to have the old ones, "
                "import into a database that was migrated and not seeded"
            )

    def _table(self, kind: Kind) -> TableReport:
        return self._report.table(_TABLE_BY_KIND[kind])


def _image_notices(content: Source) -> list[str]:
    count = sum(1 for row in content.table(source.SHOWS) if row.get("image_url"))
    return [f"{count} shows name a picture; --images brings the files in"] if count else []


def _vocabulary_of(themes: Mapping[str, Present], platforms: Mapping[str, Present]) -> Vocabulary:
    return Vocabulary.of(
        [
            Theme(slug=Slug(slug), name=str(one.row["name"]), aliases=_texts(one.row["aliases"]))
            for slug, one in themes.items()
        ],
        [Platform(slug=Slug(slug), name=str(one.row["name"])) for slug, one in platforms.items()],
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else ()
