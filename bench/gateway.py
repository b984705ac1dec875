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
from pathlib import Path

import httpx

from bench import nginx, wrk
from bench.product import Product
from bench.report import bar, table, title

_PATHS = ("/v1/shows", "/v1/shows/bluey")
_ROUNDS = 3
_SECONDS = 5

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
    """Print hits beside nginx; return whether the bar of 0.5 is held."""
    held = True
    for path in _PATHS:
        title(f"{path}: a hit, 32 connections, one worker")
        body = httpx.get(product.gateway_url + path).raise_for_status().content
        with (
            tempfile.TemporaryDirectory() as folder,
            nginx.serving(Path(folder), {"file": body}) as url,
        ):
            pairs = [
                (
                    wrk.run(f"{url}/file", duration_seconds=_SECONDS),
                    wrk.run(product.gateway_url + path, duration_seconds=_SECONDS),
                )
                for _ in range(_ROUNDS)
            ]
        rows = []
        for number, (yardstick, ours) in enumerate(pairs, 1):
            rows += [_row(f"nginx {number}", yardstick), _row(f"gateway {number}", ours)]
        table(_HEAD, rows)
        ratio = statistics.median(
            ours.requests_per_second / yardstick.requests_per_second for yardstick, ours in pairs
        )
        print(f"  the body has {len(body):,} bytes")
        held &= bar("gateway / nginx", ratio, at_least=0.5)
        held &= bar("errors", sum(ours.error_count for _, ours in pairs), at_most=0)
    return held


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
