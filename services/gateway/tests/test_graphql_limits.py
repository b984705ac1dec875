"""What asks for too much is refused before any of it is done, by a limit with a name."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query

from .conftest import Site, asks_only, sited
from .graphql_client import data, error, errors

DOUBLED = "fragment F{0} on Home {{ ...F{1} ...F{1} }}"
BOMB = " ".join(
    [
        "{ home { ...F0 } }",
        *(DOUBLED.format(n, n + 1) for n in range(40)),
        "fragment F40 on Home { __typename }",
    ]
)
MANY_BOMBS = " ".join(
    [
        *(f"query Q{n} {{ home {{ ...F0 }} }}" for n in range(200)),
        *(DOUBLED.format(n, n + 1) for n in range(7)),
        "fragment F7 on Home { __typename }",
    ]
)


async def refused(site: Site, query: str, /, **variables: Any) -> tuple[str, int, int]:
    """The limit that *query* is over, what it gave, and what was allowed."""
    failure = await error(site, query, **variables)
    extensions = failure["extensions"]
    limit: str = extensions["limit"]
    assert extensions["code"] == "limit-exceeded"
    assert failure["message"].startswith(f"{limit}: ")
    assert str(extensions["allowed"]) in failure["message"]
    assert site.catalog.calls == []
    return limit, extensions["given"], extensions["allowed"]


FOUR_OF_EACH = {
    "depth": (
        "{ home { categories { shows { slug } } } }",
        "{ home { categories { category { rules { logic } } } } }",
    ),
    "depth in fragments": (
        """{ home { ... { categories { ...A } } } }
        fragment A on HomeCategory { shows { slug } }""",
        """{ home { ... { categories { ...A } } } } fragment A on HomeCategory { ...B }
        fragment B on HomeCategory { shows { ages { min } } }""",
    ),
    "aliases": (
        "{ a: __typename b: __typename c: __typename d: __typename }",
        """{ a: __typename b: __typename ...F }
        fragment F on Query { c: __typename d: __typename e: __typename }""",
    ),
    "directives": (
        "{ __typename @skip(if: false) @include(if: true) ... @skip(if: true) { __typename } }",
        """query($v: Boolean! = true @deprecated) { __typename @skip(if: $v) a: __typename @skip(
        if: $v) ...F @skip(if: $v) } fragment F on Query { __typename @include(if: $v) }""",
    ),
    "depth of braces": ("{ home { __typename } }", "{a" * 400 + "}" * 400),
    "tokens": ("{ a }", "{ a b c d e f g }"),
}


@pytest.mark.parametrize("name", FOUR_OF_EACH)
async def test_each_limit_is_a_setting_with_a_name(name: str):
    fits, does_not_fit = FOUR_OF_EACH[name]
    limit = name.partition(" ")[0]
    async with sited(**{f"graphql_max_{limit}": 4}) as site:
        fitting = await site.http.post("/graphql", json={"query": fits})
        assert "limit-exceeded" not in fitting.text
        site.catalog.calls.clear()
        assert await refused(site, does_not_fit) == (limit, 5, 4)


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ __typename }", 0),
        ("{ themes { totalCount } }", 21),
        ("{ themes(first: 7) { nodes { slug } } }", 28),
        ("{ themes(first: 7) { edges { node { slug } } } }", 35),
        ("{ a: themes { totalCount } b: themes { totalCount } }", 42),
        ("{ shows(first: 10) { nodes { ages { min } similar(first: 2) { nodes { slug } } } } }",
         20 + 1 + 10 + 10 + 10 * (100 + 1 + 2)),
        ("{ ... { ...F } } fragment F on Query { themes(first: 3) { nodes { slug } } }", 24),
        ("{ home(showsPerCategory: 5) { categories { shows { slug } } } }", 20 + 1 + 10 + 50),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 23),
        ("{ __schema { types { fields { name } } } }", 0),
    ],
)  # fmt: skip
async def test_a_query_costs_what_it_reads_and_answers(query: str, cost: int):
    async with sited(graphql_max_cost=max(1, cost)) as site:
        await data(site, query)
    if cost > 1:
        async with sited(graphql_max_cost=cost - 1) as site:
            assert await refused(site, query) == ("cost", cost, cost - 1)


async def test_variables_and_defaults_count_too():
    query = "query($first: Int! = 90) { shows(first: $first) { nodes { slug } } }"
    async with sited(graphql_max_cost=50) as site:
        await data(site, query, first=20)
        site.catalog.calls.clear()
        assert await refused(site, query) == ("cost", 111, 50)
        assert await refused(site, query, first=100) == ("cost", 121, 50)


NESTED = {
    "similar in similar": ("{ shows { nodes { similar { nodes { SIMILAR } } } } }", 3),
    "similar in a category": ("{ categories { nodes { shows { nodes { SIMILAR } } } } }", 3),
    "similar in search": ('{ search(query: "x") { nodes { show { SIMILAR } } } }', 2),
    "through fragments": (
        """{ shows { nodes { ...F } } } fragment F on Show { similar { nodes { ...G } } }
        fragment G on Show { SIMILAR }""",
        3,
    ),
}


@pytest.mark.parametrize(("query", "given"), NESTED.values(), ids=NESTED.keys())
@asks_only
async def test_reads_in_reads_in_reads_are_refused(shared_site: Site, query: str, given: int):
    document = query.replace("SIMILAR", "similar(first: 1) { nodes { slug } }")

    assert (await refused(shared_site, document))[:2] == ("nesting", given)


@pytest.mark.parametrize(
    "query",
    [
        "{" + "__typename " * 102 + "}",
        "{" + "home { categories { __typename } } " * 50 + "}",
        "{ __schema {" + "types { name } " * 60 + "} }",
        "{" + "...F " * 102 + "} fragment F on Query { __typename }",
    ],
    ids=["of a scalar", "of levels", "in the introspection", "of a fragment"],
)
@asks_only
async def test_the_same_field_again_and_again_is_refused(shared_site: Site, query: str):
    """Validation takes the square of their number."""
    assert (await refused(shared_site, query))[0] == "repetitions"


async def test_fields_may_repeat_where_fragments_meet(site: Site):
    query = """{ home { ...A ...B categories { __typename } } a: home { ...B } }
        fragment A on Home { categories { category { slug } } }
        fragment B on Home { categories { category { slug name } shows { slug } } }"""

    found = await data(site, query)

    assert found["home"]["categories"][0].keys() == {"category", "shows", "__typename"}


@pytest.mark.parametrize("query", [BOMB, MANY_BOMBS], ids=["one", "many"])
@asks_only
async def test_fragments_do_not_multiply_without_bound(shared_site: Site, query: str):
    assert (await refused(shared_site, query))[0] in ("selections", "repetitions")


async def test_two_searches_are_two_requests(site: Site):
    query = '{ a: search(query: "x") { totalCount } b: search(query: "y") { totalCount } }'

    (failure,) = await errors(site, query)

    assert failure["extensions"]["limit"] == "search"
    assert failure["path"] == ["b"]


async def test_more_reads_than_a_call_takes_are_refused():
    keys = " ".join(f"a{n}: show(by: {{ databaseId: {n} }}) {{ slug }}" for n in range(1, 102))
    generous = {"graphql_max_aliases": 500, "graphql_max_cost": 10_000}
    async with sited(**generous) as site:
        found = await errors(site, f"{{ {keys} }}")

    assert {one["extensions"]["limit"] for one in found} == {"reads"}


HOSTILE = {
    "a fragment in itself": "{ ...A } fragment A on Query { ...A }",
    "a fragment in itself, further down": """{ ...A }
        fragment A on Query { home { categories { ...B } } }
        fragment B on HomeCategory { category { shows { nodes { ...C } } } }
        fragment C on Show { similar { nodes { ...C } } }""",
    "a fragment that is missing": "{ ...Missing }",
    "braces": "{" * 3_000,
    "deep fields": "{a" * 900 + "}" * 900,
    "brackets": "[" * 1_999,
    "deep types": "query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { __typename }",
    "deep inline fragments": "{" + "... {" * 600 + "__typename" + "}" * 601,
    "a long chain of fragments": "{ ...F0 }"
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(240))
    + "fragment F240 on Query { none }",
    "comments": "\n".join("#" for _ in range(3_000)),
    "introspection in circles": "{ __schema { types { "
    + "fields { type { " * 5
    + "name"
    + " } }" * 5
    + " } } }",
}


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE.keys())
@asks_only
async def test_hostile_documents_are_refused(shared_site: Site, query: str):
    response = await shared_site.http.post("/graphql", json={"query": query})

    assert response.status_code == 400
    assert {one["extensions"]["code"] for one in response.json()["errors"]} <= {
        "invalid-document",
        "limit-exceeded",
    }
    assert shared_site.catalog.calls == []


async def test_tools_can_introspect(site: Site):
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    )

    assert (await data(site, query))["__schema"]["queryType"]["name"] == "Query"
