"""
The product on a real Kubernetes, installed once for all tests.

Two releases do not fit beside each other on two cores, so the tests come in a fixed order, and
each begins when the one before has left everything as it is to be. Load goes on all the time.
"""

from __future__ import annotations

import os
import secrets
import sys
import time

import pytest

from ..load.generator import Plan, running
from .api import CommandError, proxied
from .pace import CI, SOAK
from .release import Release
from .waiting import until

_ORDER = (
    "test_install",
    "test_network",
    "test_pods",
    "test_scaling",
    "test_upgrades",
    "test_engines",
    "test_freezes",
    "test_node",
    "test_backups",
    "test_uninstall",
)
INSTALL_SECONDS = 120


def pytest_collection_modifyitems(config, items):
    """Take these tests only where they are asked for, since they install something."""
    ours = [item for item in items if item.get_closest_marker("cluster")]
    if "cluster" not in (config.option.markexpr or ""):
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)
        return
    ours.sort(key=lambda item: _ORDER.index(item.path.stem))
    items[:] = [item for item in items if item not in ours] + ours


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    release = getattr(item, "funcargs", {}).get("release")
    if report.failed and release is not None:
        lines = []
        try:
            release.show_troubles(lines.append)
        except CommandError as error:
            lines.append(str(error))
        report.sections.append(("the cluster", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def say(pytestconfig):
    """Print at once, whatever pytest captures: a run takes minutes, and may be cut short."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    terminal = pytestconfig.pluginmanager.getplugin("terminalreporter")

    def say(text):
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            terminal.write_line(str(text))

    return say


@pytest.fixture(scope="session")
def measured(say):
    """Print a measurement beside its bar, and fail if one that is *required* is not held."""

    def measured(what, value, *, at_most=None, at_least=None, unit=" s", required=True):
        bar = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}"
        held = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        say(f"{'held' if held else 'MISSED'}  {what}: {value:.3g}{unit} (bar {bar}{unit})")
        assert held or not required, f"{what}: {value:.3g}{unit} instead of {bar}{unit}"

    return measured


@pytest.fixture(scope="session")
def pace():
    return SOAK if os.environ.get("TANTRUM_SOAK") else CI


@pytest.fixture(scope="session")
def api():
    if not os.environ.get("KUBECONFIG"):
        words = "KUBECONFIG names no cluster: `make cluster-test` makes one, on Linux as root"
        possible = sys.platform == "linux" and os.geteuid() == 0
        (pytest.fail if os.environ.get("CI") == "true" and possible else pytest.skip)(words)
    with proxied() as api:
        yield api


@pytest.fixture(scope="session")
def namespace(api):
    """A namespace of the restricted profile, and at the end nothing of it."""
    name = f"tantrum-{secrets.token_hex(4)}"
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    yield name
    api.delete(f"/api/v1/namespaces/{name}")
    until(lambda: api.found(f"/api/v1/namespaces/{name}") is None, 120, f"{name} is gone")


@pytest.fixture(scope="session")
def release(api, namespace, tmp_path_factory, say):
    """The chart as released, installed, and answering; how long that took is in it."""
    release = Release(api, namespace, tmp_path_factory.mktemp("release"))
    began_monotonic = time.monotonic()
    try:
        release.install()
        until(release.answers, INSTALL_SECONDS + 60, release.unsettled)
        release.install_seconds = time.monotonic() - began_monotonic
        release.settled()
    except Exception:
        release.show_troubles(say)
        raise
    return release


@pytest.fixture(scope="session")
def load(release, pace, say):
    """Constant load at the edge: visitors, and an editor."""
    plan = Plan(
        edge_url=release.edge_url,
        api_token=release.api_token(),
        before_seconds=pace.before_seconds,
        after_seconds=pace.after_seconds,
    )
    with running(plan, say=say) as load:
        yield load


@pytest.fixture(autouse=True)
def _as_it_is_to_be(release):
    release.settled()
