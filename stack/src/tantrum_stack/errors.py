"""What stops the stack, said in a sentence that a person can act on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ROOM_BYTES = 256 * 1024
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class StackError(Exception):
    """Something that whoever typed the command can mend; the text is the whole message."""


class PartFailedError(StackError):
    """A part ended or did not get ready; the text names it and quotes its log."""


def error_of(error: OSError, folder: Path) -> StackError:
    """Say what *error*, met while writing below *folder*, means for the user."""
    where = error.filename or folder
    if error.errno in _FULL:
        return disk_full(folder)
    if error.errno in _REFUSED:
        return StackError(
            f"Cannot write {where}: {os.strerror(error.errno or 0).lower()}. "
            "Make it writable, or choose another data folder with TANTRUM_DATA=/some/folder."
        )
    if isinstance(error, FileExistsError | NotADirectoryError):
        return StackError(f"{where} is no folder; choose another with TANTRUM_DATA=/some/folder.")
    return StackError(f"Cannot use {where}: {error.strerror or error}.")


def disk_full(folder: Path) -> StackError:
    return StackError(
        f"The disk that holds {folder} is full: free some space, "
        "or choose a folder elsewhere with TANTRUM_DATA=/some/folder."
    )


def says_disk_full(text: str) -> bool:
    """Whether a program's output *text* complains about a full disk."""
    return os.strerror(errno.ENOSPC) in text or os.strerror(errno.EDQUOT) in text


def is_full(folder: Path) -> bool:
    """Whether the disk of *folder* has no room to speak of."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize < _ROOM_BYTES
