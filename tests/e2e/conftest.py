"""The product as a user starts it: `make run` in this checkout, with data of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from tantrum_stack.ports import free_ports

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
"""What the first start may take."""

STOP_SECONDS = 60


class Product:
    """One `make run`, in a session of its own as in a terminal of its own."""

    def __init__(self, data, *, port=None):
        self.data = data
        self.settings = {}
        self.port = port or free_ports(1)[0]
        self.address = f"http://127.0.0.1:{self.port}"
        self.make = None
        self._terminal = None
        self._output = data.parent / f"output-{self.port}"

    @property
    def output(self):
        return self._output.read_text()

    @property
    def state(self):
        return json.loads((self.data / "state.json").read_text())

    def environment(self):
        ours = {"TANTRUM_PORT": str(self.port), "TANTRUM_DATA": str(self.data)}
        return {**os.environ, **ours, **self.settings}

    def catalog_environment(self):
        """What `tantrum-catalog` needs to work with this product's database."""
        postgres = self.data / "postgres"
        port = (postgres / "port").read_text()
        return {
            "CATALOG_DATABASE_URL": f"postgresql://tantrum@127.0.0.1:{port}/tantrum",
            "CATALOG_DATABASE_PASSWORD": (postgres / "password-tantrum").read_text(),
        }

    def start(self):
        """Return the seconds that it took until the product said that it runs."""
        began = time.monotonic()
        with self._output.open("wb") as output:
            self.make = subprocess.Popen(
                # Where the tests run in the background, programs are told to ignore Ctrl-C.
                ["env", "--default-signal=INT", "make", "run"],
                cwd=CHECKOUT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(
            lambda: "TV Tantrum runs at" in self.output or self.make.poll() is not None,
            START_SECONDS,
        )
        assert self.make.poll() is None, self.output
        return time.monotonic() - began

    def start_in_terminal(self):
        """Start it in the foreground of a terminal; return the terminal's other end."""
        ours, theirs = pty.openpty()
        self.make = subprocess.Popen(
            ["setsid", "--ctty", "--wait", "make", "run"],
            cwd=CHECKOUT,
            env=self.environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        while b"Ctrl-C stops it" not in shown:
            ready, _, _ = select.select([ours], [], [], START_SECONDS)
            assert ready, shown.decode()
            shown += os.read(ours, 4096)
        self._terminal = ours
        return ours

    def again(self):
        """The same product, about to be started once more."""
        return Product(self.data)

    def refused(self):
        """Run it where it cannot start; return make's exit code and what it said."""
        outcome = subprocess.run(
            ["make", "run"],
            cwd=CHECKOUT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        return outcome.returncode, outcome.stderr

    def status(self):
        """Return the exit code and the words of `tantrum-stack status`."""
        outcome = subprocess.run(
            [CHECKOUT / ".venv/bin/tantrum-stack", "status"],
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return outcome.returncode, outcome.stdout

    def get(self, path):
        with urllib.request.urlopen(f"{self.address}{path}", timeout=10) as response:
            return response.read()

    def get_json(self, path):
        return json.loads(self.get(path))

    def supervisor(self):
        return self.state["supervisor"]

    def wait(self):
        return self.make.wait(timeout=STOP_SECONDS)

    def processes(self):
        """Everything that runs for this product: it all names the data folder somewhere."""
        needle = os.fsencode(self.data)
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                facts = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
                if needle in facts and int(process.name) != os.getpid():
                    found.append(process.name)
        return found

    def end(self):
        if self.make is not None and self.make.poll() is None:
            with contextlib.suppress(OSError):
                os.kill(self.supervisor(), signal.SIGTERM)
            self.wait()
        if self._terminal is not None:
            os.close(self._terminal)


def wait_until(condition, seconds):
    """Return once *condition* holds; fail when it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        tick.wait(0.05)


@contextlib.contextmanager
def data_folder():
    """A folder that an unprivileged database can reach, as pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="tantrum-e2e-"))
    try:
        folder.chmod(0o711)
        yield folder / "data"
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def product():
    """A product that has not been started."""
    with data_folder() as data:
        product = Product(data)
        yield product
        product.end()


@pytest.fixture(scope="module")
def running_product():
    """A product that runs, for tests that only look."""
    with data_folder() as data:
        product = Product(data)
        product.start()
        yield product
        product.end()
