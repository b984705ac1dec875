"""The objects of the release fit together, and stay what they are over upgrades."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from .rendering import CHART, EXTERNAL, NAMESPACE, RELEASE

SCALED = ("catalog", "search", "gateway")
ENGINES = ("edge", "pgbouncer", "redis", "postgres")


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def test_services_select_pods_that_have_their_ports(objects):
    for service in objects.of("Service"):
        selector = service["spec"]["selector"]
        [pod] = [pod for pod in objects.pods if matches(selector, pod.labels)]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in pod.ports, (service["metadata"]["name"], port)


def test_services_that_clients_balance_over_are_headless(objects):
    for part in SCALED:
        assert objects.one("Service", f"{RELEASE}-{part}")["spec"]["clusterIP"] == "None"


def test_deployments_select_their_own_pods_by_labels_that_never_change(objects):
    for kind in ("Deployment", "StatefulSet"):
        for one in objects.of(kind):
            component = one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
            assert one["spec"]["selector"]["matchLabels"] == {
                "app.kubernetes.io/name": "tvtantrum",
                "app.kubernetes.io/instance": RELEASE,
                "app.kubernetes.io/component": component,
            }


def test_no_deployment_that_is_scaled_names_a_number_of_pods(objects):
    for part in SCALED:
        assert "replicas" not in objects.one("Deployment", f"{RELEASE}-{part}")["spec"]


def test_autoscalers_point_at_deployments(objects):
    for scaler in objects.of("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert objects.one(target["kind"], target["name"])


def test_new_pods_come_before_old_ones_go(objects):
    for deployment in objects.of("Deployment"):
        assert deployment["spec"]["strategy"] == {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        }


def test_what_has_several_pods_is_protected_and_spread(objects):
    for deployment in objects.of("Deployment"):
        name = deployment["metadata"]["name"]
        part = name.removeprefix(f"{RELEASE}-")
        if part not in SCALED and deployment["spec"]["replicas"] < 2:
            continue
        budget = objects.one("PodDisruptionBudget", name)
        assert budget["spec"]["selector"] == deployment["spec"]["selector"]
        assert budget["spec"]["maxUnavailable"] == 1
        spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {one["whenUnsatisfiable"] for one in spread} == {"ScheduleAnyway"}


def test_a_single_pod_blocks_no_drain(objects):
    names = {one["metadata"]["name"] for one in objects.of("PodDisruptionBudget")}

    assert not {f"{RELEASE}-postgres", f"{RELEASE}-redis", f"{RELEASE}-prometheus"} & names


def test_objects_stay_in_the_release_s_namespace(objects):
    for one in objects.all:
        assert "namespace" not in one["metadata"]


def test_names_begin_with_the_release(objects):
    for one in objects.all:
        name = one["metadata"]["name"].removeprefix(f"{NAMESPACE}-")
        assert name == RELEASE or name.startswith(f"{RELEASE}-"), one["kind"]


def test_names_of_different_objects_differ(objects):
    names = [(one["kind"], one["metadata"]["name"]) for one in objects.all]

    assert len(names) == len(set(names))


def test_priority_classes_that_pods_name_are_there(objects):
    made = {one["metadata"]["name"] for one in objects.of("PriorityClass")}
    for pod in objects.pods:
        name = pod.spec.get("priorityClassName")
        assert name is None or name in made


def test_the_first_install_migrates_and_seeds_beside_the_database(chart):
    objects = chart.variant("defaults")

    [job] = [one for one in objects.of("Job") if "migrations" in one["metadata"]["name"]]
    pod = job["spec"]["template"]["spec"]
    assert "annotations" not in job["metadata"]
    assert [one["name"] for one in pod["initContainers"]] == ["wait", "migrate"]
    assert [one["name"] for one in pod["containers"]] == ["seed"]
    [url] = [one["value"] for one in pod["containers"][0]["env"] if one["name"].endswith("_URL")]
    assert f"@{RELEASE}-postgres.{NAMESPACE}.svc.cluster.local:5432/" in url


def test_an_upgrade_migrates_first_and_needs_nothing_that_it_brings(chart):
    objects = chart.variant("everything", upgrade=True)

    [job] = [one for one in objects.of("Job") if "migrations" in one["metadata"]["name"]]
    annotations = job["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "pre-upgrade"
    assert "before-hook-creation" in annotations["helm.sh/hook-delete-policy"]
    pod = job["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod
    assert "priorityClassName" not in pod
    assert [one["args"] for one in pod["containers"]] == [["migrate"]]


def test_the_job_of_another_image_has_another_name(chart):
    names = set()
    for tag in ("one", "two"):
        objects = chart.render({"images": {"tags": {"catalog": tag}}})
        names |= {one["metadata"]["name"] for one in objects.of("Job")}

    assert len([name for name in names if "migrations" in name]) == 2


def test_what_makes_the_secret_is_gone_afterwards_and_may_do_little(chart):
    objects = chart.variant("defaults")

    hooks = [one for one in objects.all if one["metadata"]["name"] == f"{RELEASE}-secrets"]
    kinds = {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Job", "NetworkPolicy"}
    assert {one["kind"] for one in hooks} == kinds
    for one in hooks:
        if one["kind"] != "NetworkPolicy":
            annotations = one["metadata"]["annotations"]
            assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
            assert "hook-succeeded" in annotations["helm.sh/hook-delete-policy"]
    create, change = objects.one("Role", f"{RELEASE}-secrets")["rules"]
    assert create["verbs"] == ["create"]
    assert change["resourceNames"] == [f"{RELEASE}-secrets"]
    assert {*create["resources"], *change["resources"]} == {"secrets"}


def test_a_secret_that_only_a_person_can_complete_fails_at_once(chart):
    job = chart.variant("production").one("Job", f"{RELEASE}-secrets")

    [rule] = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    [code] = rule["onExitCodes"]["values"]
    assert f"NEEDS_A_PERSON = {code}\n" in (CHART / "files/make_secrets.py").read_text()


def test_a_given_secret_is_left_alone(chart):
    objects = chart.variant("bare")

    assert not objects.of("Role")
    assert f"{RELEASE}-secrets" not in objects.text


def test_an_external_database_has_its_certificate_checked(chart):
    objects = chart.variant("production")

    ini = objects.one("ConfigMap", f"{RELEASE}-pgbouncer")["data"]["pgbouncer.ini"]
    assert "tantrum = host=db.example.com port=6543" in ini
    assert "server_tls_sslmode = verify-full" in ini
    assert "server_tls_ca_file = /etc/tantrum/postgres-ca/ca.crt" in ini
    [migrate] = [pod for pod in objects.pods if pod.component == "migrations"]
    environment = {one["name"]: one.get("value") for one in migrate.containers[0]["env"]}
    assert environment["CATALOG_DATABASE_URL"].endswith(
        "@db.example.com:6543/tantrum?sslmode=verify-full"
    )
    assert environment["CATALOG_DATABASE_SSL_ROOT_CERT_FILE"] == "/etc/tantrum/postgres-ca/ca.crt"
    assert not objects.of("StatefulSet")


def test_an_external_database_s_password_is_not_made_up(chart):
    objects = chart.render(EXTERNAL)

    [pod] = [pod for pod in objects.pods if pod.component == "secrets"]
    assert "--given=database-password" in pod.spec["containers"][0]["args"]


def test_backups_need_an_object_store_and_a_database_of_ours(chart):
    assert [one["metadata"]["name"] for one in chart.variant("everything").of("CronJob")] == [
        f"{RELEASE}-postgres-backup",
        f"{RELEASE}-postgres-restore",
    ]
    assert not chart.variant("defaults").of("CronJob")
    assert not chart.variant("production").of("CronJob")


def test_the_restore_never_runs_by_itself(chart):
    restore = chart.variant("everything").one("CronJob", f"{RELEASE}-postgres-restore")

    assert restore["spec"]["suspend"] is True


def test_prometheus_reads_from_the_services_and_their_metrics_ports(chart):
    objects = chart.variant("everything")

    config = yaml.safe_load(
        objects.one("ConfigMap", f"{RELEASE}-prometheus")["data"]["prometheus.yml"]
    )
    assert {job["job_name"] for job in config["scrape_configs"]} == {*SCALED, *ENGINES}
    for job in config["scrape_configs"]:
        [source] = job["dns_sd_configs"]
        [name] = source["names"]
        service = objects.one("Service", name.partition(".")[0])
        ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
        assert ports["metrics"] == source["port"]


def test_service_monitors_select_services_with_a_metrics_port(chart):
    objects = chart.variant("everything")

    monitors = objects.of("ServiceMonitor")
    assert len(monitors) == len(SCALED) + len(ENGINES)
    for monitor in monitors:
        selector = monitor["spec"]["selector"]["matchLabels"]
        ports = [
            port["name"]
            for one in objects.of("Service")
            if matches(selector, one["metadata"]["labels"])
            for port in one["spec"]["ports"]
        ]
        assert ports.count("metrics") == 1, monitor["metadata"]["name"]


def metric_names(text):
    return set(re.findall(r"\btantrum_[a-z0-9_]+", text))


def metrics_that_exist():
    """Return the names that the sources of the services give to their metrics."""
    found = set()
    for source in [
        *CHART.parents[1].glob("libs/*/src/**/*.py"),
        *CHART.parents[1].glob("services/*/src/**/*.py"),
    ]:
        text = source.read_text()
        found |= metric_names(text)
        if "tantrum_gateway_{name}" in text:
            found |= {
                f"tantrum_gateway_{name}" for name in re.findall(r'\(\s*"([a-z0-9_]+)"', text)
            }
    return found


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboards/tvtantrum.json"])
def test_alerts_and_dashboards_read_metrics_that_exist(file):
    exist = metrics_that_exist()

    for name in metric_names((CHART / "files" / file).read_text()):
        assert re.sub(r"_(bucket|sum|count)$", "", name) in exist or name in exist, name


def test_the_dashboard_and_the_alerts_arrive_whole(chart):
    objects = chart.variant("everything")

    dashboards = objects.one("ConfigMap", f"{RELEASE}-dashboards")["data"]
    assert set(dashboards) == {"tvtantrum.json", "engines.json"}
    for name, text in dashboards.items():
        assert text == (CHART / "files/dashboards" / name).read_text()
    alerts = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    assert objects.one("PrometheusRule", RELEASE)["spec"] == alerts
    config = objects.one("ConfigMap", f"{RELEASE}-prometheus")["data"]
    assert yaml.safe_load(config["alerts.yaml"]) == alerts


def test_metrics_that_others_have_too_are_read_for_this_product_alone():
    alerts = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    dashboard = json.loads((CHART / "files/dashboards/engines.json").read_text())
    expressions = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    for panel in dashboard["panels"]:
        expressions += [target["expr"] for target in panel.get("targets", ())]

    selectors = [
        selector
        for expression in expressions
        for selector in re.findall(r"\b(?:node|pg|pgbouncer|redis)_\w+(?:{[^}]*})?", expression)
        # In an alternation of names, one selector follows them all.
        if "|" not in expression
    ]
    assert len(selectors) > 30
    assert [one for one in selectors if 'product="tvtantrum"' not in one] == []


def test_exporters_stand_behind_their_engines_and_make_no_pod_unready(chart):
    found = set()
    for pod in chart.variant("everything").pods:
        for container in pod.spec["containers"][1:]:
            assert container["name"] == "exporter"
            assert "readinessProbe" not in container
            assert container["ports"] == [
                {"name": "metrics", "containerPort": pod.ports["metrics"]}
            ]
            found.add(pod.component)

    assert found == set(ENGINES)


def test_engines_are_read_only_where_that_is_wanted(chart):
    objects = chart.variant("defaults")

    assert "exporter" not in objects.text
    assert not [one for one in objects.of("Service") if "metrics" in one["metadata"]["name"]]


def test_replicas_are_read_from_by_way_of_pgbouncer(chart):
    objects = chart.render(
        {
            "postgres": {
                **EXTERNAL["postgres"],
                "external": {**EXTERNAL["postgres"]["external"], "readHost": "ro.example.com"},
            }
        }
    )

    ini = objects.one("ConfigMap", f"{RELEASE}-pgbouncer")["data"]["pgbouncer.ini"]
    assert "tantrum_replicas = host=ro.example.com port=6543 dbname=tantrum\n" in ini
    [catalog] = [pod for pod in objects.pods if pod.component == "catalog"]
    environment = {one["name"]: one.get("value") for one in catalog.containers[0]["env"]}
    url = environment["CATALOG_DATABASE_READ_URL"]
    assert url == environment["CATALOG_DATABASE_URL"].replace("/tantrum?", "/tantrum_replicas?")
    assert "_READ_URL" not in chart.variant("production").text


def test_passwords_are_in_no_command_line(objects):
    # What the kubelet puts in place of $(NAME) can be read in the process list.
    for pod in objects.pods:
        for container in pod.containers:
            secret = [one["name"] for one in container.get("env", ()) if "valueFrom" in one]
            words = " ".join([*container.get("command", ()), *container.get("args", ())])
            assert not [name for name in secret if f"$({name})" in words], pod.name


def test_routes_lead_to_the_edge(chart):
    objects = chart.variant("everything")

    [rule] = objects.one("Ingress", f"{RELEASE}-edge")["spec"]["rules"]
    [path] = rule["http"]["paths"]
    service = objects.one("Service", path["backend"]["service"]["name"])
    names = {port["name"] for port in service["spec"]["ports"]}
    assert path["backend"]["service"]["port"]["name"] in names
    [route] = objects.one("HTTPRoute", f"{RELEASE}-edge")["spec"]["rules"]
    [backend] = route["backendRefs"]
    assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}
