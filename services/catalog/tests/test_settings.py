from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from tantrum_catalog.commands.environment import CommandError, settings_from_environment
from tantrum_catalog.settings import DatabaseSettings, Settings

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://tantrum@db/tantrum")
    monkeypatch.setenv("CATALOG_PAGE_TOKEN_KEY", "0123456789abcdef")


def test_the_defaults_are_those_of_production():
    settings = Settings()

    assert (settings.database_pool_min_count, settings.database_pool_max_count) == (10, 50)
    assert settings.database_idle_seconds == 30
    assert settings.database_connect_timeout_seconds == 5
    assert settings.database_acquire_timeout_seconds == 60
    assert (settings.database_read_url, settings.metrics_port) == (None, 9101)
    assert settings.log_format == "json"


def test_empty_means_none_where_there_may_be_none(monkeypatch):
    for name in ("METRICS_PORT", "DATABASE_READ_URL", "DATABASE_SSL_ROOT_CERT_FILE"):
        monkeypatch.setenv(f"CATALOG_{name}", "")

    settings = Settings()

    assert settings.metrics_port is None
    assert settings.database_read_url is None
    assert settings.database_ssl_root_cert_file is None


def test_secrets_do_not_print(monkeypatch):
    monkeypatch.setenv("CATALOG_DATABASE_PASSWORD", "hunter2")

    settings = Settings()

    assert "hunter2" not in repr(settings)
    assert "0123456789abcdef" not in repr(settings)
    assert settings.database_password.get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAGE_TOKEN_KEY", "short"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_ACQUIRE_TIMEOUT_SECONDS", "61"),
        ("METRICS_PORT", "70000"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_and_without_its_value(monkeypatch, name, value):
    monkeypatch.setenv(f"CATALOG_{name}", value)

    with pytest.raises(ValidationError):
        Settings()
    with pytest.raises(CommandError) as caught:
        settings_from_environment(Settings)
    assert str(caught.value).startswith(f"CATALOG_{name}: ")
    assert value not in str(caught.value).removeprefix(f"CATALOG_{name}").replace("16", "")


def test_migrating_needs_nothing_but_the_database(monkeypatch):
    monkeypatch.delenv("CATALOG_PAGE_TOKEN_KEY")

    assert DatabaseSettings().database_url.path == "/tantrum"


def test_the_readme_lists_exactly_the_settings_with_their_defaults():
    row = re.compile(r"^\| `CATALOG_(\w+)` \| `?([^`|]+)`? \|", re.MULTILINE)
    listed = dict(row.findall(README.read_text()))

    defaults = {}
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if field.is_required():
            defaults[name.upper()] = "required"
        elif default is None or not str(default):
            defaults[name.upper()] = "none"
        elif hasattr(default, "get_secret_value"):
            defaults[name.upper()] = default.get_secret_value() or "none"
        else:
            defaults[name.upper()] = f"{default:g}" if isinstance(default, float) else str(default)
    assert {name: value.strip() for name, value in listed.items()} == defaults
