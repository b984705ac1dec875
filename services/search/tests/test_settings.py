from __future__ import annotations

import re
from pathlib import Path

import pytest
from tantrum_search.__main__ import main
from tantrum_search.settings import Settings

README = Path(__file__).parents[1] / "README.md"
KEY = "sixteen characters"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SEARCH_{name.upper()}", raising=False)
    monkeypatch.setenv("SEARCH_PAGE_TOKEN_KEY", KEY)


def test_the_readme_lists_every_setting_with_its_default():
    rows = re.findall(r"^\| `SEARCH_(\w+)` \|\s*(.*?)\s*\|", README.read_text(), flags=re.MULTILINE)
    told = {name.lower(): default.strip("`") for name, default in rows}
    settings = Settings()

    assert told.keys() == Settings.model_fields.keys()
    for name, field in Settings.model_fields.items():
        if field.is_required():
            assert told[name] == "required"
        elif name in {"database_url", "database_password", "otlp_endpoint"}:
            assert told[name] == ""
        else:
            assert told[name] == str(getattr(settings, name))


def test_an_empty_port_serves_no_metrics(monkeypatch):
    monkeypatch.setenv("SEARCH_METRICS_PORT", "")

    assert Settings().metrics_port is None


def test_secrets_do_not_show():
    assert KEY not in repr(Settings())


def test_wrong_settings_are_told_by_name_and_without_their_values(monkeypatch, capsys):
    monkeypatch.setenv("SEARCH_PAGE_TOKEN_KEY", "too short")
    monkeypatch.setenv("SEARCH_BACKEND", "paper")

    assert main(["serve"]) == 2

    told = capsys.readouterr().err
    assert "SEARCH_PAGE_TOKEN_KEY" in told
    assert "SEARCH_BACKEND" in told
    assert "too short" not in told


def test_the_backend_postgres_needs_a_database(monkeypatch, capsys):
    monkeypatch.setenv("SEARCH_BACKEND", "postgres")
    monkeypatch.setenv("SEARCH_DATABASE_URL", "")

    assert main(["serve"]) == 2

    assert "SEARCH_DATABASE_URL is required" in capsys.readouterr().err


def test_help_needs_no_settings(monkeypatch, capsys):
    monkeypatch.delenv("SEARCH_PAGE_TOKEN_KEY")

    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    assert caught.value.code == 0
    assert "serve" in capsys.readouterr().out
