"""The few pages for people: the start page, the documentation of the API, its problems."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from html import escape
from importlib import resources as files
from typing import Final

import msgspec

from tantrum_gateway import openapi, problems, security
from tantrum_gateway.answers import FOREVER, Answer
from tantrum_gateway.endpoints import ENDPOINTS, Endpoint
from tantrum_gateway.parameters import Choice, Ids, Names, Order, Parameter
from tantrum_gateway.reads import JSON

HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"

_ICON: Final = "/favicon.svg"

_REFERRER: Final = (b"referrer-policy", b"same-origin")
_NONCE: Final = "{nonce}"
_NONCE_BYTES: Final = 16
# A page that is kept would come with a nonce that its policy does not name, or that others know.
_PAGE_CACHING: Final = "private, no-cache"
_EXAMPLES: Final = (
    ("/v1/shows?maxStimulation=2&minAge=4&maxAge=4", "Calm shows for a four-year-old"),
    ("/v1/shows/bluey/similar?calmer=true", "What is like Bluey, but calmer"),
    ("/v1/search?q=blues+clues", "Search"),
    ("/v1/home", "The home page"),
    ("/v1/research", "Research"),
    ("/api/health", "How the service is"),
)
_EXAMPLE_KEYS: Final = {
    "/v1/categories/{id}": "calm",
    "/v1/categories/{id}/shows": "calm",
    "/v1/research/{slug}": "1",
    "/images/{id}": "id",
}
_COVERS: Final = ("bluey", "peppa-pig", "sesame-street", "numberblocks", "the-octonauts")


def fixed_pages(
    *, version: str, texts: Mapping[str, str], max_age_seconds: int
) -> dict[str, Answer]:
    """Return the files that never change while the gateway runs, plain *texts* too, by path."""
    document = openapi.document(ENDPOINTS, version=version)
    contents = {
        "/docs/pages.css": (_static("pages.css"), "text/css; charset=utf-8"),
        "/docs/docs.js": (_static("docs.js"), "text/javascript; charset=utf-8"),
        _ICON: (_static("favicon.svg"), "image/svg+xml; charset=utf-8"),
        openapi.PATH: (msgspec.json.encode(document).decode(), JSON),
        **{path: (text, TEXT) for path, text in texts.items()},
    }
    cache_control = f"public, max-age={max_age_seconds}"
    # What browsers ask for where no page names an icon, such as beside JSON.
    old_icon = Answer(
        status=308,
        body=b"",
        media_type=TEXT,
        cache_control=cache_control,
        catalog_revision=FOREVER,
        route="/favicon.ico",
        extra_headers=[(b"location", _ICON.encode())],
    )
    return {"/favicon.ico": old_icon} | {
        path: Answer(
            body=body.encode(),
            media_type=media_type,
            cache_control=cache_control,
            catalog_revision=FOREVER,
            route=path,
        )
        for path, (body, media_type) in contents.items()
    }


def html_pages() -> dict[str, Callable[[], Awaitable[Answer]]]:
    """Return what makes the HTML pages, by path: each time anew, with a nonce of its own."""
    templates = {
        "/": _start(),
        "/docs": _docs(),
        **{f"/problems/{one.name}": _problem(one) for one in problems.TYPES},
    }
    return {path: _with_nonces(path, template) for path, template in templates.items()}


def _with_nonces(path: str, template: str) -> Callable[[], Awaitable[Answer]]:
    async def page() -> Answer:
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        return Answer(
            body=template.replace(_NONCE, nonce).encode(),
            media_type=HTML,
            cache_control=_PAGE_CACHING,
            catalog_revision=FOREVER,
            route=path,
            extra_headers=[security.page_policy(nonce), _REFERRER],
        )

    return page


def _page(title: str, lead: str, main: str, *, scripts: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="{_ICON}" type="image/svg+xml">'
        f'<link rel="stylesheet" href="/docs/pages.css" nonce="{_NONCE}">{scripts}</head>'
        f"<body><header><h1>{escape(title)}</h1><p>{lead}</p></header><main>{main}</main>"
        "</body></html>"
    )


def _start() -> str:
    examples = "".join(
        f'<li><a href="{escape(path)}">{escape(text)}</a> <code>{escape(path)}</code></li>'
        for path, text in _EXAMPLES
    )
    covers = "".join(
        f'<li><a href="/v1/shows/{slug}"><img src="/covers/{slug}.svg" width="120" height="180" '
        f'alt="{slug.replace("-", " ").title()}"></a></li>'
        for slug in _COVERS
    )
    return _page(
        "TV Tantrum",
        "Children's television by how stimulating it is.",
        f'<ul class="covers">{covers}</ul><h2>Try</h2><ul>{examples}</ul>'
        '<h2>Read</h2><ul><li><a href="/docs">The API, with forms to try it</a></li>'
        f'<li><a href="{openapi.PATH}">The same for programs: OpenAPI 3.1</a></li>'
        '<li><a href="/graphql">The same as GraphQL, with GraphiQL to try it</a></li></ul>',
    )


def _docs() -> str:
    sections = "".join(
        f"<section><h2>{escape(tag)}</h2>{''.join(map(_operation, endpoints))}</section>"
        for tag, endpoints in itertools.groupby(ENDPOINTS, key=lambda one: one.tag)
    )
    return _page(
        "TV Tantrum API",
        f'All that can be read, with forms to try it. <a href="{openapi.PATH}">OpenAPI 3.1</a> · '
        '<a href="/">Start</a>',
        sections + _problem_list(),
        scripts=f'<script src="/docs/docs.js" nonce="{_NONCE}" defer></script>',
    )


def _operation(endpoint: Endpoint) -> str:
    rows = "".join(_rows(endpoint))
    table = (
        "<table><thead><tr><th>Parameter</th><th>Value</th><th>Meaning</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        if rows
        else "<p>No parameters.</p>"
    )
    return (
        f'<details id="{endpoint.read.__name__}"><summary><code>GET {escape(endpoint.path)}</code>'
        f'{_marked_up(endpoint.summary)}</summary><form data-path="{escape(endpoint.path)}">{table}'
        "<button>Try it</button><output></output></form></details>"
    )


def _rows(endpoint: Endpoint) -> Iterable[str]:
    if endpoint.key_doc:
        name = openapi.key_name(endpoint)
        example = _EXAMPLE_KEYS.get(endpoint.path, "bluey")
        field = f'<input name="{name}" data-key="1" placeholder="{example}"'
        yield _row(name, field, "path", endpoint.key_doc)
    for parameter in endpoint.parameters:
        more = ' data-repeatable="1"' if parameter.at_most > 1 else ""
        field = f'<input name="{parameter.name}"{more}'
        yield _row(parameter.name, field, _type_of(parameter), parameter.doc)


def _row(name: str, field: str, kind: str, doc: str) -> str:
    return (
        f'<tr><th scope="row"><code>{name}</code><br><span class="type">{escape(kind)}</span></th>'
        f'<td>{field} aria-label="{name}"></td><td>{_marked_up(doc)}</td></tr>'
    )


def _marked_up(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _type_of(parameter: Parameter) -> str:
    text = _type_of_one(parameter)
    if parameter.at_most > 1:
        # A value may hold a comma, so that only repetition tells several apart.
        return f"{text}; repeat it for several (in this form: | between them)"
    return text


def _type_of_one(parameter: Parameter) -> str:
    kind = parameter.kind
    schema = kind.schema()
    if isinstance(kind, Order):
        return f"{_choice(kind.names)}, perhaps with asc or desc behind it"
    if isinstance(kind, Names):
        return f"comma list of {_choice(kind.names)}"
    if isinstance(kind, Ids):
        return f"comma list of 1 to {kind.at_most} whole numbers"
    if isinstance(kind, Choice):
        return _choice(kind.tokens)
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return str(schema["type"])


def _choice(names: Sequence[str]) -> str:
    return " | ".join(names)


def _problem_list() -> str:
    items = "".join(
        f'<li><a href="/problems/{one.name}">{escape(one.title)}</a></li>' for one in problems.TYPES
    )
    return f"<section><h2>Problems</h2><ul>{items}</ul></section>"


def _problem(one: problems.ProblemType) -> str:
    return _page(
        one.title, escape(one.name), f'<p>{_marked_up(one.advice)}</p><a href="/docs">API</a>'
    )


def _static(name: str) -> str:
    return files.files("tantrum_gateway").joinpath("static", name).read_text()
