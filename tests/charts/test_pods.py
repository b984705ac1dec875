"""What the pods of the release say about themselves holds together."""

from __future__ import annotations

import importlib.util

import pytest
from tantrum_catalog import settings as catalog_settings
from tantrum_gateway import settings as gateway_settings
from tantrum_search import settings as search_settings

from .rendering import CHART, EXTERNAL, RELEASE

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")

SERVING = {"catalog", "search", "gateway", "edge", "pgbouncer"}

SETTINGS = {
    "CATALOG_": catalog_settings.Settings,
    "SEARCH_": search_settings.Settings,
    "GATEWAY_": gateway_settings.Settings,
}

RESTRICTED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


def port_of(probe, pod):
    [(way, details)] = [
        (key, probe[key]) for key in ("grpc", "httpGet", "tcpSocket") if key in probe
    ]
    return way, pod.ports.get(details["port"], details["port"])


def keys_made():
    """Return the keys that the Job for the Secret makes."""
    spec = importlib.util.spec_from_file_location("make_secrets", CHART / "files/make_secrets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {*module.GENERATED, *module.DERIVED}


def test_probes_ask_ports_that_the_container_has(objects):
    for pod in objects.pods:
        for container in pod.containers:
            ports = {port["containerPort"] for port in container.get("ports", ())}
            for name in PROBES:
                probe = container.get(name)
                if probe and "exec" not in probe:
                    assert port_of(probe, pod)[1] in ports, (pod.name, name)


def test_what_serves_has_three_probes_of_different_meaning(objects):
    for pod in objects.pods:
        if pod.owner["kind"] not in ("Deployment", "StatefulSet"):
            continue
        container = pod.main
        assert set(PROBES) <= set(container), pod.name
        if pod.component in ("catalog", "search"):
            assert container["readinessProbe"]["grpc"].get("service", "") == ""
            assert container["livenessProbe"]["grpc"]["service"] == "liveness"
        if pod.component == "gateway":
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez"


def test_a_frozen_pod_is_killed_within_40_seconds(objects):
    for pod in objects.pods:
        if pod.owner["kind"] != "Deployment":
            continue
        probe = pod.main["livenessProbe"]
        noticed = probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
        assert noticed + probe["terminationGracePeriodSeconds"] <= 40, pod.name


def test_pods_keep_to_the_restricted_profile(objects):
    for pod in objects.pods:
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec), pod.name
        ours = pod.spec["securityContext"]
        assert ours["runAsNonRoot"] is True
        assert ours["runAsUser"] == 10001
        assert ours["seccompProfile"] == {"type": "RuntimeDefault"}
        for volume in pod.spec.get("volumes", ()):
            assert set(volume) - {"name"} <= RESTRICTED_VOLUMES, (pod.name, volume)
        for container in pod.containers:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, pod.name
            assert context["capabilities"] == {"drop": ["ALL"]}, pod.name
            assert context["readOnlyRootFilesystem"] is True, pod.name
            assert not {"hostPort"} & {key for p in container.get("ports", ()) for key in p}


def test_containers_say_what_they_need(objects):
    for pod in objects.pods:
        for container in pod.containers:
            resources = container["resources"]
            assert set(resources["requests"]) == {"cpu", "memory"}, pod.name
            # A CPU limit would throttle answers while the node is idle.
            assert set(resources["limits"]) == {"memory"}, pod.name


def test_only_the_job_for_the_secret_gets_a_token(objects):
    with_token = {pod.component for pod in objects.pods if pod.spec["automountServiceAccountToken"]}

    assert with_token <= {"secrets"}
    for account in objects.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_the_grace_covers_the_drain(objects):
    for pod in objects.pods:
        if pod.component not in SERVING:
            continue
        container = pod.main
        environment = {one["name"]: one.get("value") for one in container.get("env", ())}
        drains = [
            float(value)
            for name, value in environment.items()
            if name.endswith(("_DRAIN_SECONDS", "_GRACE_SECONDS"))
        ]
        wait = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert drains or wait, pod.name
        assert pod.spec["terminationGracePeriodSeconds"] > sum(drains) + wait, pod.name


@pytest.mark.parametrize(
    ("part", "values", "grace"),
    [
        ("catalog", {"drainSeconds": 7, "shutdownGraceSeconds": 30}, 42),
        ("search", {"drainSeconds": 7, "shutdownGraceSeconds": 30}, 42),
        ("gateway", {"drainSeconds": 7, "graceSeconds": 30}, 42),
        ("edge", {"drainSeconds": 7, "shutdownGraceSeconds": 30}, 42),
    ],
)
def test_the_grace_follows_the_drain(chart, part, values, grace):
    objects = chart.render({part: values})

    pod = objects.one("Deployment", f"{RELEASE}-{part}")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == grace


def test_variables_are_settings_that_the_services_know(chart, objects):
    upgraded = chart.render(EXTERNAL, upgrade=True)
    for pod in [*objects.pods, *upgraded.pods]:
        for container in pod.containers:
            for variable in container.get("env", ()):
                for prefix, settings in SETTINGS.items():
                    if variable["name"].startswith(prefix):
                        field = variable["name"].removeprefix(prefix).lower()
                        assert field in settings.model_fields, (pod.name, variable["name"])


def test_services_start_with_the_variables_that_they_get(chart, monkeypatch):
    for pod in chart.variant("everything").pods:
        prefix = f"{pod.component.upper()}_"
        if prefix not in SETTINGS:
            continue
        for variable in pod.main["env"]:
            secret = "hidden-in-a-secret" if "valueFrom" in variable else None
            monkeypatch.setenv(variable["name"], secret or variable["value"])

        SETTINGS[prefix]()


def test_secret_keys_are_those_that_are_made(chart, objects):
    made = keys_made()
    external = chart.variant("production")
    for pod in [*objects.pods, *external.pods]:
        for container in pod.containers:
            for variable in container.get("env", ()):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference and reference["name"] in (f"{RELEASE}-secrets", "given"):
                    assert reference["key"] in made, (pod.name, variable["name"])
        for volume in pod.spec.get("volumes", ()):
            secret = volume.get("secret", {})
            if secret.get("secretName") in (f"{RELEASE}-secrets", "given"):
                assert {item["key"] for item in secret["items"]} <= made


def test_the_readme_lists_the_keys_of_the_secret():
    readme = (CHART / "README.md").read_text()

    for key in keys_made():
        assert f"`{key}`" in readme


def test_volumes_are_mounted_and_mounts_have_volumes(objects):
    for pod in objects.pods:
        volumes = {volume["name"] for volume in pod.spec.get("volumes", ())}
        if pod.owner["kind"] == "StatefulSet":
            volumes |= {
                one["metadata"]["name"] for one in pod.owner["spec"]["volumeClaimTemplates"]
            }
        mounts = {
            mount["name"]
            for container in pod.containers
            for mount in container.get("volumeMounts", ())
        }
        assert mounts == volumes, pod.name


def test_config_maps_that_pods_mount_are_there(objects):
    made = {one["metadata"]["name"] for one in objects.of("ConfigMap")}
    for pod in objects.pods:
        for volume in pod.spec.get("volumes", ()):
            name = volume.get("configMap", {}).get("name")
            assert name is None or name in made, pod.name


def test_a_changed_configuration_restarts_its_pods(chart):
    before = chart.variant("defaults")
    after = chart.render(
        {
            "edge": {"trustedProxies": ["10.9.0.0/16"]},
            "pgbouncer": {"poolSize": 11},
            "redis": {"maxMemoryMebibytes": 65},
        }
    )

    for part in ("edge", "pgbouncer", "redis"):
        names = [one.one("Deployment", f"{RELEASE}-{part}") for one in (before, after)]
        old, new = (one["spec"]["template"]["metadata"]["annotations"] for one in names)
        assert old["checksum/config"] != new["checksum/config"], part


def test_a_new_version_of_the_chart_restarts_no_pod(objects):
    for pod in objects.pods:
        if pod.owner["kind"] in ("Deployment", "StatefulSet"):
            assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(pod.labels), pod.name
