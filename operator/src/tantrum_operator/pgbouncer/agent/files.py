"""The files that an agent and its PgBouncer share, in a folder that lives as long as the pod."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tantrum_operator.pgbouncer.ini import HOLDING
from tantrum_operator.pgbouncer.protocol import AGENT_USER

_QUERY_WAIT: Final = re.compile(r"^query_wait_timeout *=.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecord:
    """
    The newest pause: kept, so that a new agent ends what a dead one began.

    *deadline_monotonic* is None once it is over. The clock is the kernel's, which all
    processes of the pod share and nobody sets.
    """

    generation: int
    deadline_monotonic: float | None


class Files:
    """*folder* is shared with PgBouncer; *given* holds what Kubernetes mounts."""

    def __init__(self, folder: Path, given: Path, *, token: str) -> None:
        self._settings = folder / "pgbouncer.ini"
        self._ordered = folder / "ordered.ini"
        self._users = folder / "userlist.txt"
        self._pause = folder / "pause.json"
        self._holding = folder / HOLDING
        self._given = given
        self._token = token

    def first(self) -> bool:
        """Whether no agent has been in this pod before."""
        return not self._ordered.exists()

    def given_settings(self) -> str:
        return (self._given / "pgbouncer.ini").read_text()

    def given_pause_end(self) -> float | None:
        """Unix time until which new poolers stay out of the Service; None for no pause."""
        text = (self._given / "pause-until").read_text().strip()
        return float(text) if text else None

    def ordered_settings(self) -> str:
        return self._ordered.read_text()

    def write_settings(self, ordered: str, *, query_wait_seconds: int | None = None) -> None:
        """What PgBouncer reads is *ordered*, with another query_wait_timeout while it pauses."""
        _write(self._ordered, ordered)
        effective = ordered
        if query_wait_seconds is not None:
            line = f"query_wait_timeout = {query_wait_seconds}"
            effective = _QUERY_WAIT.sub(line, ordered)
        _write(self._settings, effective)

    def write_users(self) -> bool:
        """Bring PgBouncer's list of users up to date; return whether it changed."""
        given = (self._given / "userlist.txt").read_text().rstrip("\n")
        users = f'{given}\n"{AGENT_USER}" "{self._token}"\n'
        if self._users.exists() and self._users.read_text() == users:
            return False
        _write(self._users, users)
        return True

    def pause_record(self) -> PauseRecord | None:
        if not self._pause.exists():
            return None
        return PauseRecord(**json.loads(self._pause.read_text()))

    def write_pause_record(self, record: PauseRecord) -> None:
        if record.deadline_monotonic is None:
            self._holding.unlink(missing_ok=True)
        else:
            self._holding.touch()
        text = {"generation": record.generation, "deadline_monotonic": record.deadline_monotonic}
        _write(self._pause, json.dumps(text))


def parsed(settings: str) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """Return what pgbouncer.ini says in its own section, and of each database."""
    parser = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=(";", "#"), interpolation=None
    )
    parser.read_string(settings)
    databases = {
        name: dict(part.split("=", 1) for part in value.split())
        for name, value in parser["databases"].items()
    }
    return dict(parser["pgbouncer"]), databases


def _write(path: Path, text: str) -> None:
    """Whole or not at all. PgBouncer is in the group alone, since it has no need to write."""
    scratch = path.with_suffix(".new")
    scratch.touch(mode=0o640)
    scratch.write_text(text)
    scratch.replace(path)
