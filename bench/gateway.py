"""
The gateway against nginx serving the same bytes from a file, and on a cold cache.

nginx and the gateway take turns, so that a machine whose speed drifts weighs on
both; the ratio is the median of the pairs. On a cold cache every request asks
what nobody asked before (another upper year, which all shows pass), so that it
reaches catalog and PostgreSQL.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench import nginx, wrk
from bench.product import Product
from bench.report import bar, table, title

_PATHS = ("/v1/shows", "/v1/shows/bluey")
_ROUNDS = 3
_CLIENTS = 5_000
_SECONDS = 5

# Requests that a proxy would pass on for one client after the other.
_MANY_CLIENTS = f"""
local requests, n = {{}}, 0
init = function()
  for client = 0, {_CLIENTS - 1} do
    wrk.headers['X-Forwarded-For'] = string.format('198.18.%d.%d', client / 125, client % 125)
    requests[client + 1] = wrk.format('GET')
  end
end
request = function()
  n = n % #requests + 1
  return requests[n]
end
"""

# Longer and later than any show, so that the same 20 come; 36,000 different questions.
_COLD_LIST = "'/v1/shows?maxMinutes=' .. 121 + n % 480 .. '&maxYear=' .. 2026 + floor(n / 480) % 75"
# Three of the fields of each show; 465,000 different questions.
_COLD_SHOW = (
    "'/v1/shows/' .. slugs[n % #slugs + 1] .. '?fields=' .. sets[floor(n / #slugs) % #sets + 1]"
)

_SCRIPT = """
{tables}
local floor = math.floor
local n = 0
request = function()
  n = n + 1
  return wrk.format('GET', {expression})
end
"""

_HEAD = ("", "req/s", "p50 ms", "p95 ms", "p99 ms", "errors")


def hits(product: Product) -> bool:
    """Print hits, and 304s in their place, beside nginx; return whether every bar is held."""
    held = True
    for path in _PATHS:
        title(f"{path}: a hit, 32 connections, one worker, {_CLIENTS:,} clients with limits")
        url = product.gateway_url + path
        # As wrk asks, or the tag would be that of another coding, which it never gets.
        plain = {"Accept-Encoding": "identity"}
        answer = httpx.get(url, headers=plain).raise_for_status()
        known = {"If-None-Match": answer.headers["etag"]}
        with (
            tempfile.TemporaryDirectory() as folder,
            nginx.serving(Path(folder), {"file": answer.content}) as file_url,
        ):
            rounds = [
                (
                    _from_many_clients(f"{file_url}/file"),
                    _from_many_clients(url),
                    _from_many_clients(url, f"If-None-Match: {known['If-None-Match']}"),
                )
                for _ in range(_ROUNDS)
            ]
        rows = []
        for number, loads in enumerate(rounds, 1):
            names = (f"nginx {number}", f"gateway {number}", f"gateway {number}, 304")
            rows += [_row(name, load) for name, load in zip(names, loads, strict=True)]
        table(_HEAD, rows)
        print(f"  the body has {len(answer.content):,} bytes")
        held &= bar("gateway / nginx", _ratio(rounds, 1, 0), at_least=0.5)
        held &= bar("304 / 200", _ratio(rounds, 2, 1), at_least=1)
        confirmed = httpx.get(url, headers=plain | known).status_code == httpx.codes.NOT_MODIFIED
        held &= bar("the tag is confirmed", confirmed, at_least=1)
        errors = sum(load.error_count for _, *ours in rounds for load in ours)
        held &= bar("errors", errors, at_most=0)
    return held


def _from_many_clients(url: str, *headers: str) -> wrk.Load:
    return wrk.run(url, duration_seconds=_SECONDS, script=_MANY_CLIENTS, headers=headers)


def _ratio(rounds: Sequence[Sequence[wrk.Load]], upper: int, lower: int) -> float:
    """Return the median over the rounds of how many times the requests of a load another has."""
    return statistics.median(
        loads[upper].requests_per_second / loads[lower].requests_per_second for loads in rounds
    )


def misses(product: Product) -> bool:
    """Print answers that no cache has; return whether every one came from catalog, and well."""
    title("the same on a cold cache, 32 connections: every request reaches catalog")
    held = True
    rows = []
    for path, script in _cold_scripts(product):
        before = _catalog_calls(product)
        load = wrk.run(product.gateway_url, duration_seconds=_SECONDS, script=script)
        calls = _catalog_calls(product) - before
        rows.append((*_row(path, load), calls / load.request_count))
        held &= bar(
            f"{path}: calls of catalog a request", calls / load.request_count, at_least=0.99
        )
        held &= bar(f"{path}: errors", load.error_count, at_most=0)
    table((*_HEAD, "calls a request"), rows)
    return held


def _cold_scripts(product: Product) -> list[tuple[str, str]]:
    [slugs, fields] = _slugs_and_fields(product)
    sets = [",".join(subset) for subset in itertools.combinations(fields, 3)]
    tables = f"local slugs = {_lua(slugs)}\nlocal sets = {_lua(sets)}\n"
    return [
        (path, _SCRIPT.format(tables=tables, expression=expression))
        for path, expression in (("/v1/shows", _COLD_LIST), ("/v1/shows/{slug}", _COLD_SHOW))
    ]


def _slugs_and_fields(product: Product) -> tuple[list[str], list[str]]:
    slugs: list[str] = []
    token = ""
    while True:
        page = httpx.get(
            f"{product.gateway_url}/v1/shows", params={"pageSize": 100, "pageToken": token}
        ).json()
        slugs += [show["slug"] for show in page["shows"]]
        token = page["nextPageToken"]
        if not token:
            return slugs, list(page["shows"][0])


def _lua(texts: list[str]) -> str:
    return "{" + ",".join(f'"{text}"' for text in texts) + "}"


def _catalog_calls(product: Product) -> float:
    lines = httpx.get(product.gateway_metrics_url).raise_for_status().text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith("tantrum_gateway_upstream_calls_total{") and 'upstream="catalog"' in line
    )


def _row(name: str, load: wrk.Load) -> tuple[str, float, float, float, float, int]:
    return (name, load.requests_per_second, load.p50_ms, load.p95_ms, load.p99_ms, load.error_count)
