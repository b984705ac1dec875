"""docs/production.md says what values-production.yaml makes, and adds up."""

from __future__ import annotations

import re

import pytest

from .rendering import CHECKOUT, RELEASE

TEXT = (CHECKOUT / "docs" / "production.md").read_text()
SCALED = ("catalog", "search", "gateway")
NODES = 3
ALLOCATABLE_CPU_MILLIS = 1_900
ALLOCATABLE_MEBIBYTES = 3_000
"""Of a node with 2 vCPU and 4 GiB, once the system has taken its part."""


def table(heading):
    """Return the rows of the first table below *heading*, as lists of cells."""
    lines = TEXT.partition(f"## {heading}\n")[2].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def mebibytes(quantity):
    return int(quantity.removesuffix("Mi"))


def millis(quantity):
    return int(quantity.removesuffix("m"))


@pytest.fixture(scope="module")
def running(chart):
    """The parts that run for good: pods, most pods, requests and limit of each, by name."""
    objects = chart.variant("production")
    found = {}
    for deployment in objects.of("Deployment"):
        name = deployment["metadata"]["name"]
        part = name.removeprefix(f"{RELEASE}-")
        if part in SCALED:
            scaler = objects.one("HorizontalPodAutoscaler", name)["spec"]
            pods = (scaler["minReplicas"], scaler["maxReplicas"])
        else:
            pods = (deployment["spec"]["replicas"],) * 2
        pod = deployment["spec"]["template"]["spec"]
        resources = [one["resources"] for one in pod["containers"]]
        found[part] = (
            *pods,
            sum(millis(one["requests"]["cpu"]) for one in resources),
            sum(mebibytes(one["requests"]["memory"]) for one in resources),
            sum(mebibytes(one["limits"]["memory"]) for one in resources),
        )
    return found


def test_the_table_says_what_runs(running):
    listed = {
        row[0]: (int(row[1]), int(row[2]), round(float(row[3]) * 1000), int(row[4]), int(row[5]))
        for row in table("What runs where")
        if row[0] != "PostgreSQL"
    }

    assert listed == running


def test_the_sums_are_right_and_fit_on_two_nodes_of_the_three(running):
    least = [sum(one[0] * one[index] for one in running.values()) for index in (2, 3)]
    most = [sum(one[1] * one[index] for one in running.values()) for index in (2, 3)]

    for cpu, memory in (least, most):
        assert f"{cpu / 1000:.2f} vCPU and {memory / 1024:.2f} GiB" in TEXT
    assert most[0] <= (NODES - 1) * ALLOCATABLE_CPU_MILLIS
    assert most[1] <= (NODES - 1) * ALLOCATABLE_MEBIBYTES


def test_what_serves_has_three_pods(running):
    for part in (*SCALED, "edge", "pgbouncer"):
        assert running[part][0] == 3


def test_the_costs_add_up_and_stay_within_300_dollars():
    *rows, total = table("What it costs")

    for what, reckoning, dollars in rows:
        sum_of_it = re.sub(r"GiB|\s", "", reckoning).replace("\N{MULTIPLICATION SIGN}", "*")
        assert re.fullmatch(r"[0-9.*+()]+", sum_of_it), what
        assert eval(sum_of_it) == pytest.approx(float(dollars)), what  # noqa: S307 - checked above
    assert float(total[2].strip("*")) == pytest.approx(sum(float(row[2]) for row in rows))
    assert float(total[2].strip("*")) < 300


def test_production_is_checked_to_the_certificate(chart):
    assert "server_tls_sslmode = verify-full" in chart.variant("production").text
