"""What the documentation shows is what the commands print and what the parsers take."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml
from tantrum_operator import __main__
from tantrum_operator.budget import spec as budgets
from tantrum_operator.objects import SCALING_BUDGET, SERVICE_SCALER
from tantrum_operator.scaler import spec as scalers
from tantrum_operator.simulation import manifests

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs/operator/replay.md"


def transcripts():
    """Each command that the page shows, with what it printed."""
    for block in PAGE.read_text().split("```text\n")[1:]:
        command, _, shown = block.partition("\n```")[0].partition("\n")
        yield pytest.param(shlex.split(command.removeprefix("$ ")), shown, id=command.split()[2])


@pytest.mark.parametrize(("command", "shown"), list(transcripts()))
def test_transcripts_are_what_the_commands_print(command, shown, capsys, monkeypatch):
    """Where this fails, the command of the page says what belongs there."""
    monkeypatch.chdir(CHECKOUT)

    assert __main__.main(command[1:]) == 0

    assert capsys.readouterr().out.rstrip("\n") == shown


def test_examples_can_be_followed():
    parsers = {SERVICE_SCALER.name: scalers.parsed, SCALING_BUDGET.name: budgets.parse}

    for body in manifests.read([CHECKOUT / "docs/operator/examples"]):
        if parse := parsers.get(body["kind"]):
            parse(body["spec"])


def test_the_example_of_the_page_of_budgets_can_be_followed():
    page = (CHECKOUT / "docs/operator/scalingbudget.md").read_text()
    [example] = [block for block in page.split("```yaml\n") if block.startswith("apiVersion")]

    assert budgets.parse(yaml.safe_load(example.split("```")[0])["spec"]).max_monthly == 300
