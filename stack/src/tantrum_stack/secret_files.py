"""Secrets and settings of our own making that outlive a run, one a file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def secret(path: Path) -> str:
    """Return the secret kept in *path*, made at random (256 bits, hexadecimal) if missing."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return write_private(path, secrets.token_hex(32))


def write_private(path: Path, text: str) -> str:
    """Put *text* into *path*, whole or not at all, for its owner's eyes; return it."""
    scratch = path.with_name(f"{path.name}.part")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    return text
