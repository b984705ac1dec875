"""Asks a site's GraphQL as clients do."""

from __future__ import annotations

from typing import Any

import httpx

from .conftest import Site


async def post(site: Site, query: str, /, **variables: Any) -> httpx.Response:
    return await site.http.post("/graphql", json={"query": query, "variables": variables})


async def data(site: Site, query: str, /, **variables: Any) -> Any:
    """What *query* answers with, where nothing fails."""
    response = await post(site, query, **variables)
    answer = response.json()
    assert response.status_code == 200, answer
    assert "errors" not in answer, answer
    return answer["data"]


async def errors(site: Site, query: str, /, **variables: Any) -> list[dict[str, Any]]:
    """The errors of *query*, which is answered by some."""
    found: list[dict[str, Any]] = (await post(site, query, **variables)).json()["errors"]
    return found


async def error(site: Site, query: str, /, **variables: Any) -> dict[str, Any]:
    """The one error of *query*."""
    (found,) = await errors(site, query, **variables)
    return found
