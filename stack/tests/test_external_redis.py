from __future__ import annotations

import pytest
from tantrum_stack.errors import StackError
from tantrum_stack.external_redis import ExternalRedis


@pytest.mark.parametrize(
    "url", ["foo", "redis://", "http://localhost:6379", "redis://localhost:port", "redis://:0"]
)
def test_what_is_no_redis_is_refused(url):
    with pytest.raises(StackError, match="REDIS_URL is not of the form"):
        ExternalRedis(url)


@pytest.mark.parametrize("url", ["redis://cache.example.com", "rediss://:secret@10.0.0.1:7000/2"])
def test_an_address_is_taken_as_it_is(url):
    assert ExternalRedis(url).url == url
