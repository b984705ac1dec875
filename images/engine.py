"""What builds and keeps images on this machine: buildah, podman or docker."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.errors import ImagesError
from images.parts import CHECKOUT

FILE_TIME: Final = 315532800
"""
1 January 1980: the time of all files in the images, in seconds since 1970.

Not that of the commit: layers that did not change are the same in every release then,
and a node that has them fetches only the others. The commit's time is in a label.
"""

_PULL_SECONDS = 300
_PROGRAMS = ("buildah", "podman", "docker")


@dataclass(frozen=True, slots=True)
class Engine:
    program: str

    def build(
        self,
        context: Path,
        *,
        reference: str,
        log: Path,
        arguments: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, Path] | None = None,
        use_cache: bool = True,
    ) -> None:
        """Make *reference* from the Containerfile in *context*; *log* gets what is said."""
        options = [
            "--network",
            "host",
            "--tag",
            reference,
            "--file",
            str(context / "Containerfile"),
        ]
        if self.program != "docker":
            # Layers are kept, also those of the stages before; --isolation: no runc, no cgroups.
            options += ["--isolation", "chroot", "--layers", "--timestamp", str(FILE_TIME)]
        if not use_cache:
            options += ["--no-cache"]
        for key, value in (arguments or {}).items():
            options += ["--build-arg", f"{key}={value}"]
        for key, value in (labels or {}).items():
            options += ["--label", f"{key}={value}"]
        for key, path in (secrets or {}).items():
            options += ["--secret", f"id={key},src={path}"]
        with log.open("wb") as output:
            done = subprocess.run(
                [self.program, "build", *options, str(context)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DOCKER_BUILDKIT": "1"},
                check=False,
            )
        if done.returncode:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise ImagesError(f"{reference} was not built; the end of {log}:\n{last}")

    def has(self, reference: str) -> bool:
        if self.program == "buildah":
            return self.works("inspect", "--type", "image", reference)
        return self.works("image", "inspect", reference)

    def pull(self, reference: str) -> bool:
        """Fetch *reference* from its registry; return whether that worked."""
        return self.works("pull", reference)

    def save(self, reference: str, archive: Path) -> None:
        """Write *reference* to the file *archive*, in docker's format."""
        archive.unlink(missing_ok=True)
        if self.program == "buildah":
            self._run("push", "--quiet", reference, f"docker-archive:{archive}:{reference}")
        else:
            self._run("save", "--output", str(archive), reference)

    def load(self, archive: Path) -> None:
        if self.program == "buildah":
            self._run("pull", "--quiet", f"docker-archive:{archive}")
        else:
            self._run("load", "--input", str(archive))

    def remove(self, reference: str) -> None:
        """Forget *reference* if it is there and nothing needs it."""
        self.works("rmi", reference)

    def works(self, *arguments: str) -> bool:
        """Whether the program does, in time, what *arguments* say."""
        try:
            return not subprocess.run(
                (self.program, *arguments),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PULL_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return False

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            (self.program, *arguments), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ImagesError(f"{self.program} {' '.join(arguments)} failed: {done.stderr.strip()}")


def find() -> Engine:
    """Return what is there, after an attempt to install buildah if nothing is."""
    for attempt in ("as it is", "with buildah"):
        if attempt == "with buildah":
            subprocess.run([CHECKOUT / "scripts/setup-test", "buildah"], check=True)
        for program in _PROGRAMS:
            # docker's client alone does nothing.
            if shutil.which(program) and (program != "docker" or Engine(program).works("info")):
                return Engine(program)
    raise ImagesError("Building images needs buildah, podman or docker, and none is installed.")
