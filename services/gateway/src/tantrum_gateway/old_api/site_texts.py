"""What the site tells crawlers, advertisers and language models at fixed addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

_PAGES: Final = ("/", "/browse", "/compare", "/research", "/about")
# What the IAB's specification has for sites on which nobody may sell: an empty file says nothing.
_NOBODY: Final = "placeholder.example.com, placeholder, DIRECT, placeholder"

Place = tuple[str, str]
"""A slug or path, fit for addresses, and the day of its last change; empty if it has none."""


def fixed_texts(*, site_url: str, ads_txt: str) -> dict[str, str]:
    """Return the texts that depend on settings alone, by path."""
    return {
        "/ads.txt": f"{ads_txt.strip() or _NOBODY}\n",
        "/llms.txt": _llms(site_url),
        "/robots.txt": (
            "User-agent: *\nDisallow: /admin\nDisallow: /v1/admin\n\n"
            f"Sitemap: {site_url}/sitemap.xml\n"
        ),
    }


def sitemap(
    site_url: str, *, shows: Iterable[Place], categories: Iterable[Place], research: Iterable[Place]
) -> str:
    """Return the sitemap of the pages and of all these, each a slug with its day."""
    places = [
        *((path, "") for path in _PAGES),
        *((f"/browse?category={slug}", day) for slug, day in categories),
        *((f"/shows/{slug}", day) for slug, day in shows),
        *((f"/research/{slug}", day) for slug, day in research),
    ]
    urls = "".join(_url(f"{site_url}{path}", day) for path, day in places)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )


def _url(address: str, day: str) -> str:
    changed = f"<lastmod>{day}</lastmod>" if day else ""
    return f"<url><loc>{escape(address)}</loc>{changed}</url>\n"


def _llms(site_url: str) -> str:
    return f"""# TV Tantrum

> Helps parents choose children's television by how stimulating it is. Each show has a score from
> 1 (calm) to 5 (intense) and seven sensory levels, from the tempo of the music to how often the
> scene changes.

## API

- [Documentation]({site_url}/docs): every path and parameter, with examples
- [OpenAPI]({site_url}/v1/openapi.json): the same for programs
- [Shows]({site_url}/v1/shows): filter by ages, stimulation, themes and senses
- [Search]({site_url}/v1/search?q=bluey): find shows by name, typing errors forgiven
- [Categories]({site_url}/v1/home): what the home page shows

## Research

- [Studies]({site_url}/v1/research): on children and screens, summarised, with their sources

## Optional

- [Sitemap]({site_url}/sitemap.xml): every page
"""
