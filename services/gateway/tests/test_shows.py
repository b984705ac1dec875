"""The endpoints, through HTTP, over the shows that the product ships."""

from __future__ import annotations

from .conftest import Site


async def test_all_shows_come_by_name_in_pages_of_twenty(site: Site):
    page = await site.json("/v1/shows")

    assert page["totalSize"] == 302
    assert len(page["shows"]) == 20
    assert page["nextPageToken"]
