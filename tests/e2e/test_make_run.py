"""What a user meets who types `make run`: a start, answers, an end, and clear words."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from urllib.parse import urlencode

import asyncpg
import pytest

pytestmark = pytest.mark.e2e


def test_the_product_answers_where_it_says(running_product):
    for link in ("/v1/shows?maxStimulation=2&minAge=4&maxAge=4", "/v1/search?q=bluye", "/docs"):
        assert f"  {running_product.address}{link}\n" in running_product.output
    shows = running_product.get_json("/v1/shows?maxStimulation=2&minAge=4&maxAge=4")
    assert shows["totalSize"] == 86
    [first, *_] = running_product.get_json("/v1/search?q=bluye")["hits"]
    assert first["show"]["name"] == "Bluey"
    assert b"<html" in running_product.get("/docs").lower()


def test_graphql_reads_the_whole_product_at_once(running_product):
    query = """{ show(by: { slug: "bluey" }) { name similar(first: 2) { nodes { slug } } }
        home(showsPerCategory: 2) { categories { category { shows(first: 1) { totalCount } } } }
        themes(first: 1) { totalCount } search(query: "bluye") { nodes { show { name } } } }"""

    answer = running_product.get_json(f"/graphql?{urlencode({'query': query})}")

    assert "errors" not in answer
    data = answer["data"]
    assert data["show"]["name"] == data["search"]["nodes"][0]["show"]["name"] == "Bluey"
    assert len(data["show"]["similar"]["nodes"]) == 2
    assert all(row["category"]["shows"]["totalCount"] for row in data["home"]["categories"])
    assert data["themes"]["totalCount"] > 100


def test_status_shows_the_address_and_every_part(running_product):
    code, words = running_product.status()

    assert code == 0
    assert running_product.address in words
    parts = [line.split()[0] for line in words.splitlines() if "process" in line]
    assert parts == ["postgres", "redis", "catalog", "search", "gateway"]


def test_a_second_start_says_that_it_runs_already(running_product):
    code, words = running_product.again().refused()

    assert code != 0
    assert one_sentence(words).startswith("TV Tantrum is already running")


def test_a_request_to_stop_ends_everything_in_order(product):
    product.start()

    os.kill(product.supervisor(), signal.SIGTERM)

    assert product.wait() == 0
    assert product.processes() == []
    assert sorted(path.name for path in product.data.iterdir()) == ["logs", "postgres", "secrets"]
    stopped = [line.split()[2] for line in product.output.splitlines() if "stopping" in line]
    assert stopped == ["gateway", "search", "catalog", "redis", "postgres"]


def test_ctrl_c_in_a_terminal_is_an_orderly_end_for_make_too(product):
    terminal = product.start_in_terminal()

    os.write(terminal, b"\x03")

    assert product.wait() == 0
    assert product.processes() == []


def test_an_interrupt_to_the_whole_process_group_ends_everything(product):
    product.start()

    os.killpg(product.make.pid, signal.SIGINT)

    assert product.wait() != 0, "make itself reports the interrupt, when all has ended"
    assert product.processes() == []
    assert not (product.data / "state.json").exists()


async def test_a_kill_loses_nothing_and_the_next_start_clears_up(product):
    product.start()
    await execute(product, "CREATE TABLE kept AS SELECT 302 AS shows")
    before = product.get("/v1/shows?pageSize=100")

    os.kill(product.supervisor(), signal.SIGKILL)
    product.wait()
    took_seconds = product.start()

    assert product.get("/v1/shows?pageSize=100") == before
    assert await execute(product, "SELECT shows FROM kept") == 302
    assert took_seconds < 30


def test_a_redis_that_does_not_answer_is_said_and_done_without(product):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        product.settings = {"REDIS_URL": f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"}

        product.start()

    [line] = [line for line in product.output.splitlines() if "REDIS_URL" in line]
    assert "does not answer" in line
    assert "runs without Redis" in line
    assert product.get_json("/v1/shows")["totalSize"] == 302


@pytest.mark.integration
def test_servers_of_the_users_own_are_used_and_left_running(product, database, redis_server):
    product.settings = {"DATABASE_URL": database.dsn, "REDIS_URL": redis_server.url}

    product.start()

    assert [part["name"] for part in product.state["parts"]] == ["catalog", "search", "gateway"]
    assert product.get_json("/v1/shows?pageSize=1")["totalSize"] == 302
    assert not (product.data / "postgres").exists()


def test_a_database_that_cannot_be_entered_is_said(product):
    product.settings = {"DATABASE_URL": f"postgresql://ed:secret@127.0.0.1:{product.port}/tv"}

    code, words = product.refused()

    assert code != 0
    assert one_sentence(words).startswith("Cannot use the database of DATABASE_URL at 127.0.0.1")
    assert "secret" not in words


def test_a_port_in_use_is_said(product):
    with socket.create_server(("127.0.0.1", product.port)):
        code, words = product.refused()

    assert code != 0
    assert one_sentence(words).startswith(f"Port {product.port} is in use by another program")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param("size=16m", "is full: free some space", id="full disk"),
        pytest.param("size=48m", "is full: free some space", id="disk that fills up later"),
        pytest.param("ro", "read-only file system", id="read-only disk"),
    ],
)
def test_a_disk_that_does_not_do_is_said(product, options, sentence):
    with mounted(product.data, options):
        code, words = product.refused()

    assert code != 0
    assert sentence in one_sentence(words)


@contextlib.contextmanager
def mounted(folder, options):
    """A small file system of its own at *folder*, where the machine lets us."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    outcome = subprocess.run(mount, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        pytest.skip(f"cannot mount here: {outcome.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_belongs_to_others_is_said(product):
    product.data.parent.chmod(0o500)

    code, words = product.refused()

    assert code != 0
    assert "permission denied" in one_sentence(words)


async def execute(product, sql):
    """Run *sql* in the product's own database."""
    postgres = product.data / "postgres"
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=int((postgres / "port").read_text()),
        user="tantrum",
        password=(postgres / "password-tantrum").read_text(),
        database="tantrum",
    )
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def one_sentence(words):
    """What was said, once make's own last line is left out."""
    [said] = [line for line in words.splitlines() if not line.startswith("make")]
    return said
