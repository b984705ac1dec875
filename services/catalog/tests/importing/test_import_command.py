"""`tantrum-catalog import` as a person runs it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import asyncpg
import pytest
from tantrum_catalog.__main__ import main

from .old_database import few_shows


@pytest.fixture
def databases(postgres_server, migrated):
    """A filled old database and an empty new one."""
    old, new = postgres_server.new_database(), postgres_server.new_database(migrated.name)

    async def fill():
        connection = await asyncpg.connect(old.dsn)
        try:
            database = few_shows()
            database.shows[1]["age_range"] = "grown-ups"
            await database.write(connection)
        finally:
            await connection.close()

    asyncio.run(fill())
    yield old, new
    postgres_server.drop(old)
    postgres_server.drop(new)


def import_(databases, *arguments, source=None, typed="", **environment):
    old, new = databases
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tantrum_catalog",
            "import",
            "--source",
            source or old.url,
            *arguments,
        ],
        input=typed,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "CATALOG_DATABASE_URL": new.url,
            "CATALOG_DATABASE_PASSWORD": new.password,
            **environment,
        },
        timeout=120,
        check=False,
    )


@pytest.mark.integration
def test_the_report_goes_to_stdout_and_the_progress_to_stderr(databases, tmp_path):
    old, _ = databases
    file = tmp_path / "report.json"

    done = import_(databases, "--report", str(file), CATALOG_IMPORT_PASSWORD=old.password)

    assert done.returncode == 0, done.stderr
    assert "Written as catalogue revision 1." in done.stdout
    assert "* show 1 A for Adley: its ages cannot be read: 'grown-ups'" in done.stdout
    assert "read 3 rows of catalog_tv_shows" in done.stderr
    assert "catalog_tv_shows: 3 in, 2 written" in done.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["revision"] == 1
    [shows] = [table for table in report["tables"] if table["table"] == "catalog_tv_shows"]
    assert (shows["rows_in"], shows["written"], len(shows["refused"])) == (3, 2, 1)
    assert old.password not in done.stdout + done.stderr + file.read_text(encoding="utf-8")


@pytest.mark.integration
def test_a_dry_run_with_a_password_from_stdin(databases, tmp_path):
    old, _ = databases
    file = tmp_path / "report.md"

    done = import_(
        databases,
        *("--dry-run", "--password-stdin", "--report", str(file)),
        typed=f"{old.password}\n",
    )

    assert done.returncode == 0, done.stderr
    assert "A dry run: nothing of this was kept." in done.stdout
    assert "# Import from" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("postgresql://somebody:hunter2@127.0.0.1/old", "other users can see arguments"),
        ("postgresql://127.0.0.1/old?password=hunter2", "other users can see arguments"),
        ("mysql://127.0.0.1/old", "an address starts with postgresql://"),
        ("postgresql://[/old", "not an address"),
    ],
)
def test_wrong_arguments_are_exit_code_2_and_quote_no_password(source, sentence, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["import", "--source", source])

    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "hunter2" not in told


@pytest.mark.integration
def test_what_cannot_be_done_is_exit_code_1_and_one_sentence(databases, tmp_path):
    done = import_(databases, CATALOG_IMPORT_PASSWORD="hunter2")
    assert done.returncode == 1
    assert "cannot read the old database at 127.0.0.1" in done.stderr
    assert "hunter2" not in done.stderr

    done = import_(databases, "--images", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "is no folder" in done.stderr

    done = import_(databases, "--report", str(tmp_path / "nowhere" / "report.md"))
    assert done.returncode == 1
    assert "is no folder to write a report to" in done.stderr
