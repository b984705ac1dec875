"""Runs images as a cluster does: as their user, on a root that cannot be written to."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from images.engine import Engine

_SCRIPT = """
root=$1 user=$2; shift 2
mount --rbind "$root" "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done; shift
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" env -i "$@"
"""
_SECONDS = 120


class Image:
    """An image unpacked in *root*, of which the settings are *config*."""

    def __init__(self, root, config):
        self._root = root
        self._config = config

    def command(self, *arguments, entrypoint=None, environment=None, mounts=None):
        """The command line that runs it; *mounts* are paths in there: paths here."""
        pairs = []
        for inside, outside in (mounts or {}).items():
            _make_mount_point(Path(f"{self._root}{inside}"), is_folder=outside.is_dir())
            pairs += [str(outside), inside]
        variables = {
            **dict(variable.split("=", 1) for variable in self._config["Env"]),
            **(environment or {}),
        }
        return [
            "unshare",
            "--mount",
            "bash",
            "-euc",
            _SCRIPT,
            "image",
            self._root,
            self._config["User"],
            *pairs,
            "--",
            *(f"{key}={value}" for key, value in variables.items()),
            *(entrypoint or self._config.get("Entrypoint", [])),
            *(arguments or self._config.get("Cmd", [])),
        ]

    def said(self, *arguments, **options):
        """What it writes to both outputs, and its exit status."""
        done = subprocess.run(
            self.command(*arguments, **options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.stdout, done.returncode

    @contextlib.contextmanager
    def serving(self, port, *arguments, ends_with=0, **options):
        """Run it while it answers on *port*, then stop it as a cluster would."""
        process = subprocess.Popen(
            self.command(*arguments, **options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        stop = getattr(signal, self._config.get("StopSignal") or "SIGTERM")
        try:
            _wait_until_serving(port, process, stop)
            yield process
            process.send_signal(stop)
            output, _ = process.communicate(timeout=_SECONDS)
            assert process.returncode == ends_with, output
        finally:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def unpacked(facts):
    """Yield the `Image` of which images/build told *facts*."""
    reference = f"{facts['name']}:{facts['tag']}"
    engine = Engine("buildah")
    if not engine.has(reference):
        engine.load(Path(facts["archive"]))
    container = _buildah("from", "--pull-never", reference)
    try:
        config = json.loads(_buildah("inspect", "--type", "image", reference))["OCIv1"]["config"]
        yield Image(_buildah("mount", container), config)
    finally:
        _buildah("rm", container)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _make_mount_point(path, *, is_folder):
    # As a container runtime does before the root becomes read-only.
    if is_folder:
        path.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _wait_until_serving(port, process, stop):
    deadline_monotonic = time.monotonic() + _SECONDS
    while time.monotonic() < deadline_monotonic:
        if process.poll() is not None:
            raise AssertionError(f"it ended: {process.stdout.read()}")
        # Some listen before they know what to do when they are stopped.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            if _catches(process.pid, stop):
                return
        time.sleep(0.05)
    raise AssertionError("it did not answer in time")


def _catches(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16) >> (number - 1) & 1)


def _buildah(*arguments):
    done = subprocess.run(["buildah", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
