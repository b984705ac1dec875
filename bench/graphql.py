"""GraphQL beside REST: a page of 20 that is made each time, and a persisted document from L1."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlencode

import httpx

from bench import wrk
from bench.product import Product
from bench.report import bar, table, title

_PAGE = """{ shows(first: 20) { totalCount pageInfo { endCursor } nodes {
  databaseId slug name description ages { min max } stimulation animationStyle creator seasons
  senses { dialogue sceneFrequency soundEffects soundEffectTime musicTempo music interactivity }
  themes { slug name } platforms { slug name } cover { url width height } releaseYear endYear
  ongoing youtube featured revision updateTime episodeMinutes } } }"""
_SHOW = """query Show($slug: String!) { show(by: { slug: $slug }) { name stimulation description
  senses { dialogue sceneFrequency soundEffects soundEffectTime musicTempo music interactivity }
  similar(first: 4) { nodes { slug name stimulation } } } }"""
_SHOW_ID = f"sha256:{hashlib.sha256(_SHOW.encode()).hexdigest()}"
_VARIABLES = {"slug": "bluey"}

# Later than any show, so that all pass and nobody asked before.
_COLD_LIST = """
local n = 0
request = function()
  n = n + 1
  return wrk.format('GET', '/v1/shows?maxMinutes=' .. 121 + n % 480
    .. '&maxYear=' .. 2026 + math.floor(n / 480) % 75)
end
"""
_POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{body}]==]
"""
_SECONDS = 4


def costs(product: Product) -> bool:
    """Print what GraphQL costs; return whether it costs no more than it may."""
    title("GraphQL beside REST, 32 connections, one worker")
    url = product.gateway_url
    persisted = {"query": _SHOW, "documentId": _SHOW_ID, "variables": _VARIABLES}
    httpx.post(f"{url}/graphql", json=persisted).raise_for_status()
    address = urlencode({"documentId": _SHOW_ID, "variables": json.dumps(_VARIABLES)})
    loads = {
        "a page of 20 by REST, on a cold cache": wrk.run(
            url, duration_seconds=_SECONDS, script=_COLD_LIST
        ),
        "the same by GraphQL": _posted(url, {"query": _PAGE}),
        "a show with similar ones, posted": _posted(url, {"query": _SHOW, "variables": _VARIABLES}),
        "the same, persisted, by GET": wrk.run(
            f"{url}/graphql?{address}", duration_seconds=_SECONDS
        ),
    }
    table(
        ("", "req/s", "p50 ms", "p95 ms", "errors"),
        [
            (name, one.requests_per_second, one.p50_ms, one.p95_ms, one.error_count)
            for name, one in loads.items()
        ],
    )
    rest, ours, posted, got = (one.requests_per_second for one in loads.values())
    held = bar("a page by GraphQL / by REST", ours / rest, at_least=0.25)
    held &= bar("persisted / posted", got / posted, at_least=5)
    return held & bar("errors", sum(one.error_count for one in loads.values()), at_most=0)


def _posted(url: str, body: object) -> wrk.Load:
    script = _POST.format(body=json.dumps(body))
    return wrk.run(f"{url}/graphql", duration_seconds=_SECONDS, script=script)
