from __future__ import annotations

import logging

import pytest
import structlog
from tantrum_catalog.__main__ import COMMANDS, main


@pytest.fixture(autouse=True)
def _logging_restored():
    """A command sets up the process's logs; the tests after it have their own."""
    handlers, level, configuration = (
        logging.root.handlers[:],
        logging.root.level,
        structlog.get_config(),
    )
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**configuration)


def test_every_command_has_help(capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([command.NAME, "--help"])

        assert ended.value.code == 0
        assert command.HELP.split()[0] in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["seed"], ["serve", "--port"]])
def test_what_is_no_command_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: tantrum-catalog" in capsys.readouterr().err


def test_a_wrong_environment_is_told_in_one_sentence(monkeypatch):
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)

    with pytest.raises(SystemExit) as ended:
        main(["migrate"])

    assert ended.value.code == "tantrum-catalog migrate: CATALOG_DATABASE_URL: Field required"


def test_a_folder_that_is_no_catalogue_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(SystemExit) as ended:
        main(["seed", "--from", str(tmp_path)])

    assert "shows.toml" in str(ended.value.code)
