"""How the old API reads the catalogue: whole, at one revision, and seldom."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import eventually, sited
from .fakes import PNG, FakeCatalog, make_show, show_pb2


class WrittenMeanwhile(FakeCatalog):
    """Is written to, once, between two pages of a list of shows."""

    written = False

    async def ListShows(self, request, context):  # noqa: N802
        if request.page_token and not self.written:
            self.written = True
            await self.write(make_show(id=901, slug="aaa", name="Aaa", revision=8))
        return await super().ListShows(request, context)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/tv-shows", 4),
        ("/api/tv-shows?themes=No+such+theme", 6),
        ("/api/tv-shows/31", 1),
        ("/api/shows/popular", 4),
        ("/api/shows/featured", 4),
        ("/api/search?q=blue", 4),
        ("/api/tv-shows/similar/31", 4),
        ("/api/themes", 2),
        ("/api/platforms", 1),
        ("/api/research", 1),
        ("/api/research/1", 1),
        ("/api/homepage-categories", 3),
        ("/api/homepage-categories/1/shows", 4),
        ("/images/tv-shows/show-31-Bluey.jpg", 1),
        ("/sitemap.xml", 6),
    ],
)
async def test_an_answer_costs_a_call_for_each_page_of_what_it_holds(site, path, most):
    await site.get(path)

    assert 1 <= len(site.catalog.calls) <= most
    site.catalog.calls.clear()
    assert (await site.get(path)).headers["catalog-revision"] == "7"
    assert not site.catalog.calls


async def test_other_parameters_ask_the_catalogue_nothing_until_it_is_written(site):
    await asyncio.gather(*(site.json(f"/api/tv-shows?limit={number}") for number in range(20)))
    assert site.catalog.counts["ListShows"] == 4
    await site.json("/api/search?q=bluey")
    await site.json("/api/tv-shows/similar/31")
    assert site.catalog.counts["ListShows"] == 4

    await site.catalog.write(make_show(id=901, slug="new", name="New"))

    async def seen() -> bool:
        return 901 in [row["id"] for row in await site.json("/api/search?q=new")]

    await eventually(seen)
    assert 901 in [row["id"] for row in await site.json("/api/tv-shows")]


async def test_a_whole_list_is_of_one_revision_whoever_writes_meanwhile():
    async with sited(catalog=WrittenMeanwhile()) as site:
        response = await site.get("/api/tv-shows")

    found = [row["id"] for row in response.json()]
    assert response.headers["catalog-revision"] == "8"
    assert len(found) == len(set(found)) == 303
    assert 901 in found


async def test_a_restored_catalogue_is_read_anew(site):
    await site.json("/api/tv-shows?limit=1")
    site.catalog.shows = [show for show in site.catalog.shows if show.id != 31]
    site.catalog.history_from = 3

    await site.catalog.restore(3)

    async def restored() -> bool:
        return not await site.json("/api/search?q=bluey")

    await eventually(restored)


async def test_old_answers_go_through_the_caches_as_all_others(site):
    first = await site.get("/api/tv-shows", accept_encoding="br")
    again = await site.get(
        "/api/tv-shows", accept_encoding="br", if_none_match=first.headers["etag"]
    )

    assert first.headers["content-encoding"] == "br"
    assert "s-maxage" in first.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")


async def test_the_sitemap_has_every_show_category_and_study():
    async with sited(site_url="https://shows.example") as site:
        response = await site.get("/sitemap.xml", accept_encoding="gzip")
        robots = await site.get("/robots.txt")
        llms = await site.get("/llms.txt")

    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    assert response.headers["content-encoding"] == "gzip"
    for kind, items in (
        ("shows/", site.catalog.shows),
        ("browse?category=", site.catalog.categories),
        ("research/", site.catalog.research),
    ):
        for one in items:
            assert f"<loc>https://shows.example/{kind}{one.slug}</loc>" in response.text
    assert response.text.count("<url>") == 5 + 302 + 9 + len(site.catalog.research)
    assert "Sitemap: https://shows.example/sitemap.xml\n" in robots.text
    assert llms.text.startswith("# TV Tantrum\n\n> ")
    assert "https://shows.example/docs" in llms.text


async def test_advertisers_are_those_that_a_setting_names():
    async with sited() as site:
        assert (await site.get("/ads.txt")).text.startswith("placeholder.example.com, ")
    line = "ads.example, pub-1, DIRECT, f08c47fec0942fa0"
    async with sited(ads_txt=f"{line}\n") as site:
        response = await site.get("/ads.txt")

    assert response.text == f"{line}\n"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


async def test_an_uploaded_picture_stands_in_for_the_drawn_cover():
    show = make_show(image=show_pb2.Image(id="picture-1", media_type="image/png"))
    async with sited(catalog=FakeCatalog([show])) as site:
        response = await site.get("/images/tv-shows/show-1-Blue_Day.jpg")

    assert response.content == PNG
    assert response.headers["content-type"] == "image/png"
