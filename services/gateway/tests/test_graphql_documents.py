"""Persisted GraphQL documents where there is more than one gateway."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest
import redis
from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.graphql.documents import Documents, id_of
from tantrum_gateway.graphql.failures import RequestError
from tantrum_gateway.graphql.limits import Limits
from tantrum_gateway.l2 import NoStore, Stored
from tantrum_gateway.reads import Reply

from .conftest import eventually, sited

QUERY = "{ themes { totalCount } }"
ID = f"sha256:{hashlib.sha256(QUERY.encode()).hexdigest()}"
BY_ID = f"/graphql?{urlencode({'documentId': ID})}"


class OneStored(NoStore):
    """A store that has one text under each key, and counts who asks."""

    def __init__(self, text):
        self.text = text
        self.asked = 0

    async def get(self, key):
        self.asked += 1
        body = self.text.encode()
        reply = Reply(body=body, catalog_revision=0, depends=Dependencies())
        return Stored(reply=reply, age_seconds=0, fresh_seconds=1)


def documents(store):
    return Documents(
        limits=Limits(max_tokens=100, max_aliases=5, max_directives=5, max_depth=5),
        introspection=True,
        suggestions=False,
        persisted_size_bytes=10_000,
        shared=store,
    )


@pytest.mark.integration
async def test_what_one_gateway_persists_another_knows(redis_server):
    async with sited(redis_url=redis_server.url) as one, sited(redis_url=redis_server.url) as two:
        unknown = await two.get(BY_ID)
        await one.http.post("/graphql", json={"query": QUERY, "documentId": ID})

        async def known() -> bool:
            return (await two.get(BY_ID)).status_code == 200

        await eventually(known)
        with redis.Redis.from_url(redis_server.url) as client:
            client.flushall()
        without_redis = await two.get(BY_ID)

    assert unknown.status_code == 400
    assert without_redis.json()["data"]["themes"]["totalCount"] > 0


async def test_a_text_is_only_believed_under_its_own_id():
    ours = documents(OneStored(QUERY))

    assert await ours.text(id_of(QUERY), None) == QUERY
    with pytest.raises(RequestError):
        await ours.text(id_of("{ platforms { totalCount } }"), None)


async def test_what_is_known_here_or_can_be_no_id_is_not_looked_up():
    store = OneStored(QUERY)
    ours = documents(store)

    for _ in range(2):
        await ours.text(id_of(QUERY), None)
    with pytest.raises(RequestError):
        await ours.text("sha256:none", None)

    assert store.asked == 1
