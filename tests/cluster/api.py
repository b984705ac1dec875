"""
The Kubernetes API, over one `kubectl proxy`.

A kubectl for each question would cost a fifth of a second of CPU, which the product shares.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import urllib.error
import urllib.request


class ApiError(Exception):
    """The API refused; `status` is HTTP's."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Api:
    def __init__(self, url):
        self._url = url

    def get(self, path):
        return self._ask("GET", path)

    def found(self, path):
        """Return what is at *path*, None if nothing is."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def post(self, path, body):
        return self._ask("POST", path, body, "application/json")

    def patch(self, path, body):
        return self._ask("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path):
        return self._ask("DELETE", path)

    def _ask(self, method, path, body=None, content_type=None):
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": content_type} if content_type else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")[:500]) from error


@contextlib.contextmanager
def proxied():
    """Lend the API of the cluster that KUBECONFIG names."""
    proxy = subprocess.Popen(["kubectl", "proxy", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        line = proxy.stdout.readline()
        address = re.search(r"127\.0\.0\.1:\d+", line)
        assert address, f"kubectl proxy did not start: {line}"
        yield Api(f"http://{address[0]}")
    finally:
        proxy.terminate()
        proxy.wait()
        proxy.stdout.close()


def kubectl(*arguments, **options):
    """Run kubectl; return what it says. For what the proxy cannot do, and for people's logs."""
    return _run("kubectl", *arguments, **options)


def helm(*arguments, **options):
    """Run helm; return what it says. Raises `CommandError`."""
    return _run("helm", *arguments, **options)


class CommandError(Exception):
    """A command failed; the text is what it said."""


def _run(*command, seconds=180, stdin=None):
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds, input=stdin
    )
    if done.returncode:
        raise CommandError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout
