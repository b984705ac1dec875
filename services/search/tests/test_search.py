from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tantrum_kit.paging import PageTokenError, PageTokens
from tantrum_kit.terms import words_of
from tantrum_search.domain.document import Field
from tantrum_search.domain.errors import IndexLoadingError
from tantrum_search.domain.filters import NO_FILTER, ShowFilter
from tantrum_search.domain.highlights import Highlight
from tantrum_search.domain.search import Index, Page, Search
from tantrum_search.storage.memory import MemoryBackend
from tvtantrum.catalog.v1 import show_pb2

from .builders import KEY, document, names, search_over, shipped_library

QUERIES = st.sampled_from(
    ["", "a", "s", "the", "bear", "bears", "music", "blue", "clues", "teh", "dinosuar", "super s"]
)
FILTERS = st.builds(
    ShowFilter,
    min_age=st.none() | st.integers(0, 9),
    max_stimulation=st.none() | st.integers(1, 5),
    themes=st.sampled_from([(), ("music",), ("animals", "music"), ("none",)]),
    any_theme=st.booleans(),
    youtube=st.none() | st.booleans(),
    max_release_year=st.none() | st.integers(1990, 2020),
)
SHIPPED = shipped_library()
DOCUMENTS = SHIPPED.documents()


async def ids(search: Search, query: str, show_filter: ShowFilter, size: int) -> list[int]:
    found: list[int] = []
    token = ""
    while True:
        hits = await search.find(query, Page(size=size, token=token), show_filter)
        assert len(hits.hits) <= size
        found += [show_pb2.Show.FromString(hit.payload).id for hit in hits.hits]
        token = hits.next_page_token
        if not token:
            assert hits.total_size == len(found)
            return found


@settings(max_examples=40)
@given(query=QUERIES, show_filter=FILTERS, size=st.integers(1, 60))
async def test_paging_yields_every_hit_exactly_once(query, show_filter, size):
    search = await loaded()

    found = await ids(search, query, show_filter, size)

    assert found == await ids(search, query, show_filter, 1_000)
    assert len(set(found)) == len(found)
    show_by_id = {each.id: each.show for each in DOCUMENTS}
    assert all(show_filter.matches(show_by_id[each]) for each in found)
    if query == "":
        assert set(found) == {each.id for each in DOCUMENTS if show_filter.matches(each.show)}


async def loaded(search_by_name: dict[str, Search] = {}) -> Search:  # noqa: B006 - made once
    if not search_by_name:
        search_by_name["shipped"] = await search_over(MemoryBackend(), DOCUMENTS, SHIPPED.themes)
    return search_by_name["shipped"]


async def test_shows_that_come_and_go_between_pages_disturb_no_other():
    backend = MemoryBackend()
    documents = [document(id=number, name=f"Pig {number:02}") for number in range(10, 60)]
    search = await search_over(backend, documents)
    first = await search.find("pig", Page(size=20))

    await backend.apply(
        [document(id=1, name="Pig"), document(id=2, name="Pig 29a"), document(id=3, name="Pig 99")],
        [document.id for document in documents[5:10] + documents[30:32]],
        from_revision=1,
        revision=2,
    )
    rest = await search.find("pig", Page(size=100, token=first.next_page_token))

    seen = names(first) + names(rest)
    assert len(set(seen)) == len(seen)
    gone = {"Pig 40", "Pig 41"}
    assert {name for name in seen if len(name) == 6} == {
        *(f"Pig {number:02}" for number in range(10, 60)),
        "Pig 99",
    } - gone


async def test_pages_go_a_thousand_deep():
    documents = [document(id=number, name=f"Pig {number}") for number in range(1, 1_203)]
    search = await search_over(MemoryBackend(), documents)

    for query in ("pig", ""):
        assert len(await ids(search, query, NO_FILTER, 100)) == 1_000
        assert (await search.find(query, Page(size=1))).total_size == 1_000


async def test_a_token_of_another_question_is_refused():
    search = await search_over(MemoryBackend(), [document(name="Pig 1"), document(name="Pig 2")])
    token = (await search.find("pig", Page(size=1))).next_page_token

    assert names(await search.find("pig", Page(size=9, token=token))) == ["Pig 2"]
    for query, show_filter, spoilt in (
        ("pigs", NO_FILTER, token),
        ("pig", ShowFilter(min_age=1), token),
        ("pig", NO_FILTER, token[:-1]),
        ("pig", NO_FILTER, "nonsense"),
    ):
        with pytest.raises(PageTokenError):
            await search.find(query, Page(size=1, token=spoilt), show_filter)


@settings(max_examples=60)
@given(query=QUERIES | st.sampled_from([each.show.name for each in DOCUMENTS]))
async def test_highlights_lie_within_the_text_and_cover_what_matched(query):
    search = await loaded()

    hits = await search.find(query, Page(size=30))

    typed = [word.term for word in words_of(query)]
    for hit in hits.hits:
        assert bool(hit.highlights) == bool(typed)
        assert [each.field for each in hit.highlights] == sorted(
            each.field for each in hit.highlights
        )
        for highlight in hit.highlights:
            end = 0
            for start, stop in highlight.spans:
                assert end <= start < stop <= len(highlight.text)
                end = stop
                # Whole words: nothing of a word is left out on either side.
                assert not (highlight.text[start - 1 : start] or " ").isalnum()
                assert not (highlight.text[stop : stop + 1] or " ").isalnum()


async def test_only_what_matched_best_is_highlighted():
    search = await search_over(
        MemoryBackend(),
        [
            document(
                name="Bing's Day",
                aliases=["Bing", "Rabbit"],
                creator="Bing Co",
                themes=["bing-ness"],
                description="Being Bing.",
            )
        ],
    )

    [hit] = (await search.find("bing", Page(size=1))).hits

    assert [(each.field, marked(each)) for each in hit.highlights] == [
        (Field.NAME, ["Bing's"]),
        (Field.ALIAS, ["Bing"]),
        (Field.CREATOR, ["Bing"]),
        (Field.THEME, ["Bing"]),
        (Field.DESCRIPTION, ["Bing"]),
    ]


async def test_asides_are_highlighted_only_beside_what_was_looked_for():
    search = await search_over(
        MemoryBackend(), [document(name="Bing", creator="Kids TV", description="A show of Bing.")]
    )

    [hit] = (await search.find("bing tv show", Page(size=1))).hits

    assert [(each.field, marked(each)) for each in hit.highlights] == [
        (Field.NAME, ["Bing"]),
        (Field.DESCRIPTION, ["show", "Bing"]),
    ]


def marked(highlight: Highlight) -> list[str]:
    return [highlight.text[start:end] for start, end in highlight.spans]


async def test_highlights_count_code_points():
    search = await search_over(MemoryBackend(), [document(name="🦖🦕 Pokémon!")])

    [hit] = (await search.find("pokemon", Page(size=1))).hits

    assert [each.spans for each in hit.highlights] == [((3, 10),)]


async def test_other_spellings_of_a_theme_are_found_and_shown():
    search = await search_over(MemoryBackend(), DOCUMENTS, SHIPPED.themes)

    hits = await search.find("behavior", Page(size=100))

    highlights = [each for hit in hits.hits for each in hit.highlights]
    assert (Field.THEME, "Animal Behavior", ["Behavior"]) in [
        (each.field, each.text, marked(each)) for each in highlights
    ]


async def test_nothing_is_answered_before_the_index_is_loaded():
    search = Search(MemoryBackend(), Index(), PageTokens(KEY))

    assert not await search.ready()
    with pytest.raises(IndexLoadingError):
        await search.find("pig", Page(size=1))
    with pytest.raises(IndexLoadingError):
        await search.suggest("pig", 8)
