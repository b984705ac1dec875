"""
GraphiQL, for people with a browser. Its files are vendored: see `static/graphiql-…/README.md`.

Their folder has the version in its name, so that they never change under their addresses.
"""

from __future__ import annotations

import functools
from importlib import resources as files
from typing import Final

from tantrum_gateway.answers import FOREVER, Answer
from tantrum_gateway.graphql.schema import SDL

_FOLDER: Final = "graphiql-3.9.0"
_HTML: Final = "text/html; charset=utf-8"
_CSS: Final = "text/css; charset=utf-8"
_SCRIPT: Final = "text/javascript; charset=utf-8"
_VENDORED: Final = {
    "graphiql.min.css": _CSS,
    "react.production.min.js": _SCRIPT,
    "react-dom.production.min.js": _SCRIPT,
    "graphiql.min.js": _SCRIPT,
}
_OWN: Final = {"graphiql.css": _CSS, "graphiql.js": _SCRIPT}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    # Its editor writes styles of its own, and its fonts are in its style sheet.
    b"style-src 'self' 'unsafe-inline'; font-src data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = [(b"content-security-policy", _POLICY), (b"referrer-policy", b"same-origin")]


@functools.cache
def page() -> Answer:
    """Return the page that is GraphiQL."""
    vendored = [f"/docs/{_FOLDER}/{name}" for name in _VENDORED]
    own = [f"/docs/{name}" for name in _OWN]
    styles = [path for path in vendored + own if path.endswith(".css")]
    scripts = [path for path in vendored + own if path.endswith(".js")]
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>TV Tantrum GraphQL</title>"
        '<link rel="icon" href="/favicon.svg" type="image/svg+xml">'
        + "".join(f'<link rel="stylesheet" href="{path}">' for path in styles)
        + "".join(f'<script src="{path}" defer></script>' for path in scripts)
        + '</head><body><div id="graphiql">GraphiQL needs JavaScript. '
        '<a href="/docs/schema.graphql">The schema</a> does not.</div></body></html>'
    )
    return Answer(
        body=body.encode(),
        media_type=_HTML,
        cache_control="no-cache",
        catalog_revision=FOREVER,
        route="/graphql",
        extra_headers=_HEADERS,
    )


def fixed_pages(*, schema: bool, max_age_seconds: int) -> dict[str, Answer]:
    """Return what the page loads, by path, and the schema as a text unless it is a secret."""
    short = f"public, max-age={max_age_seconds}"
    found = {
        f"/docs/{_FOLDER}/{name}": _file(f"{_FOLDER}/{name}", kind, _IMMUTABLE)
        for name, kind in _VENDORED.items()
    } | {f"/docs/{name}": _file(name, kind, short) for name, kind in _OWN.items()}
    if schema:
        found["/docs/schema.graphql"] = _text(SDL.encode(), "text/plain; charset=utf-8", short)
    return found


def _file(name: str, media_type: str, cache_control: str) -> Answer:
    content = files.files("tantrum_gateway").joinpath("static", name).read_bytes()
    return _text(content, media_type, cache_control)


def _text(content: bytes, media_type: str, cache_control: str) -> Answer:
    return Answer(
        body=content,
        media_type=media_type,
        cache_control=cache_control,
        catalog_revision=FOREVER,
        route="/docs",
    )
