"""The OpenAPI document is valid, complete, and what the answers really look like."""

from __future__ import annotations

import inspect

import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate
from tantrum_gateway import reads
from tantrum_gateway.endpoints import ENDPOINTS

from .conftest import Site, asks_only

ADDRESSES = {
    "/v1/shows": "/v1/shows",
    "/v1/shows/{idOrSlug}": "/v1/shows/bluey",
    "/v1/shows/{idOrSlug}/similar": "/v1/shows/bluey/similar",
    "/v1/compare": "/v1/compare?ids=1,2",
    "/v1/home": "/v1/home",
    "/v1/categories": "/v1/categories",
    "/v1/categories/{id}": "/v1/categories/1",
    "/v1/categories/{id}/shows": "/v1/categories/calm/shows",
    "/v1/themes": "/v1/themes",
    "/v1/platforms": "/v1/platforms",
    "/v1/research": "/v1/research",
    "/v1/research/{slug}": "/v1/research/1",
    "/v1/search": "/v1/search?q=blue",
    "/v1/suggest": "/v1/suggest?q=blue",
    "/api/health": "/api/health",
}


@asks_only
async def test_the_document_is_valid(shared_site: Site):
    document = await shared_site.json("/v1/openapi.json")

    validate(document)
    assert document["openapi"] == "3.1.0"


@asks_only
async def test_every_endpoint_is_in_it_with_every_parameter(shared_site: Site):
    document = await shared_site.json("/v1/openapi.json")

    for endpoint in ENDPOINTS:
        operation = document["paths"][endpoint.path]["get"]
        described = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        assert described == [one.name for one in endpoint.parameters]
    assert {path for path in document["paths"] if path.startswith(("/v1", "/api"))} == set(
        ADDRESSES
    )


@pytest.mark.parametrize("path", ADDRESSES)
@asks_only
async def test_answers_are_as_described(shared_site: Site, path: str):
    document = await shared_site.json("/v1/openapi.json")
    answer = await shared_site.json(ADDRESSES[path])
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]

    validator(document, schema).validate(answer)

    assert answer.keys() == schema_of(document, schema)["properties"].keys()


@asks_only
async def test_problems_are_as_described(shared_site: Site):
    document = await shared_site.json("/v1/openapi.json")
    problem = (await shared_site.get("/v1/shows?minAge=x")).json()

    schema = {"$ref": "#/components/schemas/Problem"}
    validator(document, schema).validate(problem)


@pytest.mark.parametrize(
    "path",
    ["/v1/shows", "/v1/shows/{idOrSlug}", "/v1/shows/{idOrSlug}/similar", "/v1/home",
     "/v1/categories/{id}/shows", "/v1/search"],
)  # fmt: skip
@asks_only
async def test_answers_with_chosen_fields_are_as_described(shared_site: Site, path: str):
    document = await shared_site.json("/v1/openapi.json")
    address = ADDRESSES[path]
    answer = await shared_site.json(f"{address}{'&' if '?' in address else '?'}fields=id")
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]

    validator(document, schema).validate(answer)
    with pytest.raises(ValidationError):
        validator(document, schema["anyOf"][0]).validate(answer)


@pytest.mark.parametrize(
    ("path", "name", "value", "status"),
    [
        ("/v1/compare", "ids", [1, 2, 3, 4], 200),
        ("/v1/compare", "ids", [1, 2, 3, 4, 5], 400),
        ("/v1/compare", "ids", [1, 1], 400),
        ("/v1/compare", "ids", [2**31], 400),
        ("/v1/shows", "fields", ["name", "id"], 200),
        ("/v1/shows", "fields", [""], 400),
        ("/v1/shows", "fields", [], 400),
        ("/v1/shows", "pageSize", 2**61 - 1, 200),
        ("/v1/shows", "pageSize", -1, 400),
        ("/v1/shows", "orderBy", "releaseYear desc", 200),
        ("/v1/shows", "orderBy", "name up", 400),
        ("/v1/shows", "q", "", 200),
        ("/v1/shows", "q", "tab\t", 400),
        ("/v1/shows", "q", "next\x85line", 400),
        ("/v1/shows", "pageToken", "no token", 400),
        ("/v1/research", "category", "x" * 100, 200),
        ("/v1/research", "category", "x" * 101, 400),
        ("/v1/research", "category", " ", 400),
        ("/v1/research", "category", "a\nb", 400),
    ],
)
@asks_only
async def test_parameters_are_as_described(
    shared_site: Site, path: str, name: str, value, status: int
):
    document = await shared_site.json("/v1/openapi.json")
    parameters = document["paths"][path]["get"]["parameters"]
    schema = next(one["schema"] for one in parameters if one["name"] == name)
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)

    response = await shared_site.http.get(path, params={name: text})

    assert response.status_code == status
    assert Draft202012Validator(schema).is_valid(value) is (status == 200)


def validator(document, schema):
    """The *schema*, able to find the others that it refers to."""
    return Draft202012Validator({**schema, "components": document["components"]})


def schema_of(document, schema):
    whole = schema["anyOf"][0] if "anyOf" in schema else schema
    return document["components"]["schemas"][whole["$ref"].rpartition("/")[2]]


def test_each_read_serves_one_endpoint():
    public = {
        function
        for name, function in inspect.getmembers(reads, inspect.iscoroutinefunction)
        if function.__module__ == reads.__name__ and not name.startswith("_")
    }

    fallbacks = {endpoint.fallback for endpoint in ENDPOINTS} - {None}
    assert public == {endpoint.read for endpoint in ENDPOINTS} | fallbacks
    assert len(ENDPOINTS) == len(public - fallbacks)
