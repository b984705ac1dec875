"""`compose.yaml`: three gateways behind nginx on one machine."""

from __future__ import annotations

import configparser
import re
import subprocess

import pytest
import yaml

from images import parts

CHECKOUT = parts.CHECKOUT


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]


def test_each_service_runs_an_image_of_ours(services):
    variables = [
        re.fullmatch(r"\$\{([A-Z]+)_IMAGE:\?.*\}", one["image"]) for one in services.values()
    ]

    assert {match[1].lower() for match in variables} <= set(parts.read())


def test_each_service_is_locked_down(services):
    open_ones = [
        name
        for name, one in services.items()
        if (one["read_only"], one["cap_drop"]) != (True, ["ALL"])
    ]

    assert open_ones == []


def test_nginx_knows_the_gateways_that_there_are(services):
    named = re.findall(r"server (gateway-\d):8080;", (CHECKOUT / "compose/nginx.conf").read_text())

    assert named == [name for name in services if name.startswith("gateway")]
    assert len(named) == 3


def test_pgbouncer_goes_before_the_database_of_compose(services):
    settings = configparser.ConfigParser()
    settings.read(CHECKOUT / "compose/pgbouncer.ini")

    assert settings["databases"]["tantrum"] == "host=postgres port=5432"
    assert services["catalog"]["environment"]["CATALOG_DATABASE_URL"].endswith(
        "@pgbouncer:6432/tantrum"
    )


def test_only_the_edge_can_be_reached_from_outside_and_only_by_this_machine(services):
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}

    assert published == {"edge": ["127.0.0.1:${TANTRUM_PORT:-8080}:8080"]}


def test_files_that_are_mounted_are_there_or_made(services):
    made = (CHECKOUT / "compose/prepare").read_text()
    mounted = [
        volume.split(":")[0] for one in services.values() for volume in one.get("volumes", [])
    ] + [file for one in services.values() for file in one.get("env_file", [])]

    missing = [
        path
        for path in mounted
        if "/" in path and not (CHECKOUT / path).exists() and path.rpartition("/")[2] not in made
    ]
    assert missing == []


def test_secrets_stay_out_of_git():
    ignored = subprocess.run(
        ["git", "check-ignore", ".env", "compose/secrets/database-password"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert len(ignored.splitlines()) == 2
