from __future__ import annotations

import pytest
from tantrum_search.domain.search import Page
from tantrum_search.storage.memory import MemoryBackend

from .builders import document, names, search_over


async def order(query: str, *shows: dict) -> list[str]:
    search = await search_over(MemoryBackend(), [document(**show) for show in shows])
    return names(await search.find(query, Page(size=100)))


# Names are chosen so that popularity alone would give the opposite order.
@pytest.mark.parametrize(
    ("query", "shows"),
    [
        pytest.param("pig", [{"name": "Pig"}, {"name": "A1", "aliases": ["Pig"]}], id="whole name"),
        pytest.param(
            "pig", [{"name": "Z", "aliases": ["Pig"]}, {"name": "Pig Tales"}], id="whole alias"
        ),
        pytest.param("pig", [{"name": "Pig Tales"}, {"name": "A Big Pig"}], id="begins the name"),
        pytest.param(
            "pig",
            [{"name": "Z", "aliases": ["Pig Tales"]}, {"name": "Big Pig"}],
            id="begins an alias",
        ),
        pytest.param("the pig", [{"name": "The Pig"}, {"name": "A Pig The"}], id="articles"),
        pytest.param("pig", [{"name": "The Pig"}, {"name": "Pig Ahead"}], id="article left out"),
        pytest.param(
            "piggy",
            [{"name": "Z", "description": "a piggy"}, {"name": "Piggi"}],
            id="no errors before errors",
        ),
        pytest.param(
            "bluye", [{"name": "Bluey"}, {"name": "A Blue House"}], id="whole names with errors"
        ),
        pytest.param(
            "octonaust ship",
            [{"name": "Ship of Octonaust"}, {"name": "A Ship Octonauts"}],
            id="fewer errors",
        ),
        pytest.param(
            "big pig",
            [{"name": "My Big Pig"}, {"name": "A Big Red Pig"}],
            id="words together",
        ),
        pytest.param(
            "big pig", [{"name": "My Big Pig"}, {"name": "A Pig Big"}], id="words in order"
        ),
        pytest.param(
            "pig",
            [
                {"name": "My Pig"},
                {"name": "Y", "aliases": ["My Pig"]},
                {"name": "X", "creator": "Pig"},
                {"name": "W", "themes": ["pig"]},
                {"name": "V", "description": "pig"},
            ],
            id="fields",
        ),
        pytest.param(
            "pig", [{"name": "My Pig"}, {"name": "Bad Piggy"}], id="whole words before beginnings"
        ),
        pytest.param(
            "pig show", [{"name": "The Pig Show"}, {"name": "Pig"}], id="names as typed first"
        ),
        pytest.param(
            "shows for pig",
            [{"name": "Pig"}, {"name": "Pig Ahead", "description": "shows for pig"}],
            id="whole names without asides",
        ),
        pytest.param(
            "the big and red tv pig",
            [{"name": "Big Red Pig"}, {"name": "Big Blue Red Pig Tv"}],
            id="asides left out anywhere",
        ),
        pytest.param(
            "piggy show",
            [{"name": "Piggy"}, {"name": "Piggi Show"}],
            id="no errors before asides",
        ),
        pytest.param(
            "piggy show",
            [{"name": "Big Piggy A Show"}, {"name": "Big Piggy", "description": "a shop"}],
            id="asides count where they are",
        ),
        pytest.param(
            "pig for kids",
            [{"name": "My Pig"}, {"name": "A1", "description": "a pig for kids"}],
            id="fields before asides",
        ),
        pytest.param(
            "cat and dog",
            [{"name": "My Cat and Dog"}, {"name": "A Big Cat Dog"}, {"name": "A Big Dog and Cat"}],
            id="asides between words",
        ),
        pytest.param(
            "pig", [{"name": "Pig Z", "featured": True}, {"name": "Pig A"}], id="featured"
        ),
        pytest.param("pig", [{"name": "Pig A"}, {"name": "Pig B"}], id="name"),
        pytest.param("spiderman", [{"name": "Spider-Man"}, {"name": "Big Spiderman"}], id="joined"),
        pytest.param("spider man", [{"name": "Spiderman"}, {"name": "Big Spider Man"}], id="split"),
    ],
)
async def test_the_better_hit_comes_first(query, shows):
    expected = [show["name"] for show in shows]

    assert await order(query, *shows) == expected
    assert await order(query, *reversed(shows)) == expected


async def test_equal_names_are_ordered_by_number():
    search = await search_over(
        MemoryBackend(), [document(id=number, name="Same") for number in (3, 1, 2)]
    )

    hits = await search.find("same", Page(size=10))

    assert [int.from_bytes(hit.payload[1:2]) for hit in hits.hits] == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("blue dog", ["Blue Dog"], id="all words must match"),
        pytest.param("the blue dog", ["Blue Dog"], id="an article may be missing"),
        pytest.param("blue and dog", ["Blue Dog"], id="and may be missing"),
        pytest.param("the", ["The Cat"], id="unless there is nothing else"),
        pytest.param("the blue tv shows for kids", ["Blue Dog"], id="an aside may be missing"),
        pytest.param("cat for a show", ["The Cat"], id="wherever it is"),
        pytest.param("kids tv", [], id="asides alone must match"),
        pytest.param("for a tv", [], id="of several, the most telling"),
        pytest.param("blue zebra", [], id="no word is dropped"),
        pytest.param("do", ["Blue Dog"], id="the last word may be a beginning"),
        pytest.param("blu dog", [], id="another word may not"),
        pytest.param("dgo", [], id="short words have no errors"),
        pytest.param("dog " * 50, ["Blue Dog"], id="repetition changes nothing"),
    ],
)
async def test_what_matches(query, found):
    assert await order(query, {"name": "Blue Dog"}, {"name": "The Cat"}) == found
