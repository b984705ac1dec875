"""
How many answers of the search a write of one show outdates, and how long telling that takes.

The shipped shows, words of their names, and for each of some shows the writes that editors
make most. What an answer is made of is judged as a gateway judges it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence

from tantrum_gateway import depending
from tantrum_gateway.dependencies import Change, Dependencies, Selector, ShowChange, touches
from tantrum_gateway.selectors import FieldsSelector, facts_of
from tantrum_gateway.word_selectors import SEARCHED
from tantrum_search.app import in_memory
from tantrum_search.domain.search import Page
from tantrum_search.transport import codec
from tvtantrum.catalog.v1 import show_pb2
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from bench.product import Product
from bench.report import bar, table, title
from bench.search import listed

_QUERIES = 200
_WRITES = 100
_KEPT_BAR = 0.9


async def by_writes(product: Product) -> bool:
    """Print it; return whether the bar is held."""
    shows, themes = await listed(product)
    titles = {theme.slug: (theme.name, *theme.aliases) for theme in themes}
    chance = random.Random(1)  # noqa: S311
    words = sorted({word for show in shows for word in show.name.casefold().split()})
    queries = chance.sample(words, _QUERIES)
    search = await in_memory(shows, themes)
    found, completed = [], []
    for query in queries:
        hits = codec.hits_to_proto(await search.find(query, Page(size=20)))
        found.append(depending.on_search(search_pb.SearchShowsRequest(query=query), hits))
        prefix = query[: chance.randint(1, len(query))]
        completions = codec.completions_to_proto(await search.suggest(prefix, 8))
        completed.append(depending.on_suggestions(completions))

    title(f"answers that stay after a write of one show: {_QUERIES} searches and suggestions")
    rows, kept = [], []
    for what, written in _writes(chance.sample(shows, _WRITES), chance):
        changes = [_change(before, after, titles) for before, after in written]
        began = time.perf_counter()
        ratios = [_kept_ratio(changes, answers) for answers in (found, completed)]
        judged_ms = (time.perf_counter() - began) * 1_000 / len(changes)
        by_fields = _kept_ratio(changes, [_by_fields(one) for one in found])
        rows.append((what, *(f"{ratio:.1%}" for ratio in ratios), f"{by_fields:.1%}", judged_ms))
        kept += ratios
    table(("", "searches", "suggestions", "searches, by fields alone", "ms a write"), rows)
    return bar("kept after any of these writes, least", min(kept), at_least=_KEPT_BAR, unit="")


def _writes(
    shows: Sequence[show_pb2.Show], chance: random.Random
) -> Iterable[tuple[str, list[tuple[show_pb2.Show, show_pb2.Show]]]]:
    """Yield what is written, with each show before and after."""
    sentences = [one.description for one in shows]
    yield (
        "another word in a description",
        [
            (show, _changed(show, description=show.description.rpartition(" ")[0] + " together."))
            for show in shows
        ],
    )
    yield (
        "another description",
        [(show, _changed(show, description=chance.choice(sentences))) for show in shows],
    )
    yield "another name", [(show, _changed(show, name=f"{show.name} Returns")) for show in shows]
    yield (
        "another stimulation score",
        [(show, _changed(show, stimulation=show.stimulation % 5 + 1)) for show in shows],
    )


def _changed(show: show_pb2.Show, **fields: object) -> show_pb2.Show:
    after = show_pb2.Show(**fields)  # type: ignore[arg-type]  # by name
    changed = show_pb2.Show()
    changed.CopyFrom(show)
    changed.MergeFrom(after)
    return changed


def _change(
    before: show_pb2.Show, after: show_pb2.Show, titles: dict[str, tuple[str, ...]]
) -> Change:
    one = ShowChange(before=facts_of(before), after=facts_of(after), theme_titles=titles)
    return Change(revision=2, tags=frozenset({f"show:{before.id}"}), shows=(one,))


def _kept_ratio(changes: Sequence[Change], answers: Sequence[Dependencies]) -> float:
    kept = sum(not _touched(change, answer) for change in changes for answer in answers)
    return kept / (len(changes) * len(answers))


def _touched(change: Change, depends: Dependencies) -> bool:
    return not change.tags.isdisjoint(depends.tags) or any(
        touches(change, selector) for selector in depends.selectors
    )


def _by_fields(depends: Dependencies) -> Dependencies:
    """What is outdated by any change of a text that search reads."""
    selector: Selector = FieldsSelector(SEARCHED)
    return Dependencies(tags=depends.tags, selectors=frozenset({selector}))
