"""One contract, run against memory and PostgreSQL."""

from __future__ import annotations

import asyncio
import random

import pytest
from tantrum_search.domain.dictionary import TermDictionary
from tantrum_search.domain.errors import IndexBehindError
from tantrum_search.domain.filters import NO_FILTER, SenseCondition, ShowFilter
from tantrum_search.domain.ports import MAX_CANDIDATES
from tantrum_search.domain.query import Terms, understand
from tantrum_search.domain.search import Page
from tantrum_search.domain.show import Sense
from tantrum_search.storage.memory import MemoryBackend
from tvtantrum.catalog.v1 import show_pb2

from . import backends
from .builders import document, search_over


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
async def backend(request):
    opened = (
        backends.memory()
        if request.param == "memory"
        else backends.postgres(request.getfixturevalue("database"))
    )
    async with opened as backend:
        yield backend


def wanting(*groups: str) -> Terms:
    """Terms that want one of the words of every group."""
    each = tuple(frozenset(group.split()) for group in groups)
    return Terms(groups=each, plain_groups=each)


async def matched(backend, terms=Terms(), show_filter=NO_FILTER) -> set[int]:  # noqa: B008 - frozen
    async with backend.reading() as view:
        matches = await view.match(terms, show_filter)
    assert matches.total == len(matches.candidates)
    return {candidate.id for candidate in matches.candidates}


async def test_an_empty_index_stands_at_no_revision_and_finds_nothing(backend):
    assert await backend.stored_revision() == 0
    assert await matched(backend) == set()
    assert await backend.answers()


async def test_a_show_needs_a_term_of_every_group(backend):
    documents = [
        document(id=1, name="Paw Patrol"),
        document(id=2, name="Paw Prints"),
        document(id=3, name="Patrol"),
    ]
    await backend.replace(documents, revision=1)

    assert await matched(backend, wanting("paw")) == {1, 2}
    assert await matched(backend, wanting("paw", "patrol prints")) == {1, 2}
    assert await matched(backend, wanting("paw", "patrol")) == {1}
    assert await matched(backend, wanting("none")) == set()
    assert await matched(backend) == {1, 2, 3}


async def test_candidates_say_where_each_term_is_in_every_field(backend):
    each = document(
        id=1,
        name="The Pig",
        aliases=["Pig Show"],
        creator="Pig Studios",
        themes=["pig-life"],
        description="A pig, and another pig.",
        featured=True,
    )
    await backend.replace([each], revision=1)

    async with backend.reading() as view:
        [found] = (await view.match(wanting("pig"), NO_FILTER)).candidates

    assert dict(found.places_by_term) == {"pig": each.placed.places_by_term["pig"]}
    assert len(found.places_by_term["pig"]) == 6
    assert found.title_lines == each.placed.title_lines
    assert found.popularity == each.popularity


async def test_optional_terms_do_not_decide_but_are_placed(backend):
    await backend.replace([document(id=1, name="The Pig"), document(id=2, name="Pig")], revision=1)
    terms = Terms((frozenset({"pig"}),), (frozenset({"pig"}),), frozenset({"the"}))

    async with backend.reading() as view:
        candidates = (await view.match(terms, NO_FILTER)).candidates

    assert {each.id: set(each.places_by_term) for each in candidates} == {
        1: {"the", "pig"},
        2: {"pig"},
    }


async def test_terms_of_any_script_are_matched(backend):
    await backend.replace(
        [document(id=1, name="Pipi Mā"), document(id=2, name="忍者 X")], revision=1
    )

    assert await matched(backend, wanting("ma")) == {1}
    assert await matched(backend, wanting("忍者")) == {2}


async def test_what_is_found_is_handed_back_as_it_came(backend):
    each = document(id=7, name="Blue's Clues", aliases=["Clues"], themes=["mystery"])
    await backend.replace([each], revision=3)

    async with backend.reading() as view:
        found = await view.found([7, 8])

    assert view.revision == 3
    assert found.keys() == {7}
    assert show_pb2.Show.FromString(found[7].payload).name == "Blue's Clues"
    assert found[7].texts == each.texts


async def test_a_long_description_is_searched_to_its_end(backend):
    text = " ".join(["word"] * 600 + ["end"] * 300 + ["x" * 900])
    await backend.replace([document(id=1, description=text)], revision=1)

    assert await matched(backend, wanting("end")) == {1}
    assert await matched(backend, wanting("x" * 64)) == {1}


SHOWS = [
    document(
        id=1,
        min_age=2,
        max_age=5,
        stimulation=1,
        themes=["animals", "music"],
        platforms=[show_pb2.Label(slug="youtube")],
        senses=show_pb2.Senses(dialogue=1, music=5),
        animation_style="2D Hand-Drawn",
        creator="Ana ÉCLAIR",
        release_year=1999,
        episode_minutes=7,
        ongoing=True,
        youtube=True,
    ),
    document(
        id=2,
        min_age=6,
        stimulation=5,
        themes=["music"],
        platforms=[show_pb2.Label(slug="netflix")],
        senses=show_pb2.Senses(dialogue=2),
        creator="100% Fun_Co",
        featured=True,
    ),
    document(id=3, min_age=0, max_age=1, stimulation=3, release_year=2020, episode_minutes=30),
]


@pytest.mark.parametrize(
    ("show_filter", "ids"),
    [
        pytest.param(ShowFilter(min_age=5), {1, 2}, id="open end suits all older"),
        pytest.param(ShowFilter(max_age=2), {1, 3}, id="overlap includes the end"),
        pytest.param(ShowFilter(min_age=6, max_age=6), {2}, id="one age"),
        pytest.param(ShowFilter(min_age=0, max_age=0), {3}, id="age 0"),
        pytest.param(ShowFilter(min_stimulation=3), {2, 3}, id="stimulation from"),
        pytest.param(ShowFilter(max_stimulation=3), {1, 3}, id="stimulation to"),
        pytest.param(ShowFilter(themes=("animals", "music")), {1}, id="all themes"),
        pytest.param(ShowFilter(themes=("animals", "music"), any_theme=True), {1, 2}, id="any"),
        pytest.param(ShowFilter(themes=("none",)), set(), id="unknown theme"),
        pytest.param(ShowFilter(platforms=("netflix", "x")), {2}, id="platforms"),
        pytest.param(
            ShowFilter(senses=(SenseCondition(sense=Sense.DIALOGUE, levels=(1, 2)),)),
            {1, 2},
            id="one sense",
        ),
        pytest.param(
            ShowFilter(
                senses=(
                    SenseCondition(sense=Sense.DIALOGUE, levels=(1, 2)),
                    SenseCondition(sense=Sense.MUSIC, levels=(0,)),
                )
            ),
            {2},
            id="two senses, one unknown",
        ),
        pytest.param(ShowFilter(animation_styles=("hand", "3d")), {1}, id="style"),
        pytest.param(ShowFilter(creators=("éclair",)), {1}, id="creator in lower case"),
        pytest.param(ShowFilter(creators=("%",)), {2}, id="percent stands for itself"),
        pytest.param(ShowFilter(creators=("n_c",)), {2}, id="underscore stands for itself"),
        pytest.param(ShowFilter(min_release_year=1999), {1, 3}, id="year from"),
        pytest.param(ShowFilter(max_release_year=2019), {1}, id="unknown year does not match"),
        pytest.param(ShowFilter(min_episode_minutes=8), {3}, id="minutes from"),
        pytest.param(ShowFilter(max_episode_minutes=7), {1}, id="minutes to"),
        pytest.param(ShowFilter(ongoing=True), {1}, id="ongoing"),
        pytest.param(ShowFilter(ongoing=False), {2, 3}, id="not ongoing"),
        pytest.param(ShowFilter(youtube=True), {1}, id="youtube"),
        pytest.param(ShowFilter(featured=True), {2}, id="featured"),
        pytest.param(ShowFilter(featured=False), {1, 3}, id="not featured"),
        pytest.param(ShowFilter(), {1, 2, 3}, id="nothing"),
    ],
)
async def test_filters_mean_the_same_everywhere(backend, show_filter, ids):
    await backend.replace(SHOWS, revision=1)

    assert await matched(backend, show_filter=show_filter) == ids
    assert await matched(backend, wanting("show"), show_filter) == ids


async def test_changes_take_the_index_on(backend):
    await backend.replace([document(id=1, name="Old"), document(id=2, name="Gone")], revision=4)

    await backend.apply(
        [document(id=1, name="New"), document(id=3, name="More")],
        [2],
        from_revision=4,
        revision=6,
    )

    assert await backend.stored_revision() == 6
    assert await matched(backend, wanting("old gone")) == set()
    assert await matched(backend, wanting("new more")) == {1, 3}


async def test_what_was_applied_already_is_skipped(backend):
    await backend.replace([document(id=1, name="Newer")], revision=9)

    await backend.replace([document(id=1, name="Older")], revision=9)
    await backend.apply([document(id=1, name="Older")], [], from_revision=3, revision=8)

    assert await backend.stored_revision() == 9
    assert await matched(backend, wanting("newer")) == {1}


async def test_an_index_in_between_is_taken_the_rest_of_the_way(backend):
    await backend.replace([document(id=1, name="First")], revision=5)

    await backend.apply([document(id=1, name="Second")], [], from_revision=3, revision=7)

    assert await matched(backend, wanting("second")) == {1}


async def test_an_index_that_is_too_old_is_told(backend):
    await backend.replace([], revision=2)

    with pytest.raises(IndexBehindError):
        await backend.apply([], [], from_revision=3, revision=4)

    assert await backend.stored_revision() == 2


async def test_a_lost_future_can_be_replaced(backend):
    await backend.replace([document(id=1, name="Future")], revision=9)

    await backend.replace([document(id=1, name="Past")], revision=4, even_if_newer=True)

    assert await backend.stored_revision() == 4
    assert await matched(backend, wanting("past")) == {1}


async def test_a_reader_sees_one_revision_while_others_write(backend):
    """Each revision has two shows of its own; a reader never sees two revisions mixed."""
    await backend.replace(
        [document(id=1, name="Same 1"), document(id=2, name="Same 1")], revision=1
    )

    async def write():
        for revision in range(2, 30):
            changed = [document(id=each, name=f"Same {revision}") for each in (1, 2)]
            await backend.apply(changed, [], from_revision=revision - 1, revision=revision)

    async def read():
        while await backend.stored_revision() < 29:
            async with backend.reading() as view:
                found = await view.found([1, 2])
                seen = {found[each].texts[0].text for each in (1, 2)}
                assert seen == {f"Same {view.revision}"}
            await asyncio.sleep(0)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(write())


async def test_of_too_many_those_stay_that_have_the_word_in_their_name(backend):
    documents = [
        document(id=number, name=f"Alike {number:05}", description="a rocket")
        for number in range(1, MAX_CANDIDATES + 50)
    ]
    documents.append(document(id=5_000, name="Zulu Rocket"))
    await backend.replace(documents, revision=1)

    async with backend.reading() as view:
        by_word = await view.match(wanting("rocket"), NO_FILTER)
        everything = await view.match(Terms(), NO_FILTER)

    assert len(by_word.candidates) == len(everything.candidates) == MAX_CANDIDATES
    assert by_word.total > MAX_CANDIDATES
    assert everything.total > MAX_CANDIDATES
    ids = {each.id for each in by_word.candidates}
    assert ids == {5_000, *range(1, MAX_CANDIDATES)}
    assert {each.id for each in everything.candidates} == set(range(1, MAX_CANDIDATES + 1))


async def test_the_shipped_shows_are_found_as_in_memory(backend, shipped):
    """Same hits, totals and order, over names, halves of names, and misspelt names."""
    documents = shipped.documents()
    in_memory = await search_over(MemoryBackend(), documents, shipped.themes)
    here = await search_over(backend, documents, shipped.themes)
    dice = random.Random(3)
    queries = ["", "the", "a", "songs about animals", "calm"]
    for each in dice.sample(documents, 40):
        name = each.show.name
        cut = dice.randrange(1, len(name) + 1)
        queries += [name, name[:cut], name[: cut - 1] + name[cut:]]

    for query in queries:
        expected = await in_memory.find(query, Page(size=100))
        assert await here.find(query, Page(size=100)) == expected, query


async def test_an_expanded_query_matches(backend):
    """A thousand terms in one group are no trouble."""
    documents = [document(id=each, name=f"s{each}") for each in range(1, 1_200)]
    dictionary = TermDictionary()
    for each in documents:
        dictionary.add(each.placed.places_by_term)
    await backend.replace(documents, revision=1)

    assert len(await matched(backend, understand("s", dictionary).terms())) == MAX_CANDIDATES
