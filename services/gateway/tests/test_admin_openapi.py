"""The admin API's OpenAPI document is valid, complete, and what answers and bodies look like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tantrum_gateway.admin.application import OPERATIONS
from tantrum_gateway.admin.operations import PREFIX

from .editing import EditedSite, edited
from .test_admin_writes import NEW_SHOW, RULES

READS = [
    "/session", "/sessions", "/shows", "/shows/1", "/featured-show", "/categories",
    "/categories/1", "/category-order", "/research", "/research/1", "/themes", "/themes/music",
    "/platforms", "/statistics", "/audit", "/editors", "/editors/1", "/api-tokens",
]  # fmt: skip


@pytest.fixture
async def site() -> AsyncIterator[EditedSite]:
    async with edited() as one:
        yield one


async def document_of(site: EditedSite) -> Any:
    response = await site.stranger().ask("GET", "/openapi.json")
    assert response.status_code == 200
    return response.json()


async def test_the_document_is_valid_and_has_every_operation(site: EditedSite):
    document = await document_of(site)

    validate(document)
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert described == {(one.method, f"{PREFIX}{one.path}") for one in OPERATIONS}
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


async def test_writes_say_what_they_need(site: EditedSite):
    document = await document_of(site)

    for operation in OPERATIONS:
        described = document["paths"][f"{PREFIX}{operation.path}"][operation.method.lower()]
        headers = {one["name"] for one in described["parameters"] if one["in"] == "header"}
        assert ("If-Match" in headers) == operation.guarded
        assert ("Idempotency-Key" in headers) == operation.keyed
        csrf = [one for one in described["security"] if "csrfToken" in one]
        assert bool(csrf) == (operation.method != "GET" and not operation.open_to_all)


@pytest.mark.parametrize("path", READS)
async def test_answers_are_as_described(site: EditedSite, path: str):
    document = await document_of(site)
    key = path.rpartition("/")[2]
    template = path.replace("/1", "/{id}").replace("/music", "/{slug}") if key else path
    described = document["paths"][f"{PREFIX}{template}"]["get"]["responses"]["200"]

    answer = (await site.desk.ask("GET", path)).json()

    check(document, described["content"]["application/json"]["schema"], answer)


@pytest.mark.parametrize(
    ("schema", "body", "valid"),
    [
        ("NewShow", NEW_SHOW, True),
        ("NewShow", {"name": "A"}, False),
        ("NewCategory", {"name": "A", "rules": RULES}, True),
        ("ShowInputPatch", {"ages": {"max": None}, "senses": None, "creator": None}, True),
        ("ShowInputPatch", {"name": None}, False),
        ("ShowInputPatch", {"revision": 1}, False),
        ("ShowInputPatch", {}, False),
        ("CategoryInputPatch", {"rules": {"logic": "OR"}}, False),
    ],
)
async def test_bodies_are_as_described(site: EditedSite, schema: str, body, valid):
    document = await document_of(site)
    patches = schema.endswith("Patch")
    method, path = ("PATCH", "/1") if patches else ("POST", "")
    where = "/categories" if "Category" in schema else "/shows"

    response = await site.desk.ask(method, where + path, body, if_match="*")

    whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    assert Draft202012Validator(whole).is_valid(body) is valid
    assert (response.status_code in (200, 201)) is valid


def check(document: Any, schema: Any, answer: Any) -> None:
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer)
