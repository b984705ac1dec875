"""
Redis servers with Sentinels on loopback, each started by the program of their image.

They are what a RedisCache is on a cluster: servers are killed, frozen and started again as
their containers would be. Nothing restarts by itself.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from tantrum_stack import ports
from tantrum_stack.errors import StackError
from tantrum_stack.identity import Place
from tantrum_stack.redis import find_program

NAME: Final = "cache"
_SOURCES: Final = Path(__file__).parents[3] / "images" / "redis" / "tantrum-redis"


class RedisCacheEngine:
    """
    *replicas* Redis servers and three Sentinels, none of them started yet.

    Raises `StackError` where the machine has no Redis, or no Go to build the program with.
    """

    def __init__(
        self,
        place: Place,
        *,
        replicas: int = 3,
        down_after_seconds: float = 3.0,
        persistent: bool = False,
        host: str = ports.LOOPBACK,
    ) -> None:
        self._folder = place.folder
        self._program = _built(place.folder / "tantrum-redis")
        self.password = secrets.token_hex(16)
        addresses = [f"{host}:{port}" for port in ports.free_ports(replicas + 3)]
        self.nodes, self.sentinels = addresses[:replicas], addresses[replicas:]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (self._folder / "password").write_text(self.password)
        (self._folder / "base.conf").write_text(
            f'bind {ports.LOOPBACK}\nsave ""\nrepl-diskless-sync-delay 0\n'
            f"appendonly {'yes' if persistent else 'no'}\n"
        )
        self._file = {
            "name": NAME,
            "nodes": self.nodes,
            "sentinels": self.sentinels,
            "quorum": 2,
            "downAfterMilliseconds": int(down_after_seconds * 1000),
            "persistent": persistent,
            "serverConfig": str(self._folder / "base.conf"),
            "passwordFile": str(self._folder / "password"),
            "program": str(find_program(place)),
        }

    @property
    def url(self) -> str:
        """What the gateway takes: the Sentinels, the password, and what they call the master."""
        return f"redis+sentinel://:{self.password}@{','.join(self.sentinels)}/{NAME}/0"

    def start(self, *addresses: str) -> None:
        """Start these servers, or all: a server finds its own way to its role."""
        for address in addresses or (*self.sentinels, *self.nodes):
            command = "serve" if address in self.nodes else "sentinel"
            with (self._folder / f"{_port(address)}.log").open("ab") as log:
                self._processes[address] = subprocess.Popen(  # noqa: S603 - our own arguments
                    [self._program, command],
                    env=self._environment(address),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, *addresses: str) -> None:
        """End these servers as a crash does; a container's folders stay."""
        for address in addresses:
            self._signal(address, signal.SIGKILL)
            self._processes[address].wait()

    def freeze(self, address: str) -> None:
        self._signal(address, signal.SIGSTOP)

    def thaw(self, address: str) -> None:
        self._signal(address, signal.SIGCONT)

    def forget(self, address: str) -> None:
        """Empty the folders of a server that does not run, as a new pod begins with."""
        shutil.rmtree(self._home(address))

    def running(self, address: str) -> bool:
        return self._processes[address].poll() is None

    def hand_over(self, address: str) -> None:
        """Do what a pod does before it stops; returns when the role has moved."""
        self._run("hand-over", address, check=True)

    def ready(self, address: str) -> bool:
        return self._run("ready", address, check=False) == 0

    def log(self, address: str) -> str:
        return (self._folder / f"{_port(address)}.log").read_text()

    def stop(self) -> None:
        """End what runs, whatever it does."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _run(self, command: str, address: str, *, check: bool) -> int:
        arguments = [str(self._program), command]
        environment = self._environment(address)
        return subprocess.run(arguments, env=environment, check=check).returncode  # noqa: S603 - as above

    def _signal(self, address: str, number: signal.Signals) -> None:
        # The session: a Sentinel that waits for a master has a child.
        os.killpg(self._processes[address].pid, number)

    def _home(self, address: str) -> Path:
        home = self._folder / _port(address)
        home.mkdir(exist_ok=True)
        return home

    def _environment(self, address: str) -> dict[str, str]:
        home = self._home(address)
        path = self._folder / f"{_port(address)}.json"
        path.write_text(json.dumps({**self._file, "dataFolder": str(home), "runFolder": str(home)}))
        return {"PATH": os.defpath, "CACHE_FILE": str(path), "CACHE_SELF": address}


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _built(target: Path) -> Path:
    go = shutil.which("go")
    if go is None:
        raise StackError("This machine has no Go, to build what starts Redis with.")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}
    arguments = [go, "build", "-o", str(target), "."]
    subprocess.run(arguments, cwd=_SOURCES, env=environment, check=True)  # noqa: S603 - as above
    return target
