"""The routes of the old API, as rows of the one table that requests are parsed by."""

from __future__ import annotations

from tantrum_gateway.endpoints import Endpoint, Lifetime
from tantrum_gateway.old_api.parameters import LIST, QUERY, limit
from tantrum_gateway.old_api.reads import FOUND_SHOWS, POPULAR_SHOWS, SIMILAR_SHOWS, OldReads
from tantrum_gateway.parameters import Parameter
from tantrum_gateway.reads import Read


def old_endpoints(reads: OldReads) -> tuple[Endpoint, ...]:
    """Return the endpoints that *reads* answers."""

    def one(
        path: str,
        summary: str,
        read: Read,
        lifetime: Lifetime,
        *parameters: Parameter,
        media_type: str = "application/json",
    ) -> Endpoint:
        return Endpoint(
            path=path,
            summary=summary,
            tag="Old API",
            read=read,
            lifetime=lifetime,
            media_type=media_type,
            parameters=parameters,
            lenient=True,
        )

    shows, categories = Lifetime.SHOWS, Lifetime.CATEGORIES
    vocabularies = Lifetime.VOCABULARIES
    return (
        one("/api/tv-shows", "List shows", reads.list_shows, shows, *LIST),
        one("/api/tv-shows/{id}", "Get a show", reads.get_show, shows),
        one(
            "/api/tv-shows/similar/{id}",
            "List shows that are like one",
            reads.list_similar_shows,
            shows,
            limit(SIMILAR_SHOWS),
        ),
        one(
            "/api/shows/popular",
            "List shows, the featured one first",
            reads.list_popular_shows,
            shows,
            limit(POPULAR_SHOWS),
        ),
        one("/api/shows/featured", "Get the featured show", reads.get_featured_show, shows),
        one(
            "/api/search",
            "Find shows",
            reads.find_shows,
            Lifetime.SEARCH,
            QUERY,
            limit(FOUND_SHOWS),
        ),
        one("/api/themes", "List themes", reads.list_themes, vocabularies),
        one("/api/platforms", "List platforms", reads.list_platforms, vocabularies),
        one("/api/research", "List research summaries", reads.list_research, shows),
        one("/api/research/{id}", "Get a research summary", reads.get_research, shows),
        one("/api/homepage-categories", "List categories", reads.list_categories, categories),
        one(
            "/api/homepage-categories/{id}/shows",
            "List the shows of a category",
            reads.list_category_shows,
            categories,
        ),
        one(
            "/images/tv-shows/{file}",
            "Get the picture of a show",
            reads.get_jpeg_cover,
            shows,
            media_type="image/jpeg",
        ),
        one(
            "/sitemap.xml",
            "List the pages of the site",
            reads.get_sitemap,
            categories,
            media_type="application/xml",
        ),
    )
