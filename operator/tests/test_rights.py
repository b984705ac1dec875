"""The chart's roles allow what the operator does, and a definition can be upgraded in place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tantrum_stack.errors import StackError
from tantrum_stack.kubernetes import find_program
from tantrum_stack.testing import engine_needed

from .conftest import eventually

pytestmark = pytest.mark.integration

CHART = Path(__file__).parents[2] / "charts" / "tvtantrum-operator"
SMALL_KIND = Path(__file__).parent / "data" / "small-kind.yaml"


@pytest.fixture
def installed(api_server, namespace):
    """The chart's account and roles in a namespace; gives access as that account."""
    api_server.install_crds(SMALL_KIND)
    for manifest in rendered(namespace):
        if manifest["kind"] in ("ServiceAccount", "Role", "RoleBinding"):
            api_server.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(manifest))
    return api_server.kubeconfig(api_server.kubectl("-n", namespace, "create", "token", "op"))


def rendered(namespace):
    helm = os.environ.get("HELM") or shutil.which("helm")
    if helm is None:
        with engine_needed("Helm"):
            helm = find_program("helm")
    command = [helm, "template", "op", CHART, "-n", namespace, "--kube-version=1.36.0"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def test_the_roles_allow_what_it_does(operators, api_server, namespace, installed):
    settings = {"OPERATOR_KUBECONFIG": str(installed), "OPERATOR_LEASE_NAME": "op"}
    operator = operators("a", **settings)
    pool = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {"name": "pool", "namespace": namespace},
        "spec": {"text": "one"},
    }
    api_server.kubectl("apply", "-f", "-", stdin=json.dumps(pool))

    api_server.kubectl(
        "-n", namespace, "wait", "pgbouncer/pool", "--for=condition=Ready", "--timeout=120s"
    )
    api_server.kubectl("-n", namespace, "delete", "configmap", "pool")
    eventually(
        lambda: "pool" in api_server.kubectl("-n", namespace, "get", "configmaps", "--output=name"),
        "the child is back",
    )
    eventually(
        lambda: api_server.kubectl("-n", namespace, "get", "events", "--output=name"), "it tells"
    )

    renewal = ("coordination.k8s.io", "leases", "update")
    eventually(lambda: renewal in used(api_server, namespace), "it renews its Lease")

    told = requests(api_server, namespace)
    assert [each for each in told if each["code"] == 403] == []
    assert used(api_server, namespace) - allowed(namespace) == set()
    # Kopf looks on: only our own client writes.
    writes = [each for each in told if each["verb"] not in ("get", "list", "watch")]
    assert {each["agent"] for each in writes} == {"tantrum-operator/a"}
    assert ("", "configmaps", "patch") in used(api_server, namespace)
    assert ("platform.tvtantrum.com", "pgbouncers/status", "patch") in used(api_server, namespace)
    assert operator.exit_code() is None


def requests(api_server, namespace):
    account = f"system:serviceaccount:{namespace}:op"
    found = []
    for entry in api_server.audited():
        about = entry.get("objectRef", {})
        if entry["user"]["username"] == account and "resource" in about:
            sub = f"/{about['subresource']}" if "subresource" in about else ""
            found.append(
                {
                    "group": about.get("apiGroup", ""),
                    "resource": about["resource"] + sub,
                    "verb": entry["verb"],
                    "agent": entry["userAgent"],
                    "code": entry["responseStatus"]["code"],
                }
            )
    return found


def used(api_server, namespace):
    told = requests(api_server, namespace)
    return {(each["group"], each["resource"], each["verb"]) for each in told}


def allowed(namespace):
    return {
        (group, resource, verb)
        for each in rendered(namespace)
        if each["kind"] == "Role"
        for rule in each["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_a_definition_that_helm_installed_is_upgraded_as_the_readme_says(
    api_server, namespace, tmp_path
):
    older = yaml.safe_load(SMALL_KIND.read_text())
    newer = yaml.safe_load(SMALL_KIND.read_text())
    for definition in (older, newer):
        # A kind of its own, so that no other test loses its objects.
        definition["metadata"]["name"] = "oldthings.platform.tvtantrum.com"
        definition["spec"]["names"] = {
            "kind": "OldThing",
            "plural": "oldthings",
            "singular": "oldthing",
        }
    [version] = newer["spec"]["versions"]
    text = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["text"]
    text |= {"maxLength": 100, "default": "nothing"}
    folder = tmp_path / "crds"
    folder.mkdir()
    (folder / "oldthings.yaml").write_text(yaml.safe_dump(newer))
    # As Helm does it.
    api_server.kubectl("create", "--field-manager=helm", "-f", "-", stdin=json.dumps(older))
    api_server.kubectl("wait", "--for=condition=Established", "crd/" + older["metadata"]["name"])
    thing = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "OldThing",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {},
    }
    api_server.kubectl("create", "-f", "-", stdin=json.dumps(thing))

    api_server.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(folder))

    read = "--output=jsonpath={.spec.text}"
    eventually(
        lambda: api_server.kubectl("-n", namespace, "get", "oldthing", "one", read) == "nothing",
        "the new default shows on what was stored before",
    )
    too_long = thing | {"metadata": {"name": "two", "namespace": namespace}}
    too_long["spec"] = {"text": "x" * 101}
    with pytest.raises(StackError, match="may not be more than 100"):
        api_server.kubectl("create", "-f", "-", stdin=json.dumps(too_long))
