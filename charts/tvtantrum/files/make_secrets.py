"""
Makes the Secret that the release keeps its passwords and keys in, or adds what it lacks.

A value that is there is never changed, whoever put it there, so that upgrades, repeated
runs and two runs at once all end with the same Secret. The exceptions are files that are
nothing but a password in the words of PgBouncer or Redis, and follow it. Runs in a pod,
with its ServiceAccount, and needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import secrets
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
GENERATED = (
    "database-password",
    "postgres-superuser-password",
    "redis-password",
    "catalog-page-token-key",
    "search-page-token-key",
    "service-credential",
)
DERIVED = ("userlist.txt", "redis-auth.conf")
ATTEMPTS = 5
NEEDS_A_PERSON = 2
"""Exit code of what trying again does not help; the Job knows it."""


class ApiError(Exception):
    """The API server refused; the text says what."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the API server answered {status}: {message}")
        self.status = status


class Secrets:
    """The Secrets of one namespace, by way of the API server."""

    def __init__(
        self, host: str, port: int, namespace: str, token: str, tls: ssl.SSLContext
    ) -> None:
        self._server = (host, port)
        self._tls = tls
        self._path = f"/api/v1/namespaces/{namespace}/secrets"
        self._token = token

    def get(self, name: str) -> dict[str, Any] | None:
        """Return the Secret; None when there is none."""
        try:
            return self._ask("GET", f"{self._path}/{name}")
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def create(self, secret: Mapping[str, Any]) -> None:
        self._ask("POST", self._path, secret, "application/json")

    def patch(self, name: str, patch: Mapping[str, Any]) -> None:
        self._ask("PATCH", f"{self._path}/{name}", patch, "application/merge-patch+json")

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = kind
        connection = http.client.HTTPSConnection(*self._server, context=self._tls, timeout=10)
        try:
            connection.request(
                method, path, json.dumps(body) if body is not None else None, headers
            )
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise ApiError(response.status, answer.get("message", ""))
        return answer


def lacking(have: Mapping[str, str], *, given: Sequence[str], database_user: str) -> dict[str, str]:
    """
    Return what has to be added to the values *have*, both by key and in plain text.

    Raises:
        LookupError: one of *given*, which nobody but the user knows, is not there.
    """
    unknown = [key for key in given if key not in have]
    if unknown:
        raise LookupError(" and ".join(unknown))
    # Hexadecimal, for passwords stand in addresses and arguments too.
    added = {key: secrets.token_hex(24) for key in GENERATED if key not in have}
    passwords = {**have, **added}
    quoted = [part.replace('"', '""') for part in (database_user, passwords["database-password"])]
    files = ('"{}" "{}"\n'.format(*quoted), f"requirepass {passwords['redis-password']}\n")
    derived = dict(zip(DERIVED, files, strict=True))
    added |= {key: text for key, text in derived.items() if have.get(key) != text}
    return added


def make(
    api: Secrets, name: str, *, labels: Mapping[str, str], given: Sequence[str], database_user: str
) -> list[str]:
    """Bring the Secret up to date once, and return the keys that were written."""
    secret = api.get(name)
    have = {
        key: base64.b64decode(value).decode()
        for key, value in ((secret or {}).get("data") or {}).items()
    }
    added = lacking(have, given=given, database_user=database_user)
    data = {key: base64.b64encode(value.encode()).decode() for key, value in added.items()}
    if secret is None:
        annotations = {"helm.sh/resource-policy": "keep"}
        metadata = {"name": name, "labels": dict(labels), "annotations": annotations}
        api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    elif data:
        # The version makes the API server refuse when somebody else was faster.
        version = secret["metadata"]["resourceVersion"]
        api.patch(name, {"metadata": {"resourceVersion": version}, "data": data})
    return sorted(added)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--database-user", required=True)
    parser.add_argument("--given", action="append", default=[], metavar="KEY")
    arguments = parser.parse_args()
    api = Secrets(
        os.environ["KUBERNETES_SERVICE_HOST"],
        int(os.environ["KUBERNETES_SERVICE_PORT"]),
        (ACCOUNT / "namespace").read_text(),
        (ACCOUNT / "token").read_text(),
        ssl.create_default_context(cafile=ACCOUNT / "ca.crt"),
    )
    labels = dict(label.split("=", 1) for label in arguments.label)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            written = make(
                api,
                arguments.name,
                labels=labels,
                given=arguments.given,
                database_user=arguments.database_user,
            )
        except LookupError as error:
            print(
                f"The Secret {arguments.name} lacks {error}: with postgres.mode=external it has to "
                "be there before the release, as charts/tvtantrum/README.md tells."
            )
            sys.exit(NEEDS_A_PERSON)
        except ApiError as error:
            if error.status != http.client.CONFLICT or attempt == ATTEMPTS:
                sys.exit(f"Cannot write the Secret {arguments.name}: {error}")
        else:
            print(
                f"Secret {arguments.name}: wrote {', '.join(written) or 'nothing: it is complete'}"
            )
            return


if __name__ == "__main__":
    main()
