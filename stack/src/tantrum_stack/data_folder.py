"""
The folder `.tantrum`: what outlives a run, and who holds it.

    postgres/       the database's data and passwords
    secrets/        keys that the services sign with
    logs/           one file a part; the run before is `<part>.log.1`
    state.json      what runs at the moment; gone after an orderly stop

A run holds the folder by a lock on it, which ends with the process however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tantrum_stack.errors import StackError
from tantrum_stack.secret_files import secret


class DataFolder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.state = self.folder / "state.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """
        Make the folder if missing, and hold it alone.

        Raises `StackError` when another process holds it.
        """
        # Others may pass through, as an unprivileged database must, but not look around.
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError(self.folder) from None
            for private in (self.logs, self.folder / "secrets"):
                private.mkdir(mode=0o700, exist_ok=True)
            yield
        finally:
            os.close(descriptor)

    def secret(self, name: str) -> str:
        """Return the random secret *name*, the same in every run."""
        return secret(self.folder / "secrets" / name)

    def log(self, part: str) -> Path:
        """Return the empty log of *part*; what an earlier run wrote is kept beside it."""
        log = self.logs / f"{part}.log"
        with contextlib.suppress(FileNotFoundError):
            log.rename(log.with_suffix(".log.1"))
        log.touch(mode=0o600)
        return log


class AlreadyRunningError(StackError):
    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"TV Tantrum is already running with the data in {folder}; "
            "`.venv/bin/tantrum-stack status` shows it. TANTRUM_DATA=/some/folder "
            "and TANTRUM_PORT=8081 start another."
        )
