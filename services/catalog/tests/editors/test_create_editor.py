"""`tantrum-catalog create-editor` as a person runs it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import asyncpg
import pytest
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Server

pytestmark = pytest.mark.integration

PASSWORD = "correct horse battery staple"


@pytest.fixture
def migrated(database):
    asyncio.run(migrate(Server(url=database.url, password=database.password), SCHEMA))
    return database


def create_editor(database, *arguments, typed):
    environment = {
        **os.environ,
        "CATALOG_DATABASE_URL": database.url,
        "CATALOG_DATABASE_PASSWORD": database.password,
    }
    return subprocess.run(
        [sys.executable, "-m", "tantrum_catalog", "create-editor", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


def editors_in(database):
    async def read():
        connection = await asyncpg.connect(database.dsn)
        try:
            return await connection.fetch("SELECT * FROM catalog.editor")
        finally:
            await connection.close()

    return asyncio.run(read())


def test_an_editor_is_made_with_a_password_from_a_pipe(migrated):
    done = create_editor(migrated, "Mo@Example.com", "--name", "Mo", typed=f"{PASSWORD}\n")

    assert (done.returncode, done.stdout) == (0, "Made editor 1, Mo@Example.com.\n")
    [editor] = editors_in(migrated)
    assert (editor["email"], editor["name"]) == ("Mo@Example.com", "Mo")
    assert editor["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("email", "typed", "sentence"),
    [
        pytest.param("mo@example.com", "short\n", "password: must have 12", id="weak"),
        pytest.param("mo@example.com", "", "there is no password on stdin", id="none"),
        pytest.param("mo", f"{PASSWORD}\n", "must look like name@example.com", id="no address"),
    ],
)
def test_what_is_wrong_is_one_sentence_without_the_password(migrated, email, typed, sentence):
    done = create_editor(migrated, email, typed=typed)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert sentence in line
    assert not typed or typed.strip() not in line
    assert editors_in(migrated) == []


def test_an_email_gets_one_editor(migrated):
    create_editor(migrated, "mo@example.com", typed=PASSWORD)

    done = create_editor(migrated, "MO@example.com", typed=PASSWORD)

    assert done.returncode == 1
    assert "the e-mail has an editor already" in done.stderr
