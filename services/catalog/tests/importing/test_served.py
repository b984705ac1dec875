"""What came in by an import is served like everything else."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from grpc import aio
from tantrum_catalog import app
from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.seed import catalogue_in
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher
from tantrum_catalog.storage.stores import postgres_stores
from tantrum_kit import postgres
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import (
    catalog_service_pb2_grpc,
    editor_service_pb2,
    editor_service_pb2_grpc,
)

from .old_database import ADMIN_EMAIL, ADMIN_PASSWORD, CATALOGUE, clean_database

pytestmark = pytest.mark.integration


@contextlib.asynccontextmanager
async def store_of(site):
    async with postgres.opened(
        site.new_server,
        postgres.Limits(size_min=0, size_max=8),
        unavailable=CatalogUnavailableError,
    ) as database:
        yield postgres_stores(Databases(database), now=lambda: site.now, batches_kept=100)


async def test_an_import_of_the_shipped_shows_gives_the_shipped_shows(site):
    await clean_database().write(site.old)
    await site.import_all()

    async with store_of(site) as stores:
        found = await stores.catalog.shows_by_id(range(1, 400), min_revision=Revision(1))

    shipped = {show.id: show for show in catalogue_in(CATALOGUE).shows}
    assert {number: show.slug for number, show in found.value.items()} == {
        number: show.slug for number, show in shipped.items()
    }
    for number, show in shipped.items():
        # The shipped aliases are of old names, which these rows have no more.
        wanted = dataclasses.replace(show.facts, aliases=found.value[number].facts.aliases)
        assert found.value[number].facts == wanted


async def test_shows_home_feed_and_editors_are_served_over_grpc(site):
    await clean_database().write(site.old)
    report = await site.import_all()

    async with store_of(site) as stores:
        options = app.Options(address="127.0.0.1:0", page_token_key=b"only-for-this-test")
        async with (
            app.serving(stores, ThreadedPasswordHasher(), options) as port,
            aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            catalog = catalog_service_pb2_grpc.CatalogServiceStub(channel)
            shows = await catalog.ListShows(pb.ListShowsRequest(), timeout=20)
            home = await catalog.GetHome(pb.GetHomeRequest(), timeout=20)
            watch = catalog.WatchCatalog(pb.WatchCatalogRequest(from_revision=0), timeout=20)
            batch = await watch.read()
            watch.cancel()
            signed_in = await editor_service_pb2_grpc.EditorServiceStub(channel).SignIn(
                editor_service_pb2.SignInRequest(email=ADMIN_EMAIL, password=ADMIN_PASSWORD),
                timeout=20,
            )

    assert (shows.total_size, shows.catalog_revision) == (302, report.revision)
    assert [row.category.slug for row in home.rows][:2] == [Slug("calm"), Slug("preschool")]
    assert all(row.category.show_count for row in home.rows)
    assert (batch.revision, len(batch.changes)) == (1, 190 + 2 + 302 + 9 + 19)
    assert signed_in.editor.id == 7
