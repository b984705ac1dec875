"""`tantrum-operator replay` and `traces`, as somebody types them."""

from __future__ import annotations

import argparse

import pytest
import yaml
from tantrum_operator.commands import replay, traces
from tantrum_operator.simulation import trace as trace_files
from tantrum_operator.simulation.generating import generate

from .budgets import budget
from .scaler_manifests import scaler_body


def typed(*arguments):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    replay.add_to(commands)
    traces.add_to(commands)
    found = parser.parse_args([str(each) for each in arguments])
    return found.run(found)


@pytest.fixture
def scaler_file(tmp_path):
    path = tmp_path / "scaler.yaml"
    path.write_text(yaml.safe_dump(scaler_body()))
    return path


@pytest.fixture
def hour_file(tmp_path):
    """An hour of a day's afternoon: short, for the tests."""
    day = generate("day", seed=1)
    path = tmp_path / "hour.jsonl"
    lines = list(trace_files.lines(day))
    path.write_text("".join([lines[0], *lines[2800:3040]]))
    return path


def test_a_trace_is_replayed_and_drawn(scaler_file, hour_file, tmp_path, capsys):
    picture = tmp_path / "hour.svg"

    assert typed("replay", "--scaler", scaler_file, "--trace", hour_file, "--plot", picture) == 0

    text = capsys.readouterr().out
    assert "Trace day (seed 1): 1 h in steps of 15 s" in text
    assert "this scaler" in text
    assert "HPA on CPU (70%)" in text
    drawn = picture.read_text()
    assert "<svg" in drawn
    assert "fixed at peak" in drawn
    # Nothing in it is loaded from elsewhere.
    assert 'href="http' not in drawn
    assert 'src="http' not in drawn


def test_a_budget_gives_the_price_and_the_currency(scaler_file, hour_file, tmp_path, capsys):
    file = tmp_path / "budget.yaml"
    file.write_text(yaml.safe_dump(budget(currency="EUR")))

    assert typed("replay", "--scaler", scaler_file, "--trace", hour_file, "--budget", file) == 0

    assert " EUR" in capsys.readouterr().out


def test_how_the_service_behaves_can_be_told(scaler_file, hour_file, capsys):
    slow = ("--service", "concurrency=2", "--service", "startup_seconds=90")

    assert typed("replay", "--scaler", scaler_file, "--trace", hour_file, *slow) == 0

    assert "starts in 90 s and answers up to 50 requests/s" in capsys.readouterr().out


def test_a_generated_trace_can_be_kept_and_is_that_of_the_command(tmp_path, capsys):
    kept = tmp_path / "kept.jsonl"

    assert typed("traces", "day", "--seed", "7", "--output", kept) == 0
    assert typed("traces", "day", "--seed", "7") == 0

    assert capsys.readouterr().out == kept.read_text()
    assert trace_files.read(kept) == generate("day", seed=7)


@pytest.mark.parametrize(
    ("scaler", "told"),
    [
        pytest.param("{", "is not YAML", id="no YAML"),
        pytest.param("- 1", "something else than objects", id="a list"),
        pytest.param("kind: ConfigMap", "there is no ServiceScaler", id="another kind"),
        pytest.param(
            yaml.safe_dump_all([scaler_body(), scaler_body("search")]),
            "more than one ServiceScaler in it: gateway, search",
            id="two",
        ),
        pytest.param(
            yaml.safe_dump(scaler_body(maxReplicas=1)),
            "minReplicas must not be more than maxReplicas",
            id="bounds",
        ),
    ],
)
def test_a_scaler_that_cannot_be_replayed_is_one_sentence(
    scaler, told, hour_file, tmp_path, capsys
):
    path = tmp_path / "scaler.yaml"
    path.write_text(scaler)

    assert typed("replay", "--scaler", path, "--trace", hour_file) == 1

    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("tantrum-operator replay: ")
    assert told in found.err


def test_files_that_are_not_there_are_named(scaler_file, tmp_path, capsys):
    gone = tmp_path / "gone"

    assert typed("replay", "--scaler", gone, "--generate", "day") == 1
    assert typed("replay", "--scaler", scaler_file, "--trace", gone) == 1
    assert typed("traces", "day", "--output", gone / "day.jsonl") == 1

    assert capsys.readouterr().err.count("No such file or directory") == 3


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--generate", "month"), id="length"),
        pytest.param(("--generate", "day", "--trace", "x"), id="two sources"),
        pytest.param((), id="no source"),
        pytest.param(("--generate", "day", "--replica-hour", "cheap"), id="price"),
        pytest.param(("--from-prometheus", "http://x", "--days", "0"), id="days"),
        pytest.param(("--generate", "day", "--service", "fast"), id="service"),
    ],
)
def test_what_cannot_be_meant_is_told_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit):
        typed("replay", "--scaler", "x", *arguments)

    assert "usage:" in capsys.readouterr().err


def test_a_setting_of_the_service_that_is_not_there_is_named(scaler_file, hour_file, capsys):
    wrong = ("--service", "speed=2")

    assert typed("replay", "--scaler", scaler_file, "--trace", hour_file, *wrong) == 1

    assert "no such setting: speed" in capsys.readouterr().err
