"""The OpenAPI document is valid, complete, and what the answers really look like."""

from __future__ import annotations

import inspect

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tantrum_gateway import reads
from tantrum_gateway.endpoints import ENDPOINTS

from .conftest import Site

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


async def test_the_document_is_valid(site: Site):
    document = await site.json("/v1/openapi.json")

    validate(document)
    assert document["openapi"] == "3.1.0"


async def test_every_endpoint_is_in_it_with_every_parameter(site: Site):
    document = await site.json("/v1/openapi.json")

    for endpoint in ENDPOINTS:
        operation = document["paths"][endpoint.path]["get"]
        described = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        assert described == [one.name for one in endpoint.parameters]
    assert {path for path in document["paths"] if path.startswith(("/v1", "/api"))} == set(
        ADDRESSES
    )


@pytest.mark.parametrize("path", ADDRESSES)
async def test_answers_are_as_described(site: Site, path: str):
    document = await site.json("/v1/openapi.json")
    answer = await site.json(ADDRESSES[path])
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]

    validator(document, schema).validate(answer)

    assert answer.keys() == schema_of(document, schema)["properties"].keys()


async def test_problems_are_as_described(site: Site):
    document = await site.json("/v1/openapi.json")
    problem = (await site.get("/v1/shows?minAge=x")).json()

    schema = {"$ref": "#/components/schemas/Problem"}
    validator(document, schema).validate(problem)


def validator(document, schema):
    """The *schema*, able to find the others that it refers to."""
    return Draft202012Validator({**schema, "components": document["components"]})


def schema_of(document, schema):
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def test_each_read_serves_one_endpoint():
    public = {
        function
        for name, function in inspect.getmembers(reads, inspect.iscoroutinefunction)
        if function.__module__ == reads.__name__ and not name.startswith("_")
    }

    assert public == {endpoint.read for endpoint in ENDPOINTS}
    assert len(ENDPOINTS) == len(public)
