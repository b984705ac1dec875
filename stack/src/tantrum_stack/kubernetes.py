"""
A Kubernetes API server for tests: etcd and kube-apiserver, and nothing that runs pods.

Both are the program that `devcluster/cluster build` keeps in its cache. RBAC is on: a
test may be any account by the token that `kubectl create token` gives.
"""

from __future__ import annotations

import asyncio
import http
import json
import os
import secrets
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from tantrum_stack import ports
from tantrum_stack.errors import StackError
from tantrum_stack.processes import Command

_ADMIN_TOKEN_BYTES = 16


class ApiServerEngine:
    """
    One API server with its etcd on free ports of loopback, with its files in *folder*.

    Raises `StackError` when there is no program for it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._program = find_program("kubernetes")
        self._admin = secrets.token_hex(_ADMIN_TOKEN_BYTES)
        self._etcd_port, self._peer_port, self._port = ports.free_ports(3)

    @property
    def url(self) -> str:
        return f"https://{ports.LOOPBACK}:{self._port}"

    @property
    def certificate(self) -> Path:
        """What the server shows, signed by itself."""
        return self.folder / "certificates" / "apiserver.crt"

    def audited(self) -> list[dict[str, Any]]:
        """Return what the audit log has of each request: user, verb, resource and outcome."""
        written = self._audit_log.read_text()
        # The last line may be on its way.
        complete = written[: written.rfind("\n") + 1]
        return [json.loads(line) for line in complete.splitlines()]

    @property
    def _audit_log(self) -> Path:
        return self.folder / "audit.log"

    def kubeconfig(self, token: str | None = None) -> Path:
        """Write access for the owner of *token*, an administrator without one."""
        token = token or self._admin
        path = self.folder / f"{token[:8]}.kubeconfig"
        path.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n"
            f"clusters: [{{name: test, cluster: {{server: '{self.url}', "
            f"certificate-authority: '{self.certificate}'}}}}]\n"
            f"users: [{{name: test, user: {{token: '{token}'}}}}]\n"
            "contexts: [{name: test, context: {cluster: test, user: test}}]\n"
        )
        return path

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Return what kubectl says, as an administrator; raises `StackError` when it fails."""
        done = subprocess.run(  # noqa: S603 - the test's own arguments
            [self._named("kubectl"), f"--kubeconfig={self.kubeconfig()}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={"HOME": str(self.folder), "PATH": os.defpath},
        )
        if done.returncode != 0:
            raise StackError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def install_crds(self, path: Path) -> None:
        """Apply the CRDs of *path* (a file or a folder), and return once they are served."""
        self.kubectl("apply", "--server-side", "--filename", str(path))
        self.kubectl("wait", "--for=condition=Established", "--filename", str(path))

    def _named(self, name: str) -> Path:
        """Return the program under *name*, which tells it what to be."""
        path = self.folder / name
        if not path.is_symlink():
            path.symlink_to(self._program)
        return path

    def prepare(self) -> None:
        """Write what both programs read."""
        user = f'{self._admin},admin,admin,"system:masters"\n'
        (self.folder / "tokens.csv").write_text(user)
        (self.folder / "audit.yaml").write_text(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n"
            "rules: [{level: Metadata}]\n"
        )
        subprocess.run(  # noqa: S603 - our own arguments
            ["openssl", "genrsa", "-out", str(self.folder / "accounts.key"), "2048"],  # noqa: S607
            check=True,
            capture_output=True,
        )

    def etcd_command(self) -> Command:
        client = f"http://{ports.LOOPBACK}:{self._etcd_port}"
        peer = f"http://{ports.LOOPBACK}:{self._peer_port}"
        return self._command(
            "etcd",
            f"--data-dir={self.folder / 'etcd-data'}",
            "--log-level=warn",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )

    def command(self) -> Command:
        key = self.folder / "accounts.key"
        return self._command(
            "kube-apiserver",
            f"--etcd-servers=http://{ports.LOOPBACK}:{self._etcd_port}",
            f"--bind-address={ports.LOOPBACK}",
            f"--advertise-address={ports.LOOPBACK}",
            f"--secure-port={self._port}",
            f"--cert-dir={self.folder / 'certificates'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.86.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            f"--audit-log-path={self._audit_log}",
            f"--audit-policy-file={self.folder / 'audit.yaml'}",
            # Its loop that writes the endpoints of Service `kubernetes` refuses loopback.
            "--endpoint-reconciler-type=none",
            # No controller makes the accounts that pods would run as.
            "--disable-admission-plugins=ServiceAccount",
        )

    def _command(self, name: str, *arguments: str) -> Command:
        return Command(
            name=name,
            argv=(self._named(name), *arguments),
            environment={"PATH": os.defpath, "HOME": str(self.folder)},
            folder=self.folder,
            stop_seconds=10.0,
        )

    async def etcd_ready(self) -> bool:
        _, writer = await asyncio.open_connection(ports.LOOPBACK, self._etcd_port)
        writer.close()
        return True

    async def ready(self) -> bool:
        return await asyncio.to_thread(self._asked)

    def _asked(self) -> bool:
        if not self.certificate.exists():
            return False
        # Its own certificate is all that vouches for it.
        context = ssl.create_default_context(cafile=str(self.certificate))
        headers = {"Authorization": f"Bearer {self._admin}"}
        request = urllib.request.Request(f"{self.url}/readyz", headers=headers)  # noqa: S310 - https
        with urllib.request.urlopen(request, timeout=5, context=context) as reply:  # noqa: S310
            return bool(reply.status == http.HTTPStatus.OK)


def find_program(name: str) -> Path:
    """Return the newest *name* that devcluster built; raises `StackError` without one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache.glob(f"tantrum/devcluster/*/{name}")
    newest = max(built, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        raise StackError("there is no program for it: run `devcluster/cluster build` once")
    return newest
