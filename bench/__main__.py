"""`python -m bench` measures the product on this machine and prints figures beside bars."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
from collections.abc import Collection

from tantrum_stack.errors import StackError

from bench import (
    catalog,
    failover,
    freshness,
    gateway,
    graphql,
    outdated,
    peak,
    scalers,
    search,
    tracing,
)
from bench.product import Product, running
from bench.report import table, title

_PARTS = (
    "gateway",
    "graphql",
    "freshness",
    "catalog",
    "search",
    "memory",
    "tracing",
    "peak",
    "scalers",
    "failover",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"what to measure: {', '.join(_PARTS)}; all of them without any",
    )
    parts = parser.parse_args().parts or _PARTS
    if unknown := set(parts) - set(_PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    held = asyncio.run(_measure(parts))
    sys.exit(0 if held else 1)


async def _measure(parts: Collection[str]) -> bool:
    """Return whether every bar was held."""
    print(f"Python {platform.python_version()} on {platform.machine()}; traffic stays on loopback.")
    held = True
    if "peak" in parts:
        async with running(redis=True) as product:
            held &= await peak.measure(product)
    if "scalers" in parts:
        held &= await scalers.measure()
    if "failover" in parts:
        try:
            held &= await failover.measure()
        except StackError as error:
            print(f"  Skipped: {error}")
    if set(parts) - {"peak", "scalers", "failover"}:
        held &= await _measure_product(parts)
    return held


async def _measure_product(parts: Collection[str]) -> bool:
    """Return whether the bars of *parts* that need the whole product were held."""
    held = True
    async with running() as product:
        if "search" in parts:
            held &= await search.latencies(product)
        if "gateway" in parts:
            held &= await asyncio.to_thread(gateway.hits, product)
            held &= await asyncio.to_thread(gateway.misses, product)
        if "tracing" in parts:
            held &= await tracing.measure(product)
        if "graphql" in parts:
            held &= await asyncio.to_thread(graphql.costs, product)
        if "freshness" in parts:
            held &= await outdated.by_writes(product)
            await freshness.hit_ratio(product)
            held &= await freshness.seen(product)
        if "memory" in parts:
            _print_memory(product, "peak memory of each process, 302 shows")
        if "catalog" in parts:
            held &= await catalog.growth(product)
    return held


def _print_memory(product: Product, text: str) -> None:
    title(text)
    table(("", "MiB"), sorted(product.peak_memory_mib().items()))


if __name__ == "__main__":
    main()
