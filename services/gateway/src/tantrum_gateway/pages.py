"""The few pages for people: the start page, the documentation of the API, its problems."""

from __future__ import annotations

from html import escape
from typing import Final

import msgspec

from tantrum_gateway import openapi, problems
from tantrum_gateway.answers import FOREVER, Answer
from tantrum_gateway.endpoints import ENDPOINTS
from tantrum_gateway.reads import JSON

HTML: Final = "text/html; charset=utf-8"


def fixed_pages(*, version: str, max_age_seconds: int) -> dict[str, Answer]:
    """Return the pages that never change while the gateway runs, by path."""
    document = openapi.document(ENDPOINTS, version=version)
    contents = {
        "/": (_start(), HTML),
        openapi.PATH: (msgspec.json.encode(document).decode(), JSON),
        **{f"/problems/{one.name}": (_problem(one), HTML) for one in problems.TYPES},
    }
    return {
        path: _answer(path, body, media_type, max_age_seconds)
        for path, (body, media_type) in contents.items()
    }


def _answer(path: str, body: str, media_type: str, max_age_seconds: int) -> Answer:
    return Answer(
        body=body.encode(),
        media_type=media_type,
        cache_control=f"public, max-age={max_age_seconds}",
        catalog_revision=FOREVER,
        route=path,
    )


def _start() -> str:
    return "<!doctype html><title>TV Tantrum</title>"


def _problem(one: problems.ProblemType) -> str:
    return f"<!doctype html><title>{escape(one.title)}</title><p>{escape(one.advice)}"
