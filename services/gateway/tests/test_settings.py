"""Settings, and that the README tells the truth about them."""

from __future__ import annotations

import re
from pathlib import Path

import pydantic
import pytest
from tantrum_gateway.settings import Settings

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_lists_every_setting_with_its_default():
    row = re.compile(r"^\| `(GATEWAY_\w+)` \| (?:`([^`]*)`)? ?\|", re.MULTILINE)
    expected = [
        (f"GATEWAY_{name.upper()}", "" if field.default is None else str(field.default))
        for name, field in Settings.model_fields.items()
    ]

    assert row.findall(README.read_text()) == expected


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("GATEWAY_HTTP_ADDRESS", "[::1]:80")
    monkeypatch.setenv("GATEWAY_REDIS_URL", "redis://:hunter2@cache:6379/0")
    monkeypatch.setenv("GATEWAY_METRICS_PORT", "")

    settings = Settings()

    assert settings.http_address == "[::1]:80"
    assert settings.metrics_port is None
    assert "hunter2" not in repr(settings)


def test_an_empty_redis_url_means_none(monkeypatch):
    monkeypatch.setenv("GATEWAY_REDIS_URL", "")

    assert Settings().redis_url is None


@pytest.mark.parametrize("url", ["cache:6379", "redis+sentinel://:hunter2@cache:26379"])
def test_a_redis_url_that_names_no_redis_is_refused_without_its_password(monkeypatch, url):
    monkeypatch.setenv("GATEWAY_REDIS_URL", url)

    with pytest.raises(pydantic.ValidationError) as refused:
        Settings()

    # What the process says when it does not start.
    assert [error["loc"] for error in refused.value.errors()] == [("redis_url",)]
    assert not any("hunter2" in error["msg"] for error in refused.value.errors())


@pytest.mark.parametrize("address", ["127.0.0.1", ":8080", "::1:80", "a b:1", "host:port", ""])
def test_addresses_need_host_and_port(monkeypatch, address):
    monkeypatch.setenv("GATEWAY_HTTP_ADDRESS", address)

    with pytest.raises(pydantic.ValidationError):
        Settings()


@pytest.mark.parametrize("limit", ["0/60", "10", "10/0", "-1/60", "10/60s", "1e3/60"])
def test_limits_are_requests_and_seconds(monkeypatch, limit):
    monkeypatch.setenv("GATEWAY_LIMIT_READ", limit)

    with pytest.raises(pydantic.ValidationError):
        Settings()


def test_an_empty_limit_is_none(monkeypatch):
    monkeypatch.setenv("GATEWAY_LIMIT_SIGN_IN", "")

    assert Settings().limit_sign_in is None


@pytest.mark.parametrize("name", ["TRUSTED_PROXIES", "CLOUDFLARE_NETWORKS"])
def test_networks_have_to_be_networks(monkeypatch, name):
    monkeypatch.setenv(f"GATEWAY_{name}", "10.0.0.0/8,10.0.0.1/8")

    with pytest.raises(pydantic.ValidationError, match="host bits"):
        Settings()
