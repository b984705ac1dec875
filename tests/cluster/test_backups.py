"""The database is lost, and comes back from the object store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from .api import kubectl
from .images import NEXT
from .waiting import until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        not shutil.which("versitygw"), reason="there is no object store: the dev cluster has one"
    ),
]

_PORT = 7070
_KEYS = {"access-key-id": "backups", "secret-access-key": "of-a-test-only"}


@pytest.fixture
def object_store(api, release, tmp_path):
    """Settings of the chart for an S3 server that runs on the node."""
    (tmp_path / "backups").mkdir()
    keys = {
        "ROOT_ACCESS_KEY": _KEYS["access-key-id"],
        "ROOT_SECRET_KEY": _KEYS["secret-access-key"],
    }
    command = ["versitygw", "--port", f":{_PORT}", "posix", tmp_path]
    [node] = api.get("/api/v1/nodes")["items"]
    [address] = [
        one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"
    ]
    secret = {"metadata": {"name": "object-store"}, "stringData": _KEYS}
    secrets_path = f"/api/v1/namespaces/{release.namespace}/secrets"
    api.post(secrets_path, secret)
    with subprocess.Popen(command, env=os.environ | keys, stdout=subprocess.DEVNULL) as server:
        yield {
            "objectStore.endpoint": f"http://{address}:{_PORT}",
            "objectStore.bucket": "backups",
            "objectStore.existingSecret": "object-store",
        }
        server.terminate()
    api.delete(f"{secrets_path}/object-store")


def test_a_database_that_is_lost_comes_back_from_its_backup(release, api, object_store):
    # Editors go on writing, with ids above this.
    last = release.sql("SELECT max(id) FROM catalog.show")
    shows = f"SELECT count(*) FROM catalog.show WHERE id <= {int(last)}"  # noqa: S608 - a number
    before = release.sql(shows)
    release.upgrade(NEXT, **object_store)
    key = done(release, api, "backup").split()[-1]

    release.sql("DROP SCHEMA catalog CASCADE")
    said = done(release, api, "restore", BACKUP_KEY=key)

    assert said.split()[-1] == key
    assert release.sql(shows) == before
    until(lambda: release.answers("/v1/shows/bluey?fields=slug"), 60, "the product answers again")


def done(release, api, what, **environment):
    """Run a Job made of the CronJob for *what*; return what it said."""
    made = kubectl(
        "create", "job", f"{what}-now", f"--from=cronjob/{release.name}-postgres-{what}",
        "-n", release.namespace, "--dry-run=client", "-o", "json",
    )  # fmt: skip
    job = json.loads(made)
    [container] = job["spec"]["template"]["spec"]["containers"]
    for one in container["env"]:
        one["value"] = environment.get(one["name"], one.get("value", ""))
    path = f"/apis/batch/v1/namespaces/{release.namespace}/jobs"
    api.post(path, job)

    def ended():
        status = api.get(f"{path}/{what}-now")["status"]
        return status.get("succeeded") or status.get("failed")

    until(ended, 120, f"the {what} ends")
    said = kubectl("logs", f"job/{what}-now", "-n", release.namespace)
    assert api.get(f"{path}/{what}-now")["status"].get("succeeded"), said
    api.delete(f"{path}/{what}-now?propagationPolicy=Background")
    return said
