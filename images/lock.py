"""Which of the packages in `requirements.lock` an image needs."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from images.errors import ImagesError

_PYTHON = "3.13"  # Debian's, as images/python has it


def subset(lock: str, roots: Iterable[str]) -> str:
    """
    Return the lines of *lock* for the packages *roots* and all that they need.

    What needs what is read from the packages installed beside us, which are those of
    the lock (`make setup`); what the workspace itself has is in no lock.
    """
    environment = {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": _PYTHON,
        "python_full_version": f"{_PYTHON}.0",
        "implementation_version": f"{_PYTHON}.0",
        "platform_machine": platform.machine(),
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        found.add(name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            waiting += [
                needed
                for needed in map(Requirement, _requires(name))
                if needed.marker is None or needed.marker.evaluate({**environment, "extra": extra})
            ]
    return "".join(text for name, text in _entries(lock) if name in found)


def _requires(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        raise ImagesError(
            f"An image needs {name}, which is not installed here: run `make setup`."
        ) from None


def _entries(lock: str) -> Iterable[tuple[str, str]]:
    """Yield (name, its lines) for each pin."""
    for entry in lock.replace("\\\n", "\0").splitlines(keepends=True):
        yield canonicalize_name(entry.partition("==")[0]), entry.replace("\0", "\\\n")
