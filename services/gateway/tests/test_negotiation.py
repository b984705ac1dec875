"""Accept-Encoding and If-None-Match, by RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_gateway.negotiation import Coding, accepts, coding_for, matching_tag

from .conftest import Site


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, "identity"),
        (b"", "identity"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"gzip, deflate", "gzip"),
        (b"GZIP", "gzip"),
        (b"x-gzip", "gzip"),
        (b"br;q=0.5, gzip;q=0.8", "gzip"),
        (b"br;q=0, gzip", "gzip"),
        (b"*", "br"),
        (b"*;q=0.1, identity", "identity"),
        (b"br;q=0.5, identity;q=0.9", "identity"),
        (b"deflate, compress", "identity"),
        (b"identity;q=0, zstd", "zstd"),
        (b"*;q=0, gzip", "gzip"),
        (b"*;q=0", None),
        (b"identity;q=0", None),
        (b"identity;q=0, *;q=0", None),
        (b"gzip ; q=1.000 , br ; q=0.999", "gzip"),
        (b"br;q=nonsense, gzip;q=0.2", "gzip"),
        (b"br;q=2", "identity"),
        (b",,,", "identity"),
    ],
)
def test_a_client_gets_what_it_likes_most(accept, coding):
    assert coding_for(accept, compressible=True) == (coding and Coding(coding))


def test_what_does_not_shrink_goes_as_it_is_where_it_may():
    assert coding_for(b"gzip, br", compressible=False) is Coding.IDENTITY
    assert coding_for(b"gzip, identity;q=0", compressible=False) is Coding.GZIP


@pytest.mark.parametrize("path", ["/v1/shows", "/v1/home", "/v1/openapi.json", "/docs"])
async def test_what_is_preferred_is_smaller_than_gzip(site: Site, path: str):
    sizes = {
        coding: int((await site.get(path, accept_encoding=coding)).headers["content-length"])
        for coding in ("br", "gzip")
    }

    assert sizes["br"] < sizes["gzip"]


@given(st.binary(max_size=80))
def test_no_header_is_too_strange(header):
    coding_for(header, compressible=True)
    matching_tag(header, (b'"a"',), weak=True)
    accepts(header, "text/html")


@pytest.mark.parametrize(
    ("header", "holds"),
    [
        (b'"a"', True),
        (b'W/"a"', True),
        (b'"b", "a"', True),
        (b'"b","a","c"', True),
        (b"*", True),
        (b" * ", True),
        (b'"b"', False),
        (b'"aa"', False),
        (b"a", False),
        (b"", False),
    ],
)
def test_a_tag_is_found_in_lists_and_weak_forms(header, holds):
    assert (matching_tag(header, (b'"a"',), weak=True) == b'"a"') is holds


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (b'"a"', b'"a"'),
        (b'"b"', b'"b"'),
        (b'"x", "b", "a"', b'"a"'),
        (b'W/"a", "b"', b'"b"'),
        (b'W/"a"', b""),
        (b"*", b'"a"'),
        (b'"x"', b""),
    ],
)
def test_a_strong_comparison_takes_no_weak_forms(header, tag):
    assert matching_tag(header, (b'"a"', b'"b"'), weak=False) == tag


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        (b"application/json", True),
        (b"application/*", True),
        (b"*/*", True),
        (b"", True),
        (b"text/html, application/xhtml+xml, */*;q=0.8", True),
        (b"APPLICATION/JSON;charset=utf-8", True),
        (b"application/json;v=1;q=0.5", True),
        (b"text/html", False),
        (b"application/json;q=0, */*", False),
        (b"application/json;q=0, application/*", False),
        (b"*/*;q=0", False),
        (b"image/*", False),
    ],
)
def test_the_closest_media_range_decides(accept, taken):
    assert accepts(accept, "application/json; charset=utf-8") is taken
