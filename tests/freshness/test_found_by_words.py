"""
What the search finds, after any write, is what it found before or what the gateway asks again.

Search and gateway know the words of a show each in its own way; here they meet, one write at
a time, without servers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from tantrum_gateway import depending
from tantrum_gateway.dependencies import Change, Dependencies, ShowChange, touches
from tantrum_gateway.selectors import facts_of
from tantrum_kit.paging import PageTokens
from tantrum_search.domain.document import document_of
from tantrum_search.domain.lexicon import Lexicon
from tantrum_search.domain.search import Index, Page, Search
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.transport import codec
from tantrum_search.transport.filter_codec import filter_from_proto
from tvtantrum.catalog.v1 import filter_pb2, show_pb2
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from .product import KEY

# Alike, part of each other, and in need of what the analysis does.
WORDS = (
    "blue", "bluey", "blues", "clues", "Blue's", "bleu", "pawpatrol", "paw", "patrol", "patrols",
    "the", "show", "kids", "and", "&", "ms", "Miss", "rachel", "spider", "man", "spiderman", "24",
    "247", "S.T.E.M.", "stem", "dinosaur", "dinosuars", "Pokémon", "pokemon", "a", "b",
)  # fmt: skip
THEMES = (
    show_pb2.Theme(slug="music", name="Music", aliases=["Blue notes"]),
    show_pb2.Theme(slug="paws", name="Paws", aliases=["Dinosaurs"]),
    show_pb2.Theme(slug="plain", name="Plain"),
)
THEME_TITLES = {theme.slug: (theme.name, *theme.aliases) for theme in THEMES}

FIELDS = ("description", "name", "aliases", "themes", "creator", "stimulation", "featured")

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
shows = st.builds(
    show_pb2.Show,
    name=texts,
    aliases=st.lists(texts, max_size=1),
    description=texts,
    creator=st.just("") | texts,
    themes=st.lists(st.sampled_from(THEMES), max_size=2, unique_by=lambda theme: theme.slug).map(
        lambda themes: [show_pb2.Label(slug=theme.slug, name=theme.name) for theme in themes]
    ),
    stimulation=st.integers(1, 3),
    featured=st.booleans(),
)
filters = st.sampled_from([None, 1, 2]).map(
    lambda most: filter_pb2.ShowFilter(max_stimulation=most) if most else filter_pb2.ShowFilter()
)


def words_of(show: show_pb2.Show) -> list[str]:
    return [*show.name.split(), *show.description.split()]


def queries(words: list[str]) -> st.SearchStrategy[str]:
    """Mostly what is there, or the beginning of it."""
    one = st.sampled_from(words) if words else st.nothing()
    typed = st.lists(one | one | st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    return typed | typed.map(lambda text: text[:-1])


def numbered(shows: Iterable[show_pb2.Show | None]) -> list[show_pb2.Show]:
    """These shows with their numbers as ids; None is a show that is not there."""
    found = []
    for number, show in enumerate(shows, 1):
        if show is not None:
            copy = show_pb2.Show(id=number, slug=f"show-{number}")
            copy.MergeFrom(show)
            found.append(copy)
    return found


async def search_over(shows: list[show_pb2.Show]) -> Search:
    themes = [codec.theme_from_proto(theme) for theme in THEMES]
    aliases = {theme.slug: theme.aliases for theme in themes}
    documents = [document_of(codec.show_from_proto(show), aliases) for show in shows]
    index, backend = Index(), MemoryBackend()
    index.lexicon, index.revision = Lexicon(), 1
    for document in documents:
        index.lexicon.put(document)
    index.lexicon.set_themes(themes)
    await backend.replace(documents, revision=1)
    return Search(backend, index, PageTokens(KEY))


async def answers(
    shows: list[show_pb2.Show], query: str, wanted: filter_pb2.ShowFilter
) -> list[tuple[Message, Dependencies]]:
    """What a search for *query* finds, what completes it, and on what each depends."""
    search = await search_over(shows)
    hits = await search.find(query, Page(size=1), filter_from_proto(wanted))
    found = codec.hits_to_proto(hits)
    found.next_page_token = ""  # sealed anew each time
    request = search_pb.SearchShowsRequest(query=query, filter=wanted)
    completed = codec.completions_to_proto(await search.suggest(query, limit=1))
    return [
        (found, depending.on_search(request, found)),
        (completed, depending.on_suggestions(completed)),
    ]


@settings(max_examples=300)
@given(
    st.lists(shows, max_size=4),
    st.tuples(st.none() | shows, st.none() | shows),
    st.sets(st.sampled_from(FIELDS), max_size=2),
    filters,
    st.data(),
)
def test_a_write_that_touches_no_answer_changes_none(others, sides, written, wanted, data):
    before, after = sides
    if before is not None and after is not None:
        # Or hardly ever would most of a show stay as it was.
        for field in set(FIELDS) - written:
            after.ClearField(field)
            part = show_pb2.Show(**{field: getattr(before, field)})
            after.MergeFrom(part)
    words = sorted({word for show in (*others, *sides) if show for word in words_of(show)})
    query = data.draw(queries(words))
    [old], [new] = (numbered([one]) or [None] for one in sides)
    numbers = [None, *others]
    shows_before = ([old] if old else []) + numbered(numbers)
    shows_after = ([new] if new else []) + numbered(numbers)
    change = Change(
        revision=2,
        tags=frozenset({"show:1"}),
        shows=(
            ShowChange(
                before=facts_of(old) if old else None,
                after=facts_of(new) if new else None,
                theme_titles=THEME_TITLES,
            ),
        ),
    )

    was = asyncio.run(answers(shows_before, query, wanted))
    now = asyncio.run(answers(shows_after, query, wanted))

    for (answer, depends), (other, _) in zip(was, now, strict=True):
        touched = not change.tags.isdisjoint(depends.tags) or any(
            touches(change, selector) for selector in depends.selectors
        )
        assert touched or answer == other
