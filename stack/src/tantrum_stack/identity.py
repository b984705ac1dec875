"""
Whom engines run as, and where they can live.

PostgreSQL refuses to run as root. Started by root, the engines run as `nobody`,
and what they read must be reachable for it. A parent folder's mode is never
changed for that (a checkout below `/root` stays private): what `nobody` cannot
reach goes to a folder of its own below `/var/lib` instead.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tantrum_stack.errors import StackError

_OUTSIDE = Path("/var/lib")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user to run a process as; only root can take one on."""

    uid: int
    gid: int

    def can(self, *argv: str | Path) -> bool:
        """Whether *argv* succeeds when this user runs it."""
        prefix, options = becoming(self)
        try:
            outcome = subprocess.run(  # noqa: S603 - our own arguments
                [*prefix, *argv],
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                **options,
            )
        except OSError:
            return False
        return outcome.returncode == 0


class _PopenUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def becoming(identity: Identity | None) -> tuple[list[str], _PopenUser]:
    """
    Return how to start a process as *identity*: a prefix of its command, and options of `Popen`.

    The prefix does it where `setpriv` is installed. The options have `subprocess` fork in
    Python's full sense, and gRPC, once the readiness probes have started it, may then crash
    the child.
    """
    if identity is None:
        return [], {}
    if (setpriv := shutil.which("setpriv")) is None:
        return [], {"user": identity.uid, "group": identity.gid, "extra_groups": []}
    ids = [f"--reuid={identity.uid}", f"--regid={identity.gid}", "--clear-groups"]
    return [setpriv, *ids, "--"], {}


def unprivileged() -> Identity | None:
    """Whom to become for an engine; None when the process is not root and need not."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "PostgreSQL does not run as root and there is no user `nobody` to run it as; "
            "start as an ordinary user, or give DATABASE_URL."
        ) from None
    return Identity(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for engines, and the user that they run as there (None: the caller)."""

    folder: Path
    identity: Identity | None

    def make_folder(self, name: str) -> Path:
        """Return the engine's own private folder *name*, made if missing."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.identity is not None:
            os.chown(folder, self.identity.uid, self.identity.gid)
        return folder

    def reachable(self, root: Path, program: Path, copy: Callable[[Path, Path], object]) -> Path:
        """
        Return a path of *program* (relative to *root*) that the engines' user can run.

        That is the one below *root* where possible, else one in a copy that *copy* makes
        of what the program needs, in this place, once for each version of the program.
        """
        original = root / program
        if self.identity is None or self.identity.can(original, "--version"):
            return original
        state = original.stat()
        package = program.parts[0]
        target = self.folder / f"{package}-{state.st_size:x}-{state.st_mtime_ns:x}"
        if not (target / program).exists():
            for stale in self.folder.glob(f"{package}-*"):
                shutil.rmtree(stale)
            copy(root, scratch := self.folder / f"{package}-part")
            for path in (scratch, *scratch.rglob("*")):
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            scratch.rename(target)
        return target / program


def place_for(data_folder: Path) -> Place:
    """
    Return where the engines of *data_folder* live, made if missing.

    It is *data_folder* itself unless their user cannot reach that.
    """
    identity = unprivileged()
    if identity is None or identity.can("test", "-x", data_folder):
        return Place(data_folder, identity)
    outside = _OUTSIDE / f"tantrum-{_digest(data_folder)}"
    outside.mkdir(mode=0o711, exist_ok=True)
    outside.chmod(0o711)
    return Place(outside, identity)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
