"""
What a parent means comes first: a judgement list over the shows that the product ships.

Each query names what should come first, best first; where several are as good, any order
of them will do, and a set says so.
"""

from __future__ import annotations

import pytest
from tantrum_search.domain.search import Page
from tvtantrum.catalog.v1 import show_pb2

from . import backends
from .builders import names, search_over

_BOB = "Bob the Builder"
_CLUES = ["Blue's Clues", "Blue's Clues & You!"]
_SCOOBY = {"Scooby-Doo, Where Are You!", "Be Cool, Scooby-Doo!", "What's New, Scooby-Doo?"}
_TUBBIES = {"Teletubbies (1997-2001)", "Teletubbies (2015-2018)"}
_PADDINGTONS = {"The Adventures of Paddington", "The Adventures of Paddington Bear"}
_TRAINS = "Thomas & Friends"

FIRST_BY_QUERY = {
    # names as they are, and as people write them
    "bluey": ["Bluey"],
    "Bluey ": ["Bluey"],
    "blues clues": _CLUES,
    "Blue's Clues": _CLUES,
    "blue clues": _CLUES,
    "blues clues and you": ["Blue's Clues & You!"],
    "peppa": ["Peppa Pig"],
    "the wiggles": ["The Wiggles"],
    "wiggles": ["The Wiggles"],
    "octonauts": ["The Octonauts"],
    "the octonauts": ["The Octonauts"],
    "arthur": ["Arthur"],
    "noddy": ["Noddy", "Noddy, Toyland Detective"],
    "clangers": ["The Clangers"],
    "magic school bus": ["The Magic School Bus", "The Magic School Bus Rides Again"],
    "thomas": [_TRAINS, "Thomas & Friends: All Engines Go"],
    "thomas and friends": [_TRAINS, "Thomas & Friends: All Engines Go"],
    "ben and holly": ["Ben & Holly's Little Kingdom"],
    "ben & holly": ["Ben & Holly's Little Kingdom"],
    "winnie the pooh": ["The New Adventures of Winnie the Pooh"],
    "captain underpants": ["The Epic Tales of Captain Underpants"],
    "pokemon": ["Pokémon"],
    "POKÉMON": ["Pokémon"],
    "pipi ma": ["Pipi Mā"],
    "go dog go": ["Go, Dog. Go!"],
    "mr rogers": ["Mister Rogers' Neighbourhood"],
    "mister rogers neighborhood": ["Mister Rogers' Neighbourhood"],
    "daniel tiger neighborhood": ["Daniel Tiger's Neighbourhood"],
    "miss rachel": ["Ms Rachel"],
    "elmo": ["Elmo's World"],
    "dora": ["Dora the Explorer"],
    "care bears": ["The Care Bears", "Care Bears: Unlock the Magic"],
    "scooby doo": [_SCOOBY],
    "scooby-doo": [_SCOOBY],
    "paddington": [_PADDINGTONS],
    "clifford": ["Clifford the Big Red Dog", "Clifford the Big Red Dog"],
    # words written together and apart
    "pawpatrol": ["PAW Patrol"],
    "paw patrol": ["PAW Patrol"],
    "spiderman": ["Ultimate Spider-Man"],
    "spider-man": ["Ultimate Spider-Man"],
    "spider man": ["Ultimate Spider-Man"],
    "coco melon": ["Cocomelon"],
    "number blocks": ["Numberblocks"],
    "sponge bob": ["SpongeBob SquarePants"],
    "peppapig": ["Peppa Pig"],
    "inthenightgarden": ["In the Night Garden"],
    "lazy town": ["LazyTown"],
    # typing errors
    "bluye": ["Bluey"],
    "bleuy": ["Bluey"],
    "octonots": ["The Octonauts"],
    "ocotnauts": ["The Octonauts"],
    "pepa pig": ["Peppa Pig"],
    "cocomellon": ["Cocomelon"],
    "teletubies": [_TUBBIES],
    "curious gorge": ["Curious George"],
    "lion gaurd": ["The Lion Guard"],
    "paw patroll": ["PAW Patrol"],
    "richard scary": ["The Busy World of Richard Scarry"],
    "peter rabit": ["Peter Rabbit"],
    "berenstien bears": ["The Berenstain Bears"],
    "firman sam": ["Fireman Sam", "Fireman Sam"],
    "padington": [_PADDINGTONS],
    "backyardagins": ["The Backyardigans"],
    "seseme street": ["Sesame Street"],
    "spungebob": ["SpongeBob SquarePants"],
    # half typed
    "dani": ["Daniel Tiger's Neighbourhood"],
    "octo": ["The Octonauts"],
    "mickey m": ["Mickey Mouse Clubhouse"],
    "bob the b": [_BOB, _BOB],
    "sesame st": ["Sesame Street"],
    "dino": [{"Dino Dana", "Dino Ranch"}],
    "dinosaur tr": ["Dinosaur Train"],
    "shaun the sh": ["Shaun the Sheep"],
    "tele": [_TUBBIES],
    # words that say nothing about a show here
    "bluey show": ["Bluey"],
    "shows for bluey": ["Bluey"],
    "watch bluey episodes": ["Bluey"],
    "arthur tv show": ["Arthur"],
    "paw patrol cartoon": ["PAW Patrol"],
    "pokemon show": ["Pokémon"],
    "watch peppa pig": ["Peppa Pig"],
    "bob the builder tv series": [_BOB, _BOB],
    "the show about thomas": [_TRAINS],
    "blues clues for kids": _CLUES,
    # the same words, where they are part of a name
    "kids 2 kids": ["Kids 2 Kids"],
    "art kids tv": ["Art Kids TV"],
    "katuri tv": ["Katuri TV"],
    "ninja kid": ["Ninja Kids"],
    "in the night garden": ["In the Night Garden"],
    "the stinky and dirty show": ["The Stinky & Dirty Show"],
    "stinky and dirty": ["The Stinky & Dirty Show"],
    "the snoopy show": ["The Snoopy Show"],
    "mr bean cartoon": ["Mr Bean Cartoon"],
    # ms, miss and mrs
    "mrs rachel": ["Ms Rachel"],
    "ms rachel": ["Ms Rachel"],
    "ms katie": ["Miss Katie Sings"],
    "miss rachel videos": ["Ms Rachel"],
    # who made it, and what it is about
    "yoga": ["Cosmic Kids Yoga"],
    "sign language": ["MyGo! Sign Language for Kids"],
}


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
async def search(request, shipped):
    opened = (
        backends.memory()
        if request.param == "memory"
        else backends.postgres(request.getfixturevalue("database"))
    )
    async with opened as backend:
        yield await search_over(backend, shipped.documents(), shipped.themes)


async def test_what_a_parent_means_comes_first(search):
    wrong = {}
    for query, wanted in FIRST_BY_QUERY.items():
        groups = [each if isinstance(each, set) else {each} for each in wanted]
        expected = [group for group in groups for _ in group]
        found = names(await search.find(query, Page(size=10)))[: len(expected)]
        if [name in group for name, group in zip(found, expected, strict=False)] != [
            True for _ in expected
        ]:
            wrong[query] = found

    assert wrong == {}


async def test_the_mean_reciprocal_rank_is_one_and_nothing_is_empty(search):
    ranks = []
    for query, wanted in FIRST_BY_QUERY.items():
        first = wanted[0] if isinstance(wanted[0], set) else {wanted[0]}
        found = names(await search.find(query, Page(size=100)))
        assert found, query
        ranks.append(next((at for at, name in enumerate(found, 1) if name in first), 1_000))

    assert sum(1 / rank for rank in ranks) / len(ranks) == 1.0


async def test_every_show_is_found_by_its_own_name(shipped, shipped_search):
    for show in shipped.messages:
        hits = (await shipped_search.find(show.name, Page(size=5))).hits
        found = [show_pb2.Show.FromString(hit.payload) for hit in hits]
        assert any(each.id == show.id for each in found if each.name == show.name), show.name
        assert found[0].name == show.name


@pytest.mark.parametrize(
    "typed", ["{} show", "{} tv series for kids", "watch {}", "episodes of {} on tv"]
)
async def test_every_show_is_found_by_its_name_and_words_that_say_nothing(
    shipped, shipped_search, typed
):
    wrong = {}
    for show in shipped.messages:
        found = names(await shipped_search.find(typed.format(show.name), Page(size=3)))
        if found[:1] != [show.name]:
            wrong[show.name] = found

    assert wrong == {}


async def test_every_show_is_suggested_by_the_beginning_of_its_name(shipped, shipped_search):
    for show in shipped.messages:
        half = show.name[: max(6, len(show.name) * 2 // 3)]
        texts = [s.text for s in (await shipped_search.suggest(half, 8)).suggestions]
        assert show.name in texts, half


@pytest.mark.parametrize(
    ("query", "corrected"),
    [
        pytest.param("bluye", "bluey", id="one error"),
        pytest.param("octonots", "octonauts", id="two errors"),
        pytest.param("Curious Gorge!", "Curious george!", id="only the unknown word"),
        pytest.param("pawpatrl", "paw patrol", id="as the show writes it"),
        pytest.param("pokemn", "pokémon", id="with its accents"),
        pytest.param("bluey", "", id="known"),
        pytest.param("octo", "", id="a beginning"),
        pytest.param("spiderman", "", id="known when joined"),
        pytest.param("zzzzzz", "", id="hopeless"),
        pytest.param("", "", id="nothing typed"),
    ],
)
async def test_unknown_words_are_corrected(shipped_search, query, corrected):
    assert (await shipped_search.find(query, Page(size=1))).did_you_mean == corrected


@pytest.mark.parametrize("query", ["", "   ", "!?", "…"])
async def test_a_query_without_words_finds_everything_by_popularity(shipped_search, query):
    hits = await shipped_search.find(query, Page(size=100))

    assert hits.total_size == 302
    shows = [show_pb2.Show.FromString(hit.payload) for hit in hits.hits]
    assert [show.featured for show in shows] == sorted(
        (show.featured for show in shows), reverse=True
    )
