"""Objects of kinds that Kubernetes itself does not have are as their projects define them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).parent / "crds"
OPERATOR = "github.com/prometheus-operator/prometheus-operator"
GATEWAY = "sigs.k8s.io/gateway-api"
FILES = {
    "ServiceMonitor": (
        OPERATOR,
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    "PrometheusRule": (
        OPERATOR,
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "HTTPRoute": (
        GATEWAY,
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ),
}


def definition(kind, api_version):
    """Return the schema of objects of *kind* in *api_version*, which has to be served."""
    module, file = FILES[kind]
    [spec] = [
        one["spec"]
        for one in yaml.load_all(Path(downloaded(module), file).read_text(), yaml.CSafeLoader)
        if one
    ]
    [version] = [one for one in spec["versions"] if f"{spec['group']}/{one['name']}" == api_version]
    assert version["served"]
    return strict(version["schema"]["openAPIV3Schema"])


def downloaded(module):
    """Return where Go keeps *module* in the version that go.mod names, fetched if need be."""
    reason = "there is no Go, which fetches the definitions"
    if shutil.which("go"):
        done = subprocess.run(
            ["go", "mod", "download", "-json", module],
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return json.loads(done.stdout)["Dir"]
        reason = f"the definitions cannot be fetched: {done.stdout}{done.stderr}"
    return (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def strict(schema):
    """Return *schema* as the API server takes it with strict validation: nothing unknown."""
    schema = dict(schema)
    if schema.pop("x-kubernetes-int-or-string", False):
        schema["type"] = ["integer", "string"]
    if "pattern" in schema:
        # Go's expressions may turn to ignoring case anywhere, Python's at the start.
        schema["pattern"] = re.sub(r"^\^\(\?i\)", "(?i)^", schema["pattern"])
    if "properties" in schema:
        schema["properties"] = {name: strict(inner) for name, inner in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        schema["items"] = strict(schema["items"])
    return schema


@pytest.mark.parametrize("kind", FILES)
def test_it_is_as_defined(kind, chart):
    objects = chart.variant("everything").of(kind)

    assert objects
    for one in objects:
        jsonschema.validate(one, definition(kind, one["apiVersion"]))


def test_a_field_that_nobody_knows_would_be_noticed(chart):
    [route] = chart.variant("everything").of("HTTPRoute")
    [rule] = route["spec"]["rules"]
    changed = {**route, "spec": {**route["spec"], "rules": [{**rule, "backends": []}]}}

    with pytest.raises(jsonschema.ValidationError, match="backends"):
        jsonschema.validate(changed, definition("HTTPRoute", route["apiVersion"]))
