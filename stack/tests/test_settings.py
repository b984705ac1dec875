"""What the environment says, and what is said back when that makes no sense."""

from __future__ import annotations

import pytest
from tantrum_stack.errors import StackError
from tantrum_stack.external_database import ExternalDatabase
from tantrum_stack.settings import CHECKOUT, Settings, read_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("TANTRUM_PORT", "TANTRUM_DATA", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_without_settings_the_product_runs_on_its_own_engines():
    settings = read_settings()

    assert settings.port == 8080
    assert settings.data == CHECKOUT / ".tantrum"
    assert settings.database_url is None
    assert settings.redis_url is None


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("TANTRUM_PORT", "")

    assert read_settings().port == 8080


@pytest.mark.parametrize("port", ["web", "65536", "-1"])
def test_a_port_that_is_none_is_named(monkeypatch, port):
    monkeypatch.setenv("TANTRUM_PORT", port)

    with pytest.raises(StackError, match=f"TANTRUM_PORT is '{port}': "):
        read_settings()


def test_the_password_leaves_the_address_of_a_database():
    database = ExternalDatabase("postgres://ed:p%40ss@db.example:5433/tv?sslmode=require")

    assert database.url == "postgresql://ed@db.example:5433/tv?sslmode=require"
    assert database.password == "p@ss"


@pytest.mark.parametrize("dsn", ["mysql://h/db", "tv", "postgresql:///db"])
def test_an_address_that_is_no_postgresql_is_refused(dsn):
    with pytest.raises(StackError, match="DATABASE_URL is not of the form"):
        ExternalDatabase(dsn)


def test_the_readme_has_every_setting():
    readme = (CHECKOUT / "README.md").read_text()

    for field in Settings.model_fields.values():
        assert f"| `{field.validation_alias}` |" in readme
