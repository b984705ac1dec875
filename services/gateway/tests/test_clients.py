"""Who is behind the proxies."""

from __future__ import annotations

import pytest
from tantrum_gateway.clients import Client, ClientFinder, networks

TRUSTED = networks("10.0.0.0/8, fd00::/8, 127.0.0.1")
CLOUDFLARE = networks("173.245.48.0/20,2400:cb00::/32")


def found(
    peer: str, forwarded_for: str | None = None, *, proto: str | None = None, cf: str | None = None
) -> Client:
    finder = ClientFinder(trusted=TRUSTED, cloudflare=CLOUDFLARE)
    return finder.client(
        peer,
        forwarded_for=forwarded_for.encode("latin-1") if forwarded_for is not None else None,
        forwarded_proto=proto.encode() if proto else None,
        connecting_ip=cf.encode() if cf else None,
    )


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        pytest.param("203.0.113.7", None, "203.0.113.7", id="no proxy"),
        pytest.param("203.0.113.7", "198.51.100.1", "203.0.113.7", id="a stranger claims"),
        pytest.param("10.1.2.3", "198.51.100.1", "198.51.100.1", id="one proxy"),
        pytest.param("10.1.2.3", "198.51.100.1, 10.9.9.9", "198.51.100.1", id="two proxies"),
        pytest.param("10.1.2.3", "6.6.6.6, 198.51.100.1", "198.51.100.1", id="client claims"),
        pytest.param("10.1.2.3", "6.6.6.6,198.51.100.1 , 10.9.9.9", "198.51.100.1", id="both"),
        pytest.param("10.1.2.3", "198.51.100.1:4711", "198.51.100.1", id="with a port"),
        pytest.param("10.1.2.3", "[2001:db8::1]:4711", "2001:db8::1", id="IPv6 with a port"),
        pytest.param("10.1.2.3", '"[2001:db8::1]"', "2001:db8::1", id="quoted"),
        pytest.param("fd00::1", "2001:db8::1", "2001:db8::1", id="proxy by IPv6"),
        pytest.param("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1", id="IPv4 in IPv6"),
        pytest.param("10.1.2.3", "::ffff:198.51.100.1", "198.51.100.1", id="forwarded mapped"),
        pytest.param("10.1.2.3", "198.51.100.1, unknown", "10.1.2.3", id="nonsense last"),
        pytest.param("10.1.2.3", "unknown, 10.9.9.9", "10.9.9.9", id="nonsense first"),
        pytest.param("10.1.2.3", "", "10.1.2.3", id="empty"),
        pytest.param("10.1.2.3", "\xff\xfe", "10.1.2.3", id="no text"),
    ],
)
def test_the_client_is_the_first_that_is_no_proxy_of_ours(peer, forwarded_for, address):
    assert found(peer, forwarded_for).address == address


def test_a_long_chain_is_not_followed_for_ever():
    chain = ", ".join(["198.51.100.1", *["10.0.0.1"] * 1_000])

    assert found("10.1.2.3", chain).address == "10.0.0.1"


def test_what_is_limited_is_an_ipv4_address_or_an_ipv6_network_of_64_bits():
    assert found("203.0.113.7").key == "203.0.113.7"
    assert found("2001:db8:1:2:3:4:5:6").key == "2001:db8:1:2::/64"
    assert found("2001:db8:1:2:ffff::1").key == "2001:db8:1:2::/64"
    assert found("2001:db8:1:3::1").key == "2001:db8:1:3::/64"
    assert found("fe80::1%eth0").key == "fe80::/64"


@pytest.mark.parametrize("forwarded_for", [None, "10.9.9.9", "nonsense"])
def test_where_only_our_proxies_are_known_no_client_is(forwarded_for):
    assert found("10.1.2.3", forwarded_for).key is None


def test_a_peer_without_an_address_is_nobody():
    assert found("unix:") == Client(address="unix:", key=None, secure=False)


def test_cloudflare_is_believed_where_a_request_comes_from_it():
    assert found("173.245.48.1", cf="198.51.100.1").key == "198.51.100.1"
    assert found("10.1.2.3", "173.245.48.1", cf="198.51.100.1").key == "198.51.100.1"
    assert found("2400:cb00::1", cf="2001:db8::1").key == "2001:db8::/64"
    assert found("173.245.48.1", cf="nonsense").key == "173.245.48.1"


def test_nobody_else_may_speak_for_cloudflare():
    assert found("203.0.113.7", cf="198.51.100.1").key == "203.0.113.7"
    assert found("10.1.2.3", "203.0.113.7", cf="198.51.100.1").key == "203.0.113.7"
    assert found("10.1.2.3", cf="198.51.100.1").key is None


def test_only_a_trusted_proxy_says_that_a_request_came_over_tls():
    assert found("10.1.2.3", "198.51.100.1", proto="https").secure
    assert not found("10.1.2.3", "198.51.100.1", proto="http").secure
    assert not found("10.1.2.3", "198.51.100.1").secure
    assert not found("203.0.113.7", "198.51.100.1", proto="https").secure


def test_networks_are_a_comma_list():
    assert [str(one) for one in networks(" 10.0.0.0/8,::1 ,")] == ["10.0.0.0/8", "::1/128"]
    assert networks("") == ()
    with pytest.raises(ValueError, match="host bits"):
        networks("10.0.0.1/8")
