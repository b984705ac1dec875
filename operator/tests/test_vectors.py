"""The scaler's arithmetic against cases that Kubernetes 1.36.3's own autoscaler computed."""

import argparse
import json
from pathlib import Path

import pytest
from tantrum_operator.commands import vectors

TABLES = json.loads((Path(__file__).parent / "vectors" / "hpa.json").read_text())


def cases(kind):
    """The rows of one table as the command reads them: every list of values gets its names."""
    table = TABLES[kind]
    return [_named(table["columns"], row) for row in table["cases"]]


def _named(columns, row):
    return {name: _value(name, value) for name, value in zip(columns, row, strict=True)}


def _value(name, value):
    columns = TABLES["nested"].get(name)
    if columns is None or value is None:
        return value
    if name in {"scaleUp", "scaleDown"}:
        return _named(columns, value)
    return [_named(columns, row) for row in value]


@pytest.fixture
def run(tmp_path):
    def run(content):
        path = tmp_path / "vectors.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        parser = argparse.ArgumentParser()
        vectors.add_to(parser.add_subparsers())
        return vectors.run(parser.parse_args(["vectors", str(path)]))

    return run


@pytest.mark.parametrize("kind", ["cpu", "value", "behavior"])
def test_every_case_comes_out_as_in_kubernetes(kind):
    assert vectors.compare({kind: cases(kind)}) == ([], 200)


def test_all_cases_at_once_are_counted(run, capsys):
    status = run({kind: cases(kind) for kind in ("cpu", "value", "behavior")})

    assert status == 0
    assert capsys.readouterr().out == "600 cases, 0 differ\n"


def test_a_case_that_differs_is_printed_and_fails(run, capsys):
    right, other = cases("value")[:2]

    status = run({"value": [right, {**other, "desiredReplicas": other["desiredReplicas"] + 1}]})

    assert status == 1
    line, count = capsys.readouterr().out.splitlines()
    assert line.startswith("value[1]: expected ")
    assert count == "2 cases, 1 differ"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("{", "is not JSON", id="not JSON"),
        pytest.param([], "has no cases", id="a list"),
        pytest.param({"cpu": []}, "has no cases", id="empty"),
        pytest.param({"cpu": 3}, "cpu is not a list", id="not a list"),
        pytest.param({"value": [{}]}, "value[0] is not a case", id="no fields"),
        pytest.param({"value": [3]}, "value[0] is not a case", id="a number"),
        pytest.param(
            {"cpu": [{"pods": [{"name": "p0"}]}]}, "cpu[0] is not a case", id="half a pod"
        ),
    ],
)
def test_a_file_without_cases_fails_with_a_sentence(run, capsys, content, told):
    status = run(content)

    assert status == 1
    assert told in capsys.readouterr().err


def test_a_file_that_is_not_there_fails_with_a_sentence(capsys):
    status = vectors.run(argparse.Namespace(file=Path("/nowhere/vectors.json")))

    assert status == 1
    assert "cannot be read (No such file or directory)" in capsys.readouterr().err
