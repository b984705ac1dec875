"""The lock, the members and the checkout fit together."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[1]
LOCK = (CHECKOUT / "requirements.lock").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", LOCK, re.MULTILINE))
PROJECTS = sorted(CHECKOUT.glob("libs/*/pyproject.toml")) + sorted(
    path
    for folder in ("services/*", "operator", "stack")
    for path in CHECKOUT.glob(f"{folder}/pyproject.toml")
)
MEMBERS = {tomllib.loads(path.read_text())["project"]["name"] for path in PROJECTS}


def requirements(project):
    facts = tomllib.loads(project.read_text())
    lines = facts["project"].get("dependencies", []) + facts.get("dependency-groups", {}).get(
        "dev", []
    )
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(
    "project",
    [CHECKOUT / "pyproject.toml", *PROJECTS],
    ids=lambda path: str(path.parent.relative_to(CHECKOUT)),
)
def test_the_lock_has_what_each_project_asks_for(project):
    """`make lock` makes it so."""
    wanting = [
        str(requirement)
        for requirement in requirements(project)
        if (name := canonicalize_name(requirement.name)) not in MEMBERS
        and not requirement.specifier.contains(LOCKED.get(name, "0"), prereleases=True)
    ]

    assert wanting == []


def test_the_lock_pins_hashes_and_names_no_registry():
    pins = re.findall(r"^[a-z0-9.-]+==.*(?:\n    .*)*", LOCK, re.MULTILINE)

    assert len(pins) == len(LOCKED)
    assert [pin.partition("=")[0] for pin in pins if "--hash=sha256:" not in pin] == []
    assert "://" not in LOCK


def test_the_linter_of_layers_knows_every_member():
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {name.replace("-", "_") for name in MEMBERS - {"tantrum-protos"}} | {"tvtantrum"}

    assert set(contracts["root_packages"]) == packages
