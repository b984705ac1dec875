"""Where tests get a PgBouncer of 1.24 or newer from, which Debian 12 does not have."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tantrum_stack.errors import StackError

CHECKOUT = Path(__file__).parents[3]
_OF_INTEREST = re.compile(r"(\./)?usr/(sbin/pgbouncer|lib/[^/]+-linux-gnu/[^/]+\.so[^/]*)")


@functools.cache
def newest_pgbouncer() -> tuple[str, ...]:
    """The command line: that of the PATH where it is new enough, else the product's image's."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is not None:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found = re.match(r"PgBouncer (\d+)\.(\d+)", said.stdout)
        if found is not None and tuple(map(int, found.groups())) >= (1, 24):
            return (program,)
    if os.geteuid() != 0 or shutil.which("buildah") is None:
        raise StackError("there is none of 1.24 in PATH, and no root and buildah for its image")
    return _unpacked(_archive())


def _archive() -> Path:
    done = subprocess.run(
        ["images/build", "pgbouncer"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StackError(f"its image cannot be built: {done.stderr}")
    built = json.loads((CHECKOUT / "images/.built.json").read_text())
    return Path(built["pgbouncer"]["archive"])


def _unpacked(archive: Path) -> tuple[str, ...]:
    root = Path(tempfile.gettempdir()) / f"tantrum-{archive.stem}"
    if not root.exists():
        scratch = Path(tempfile.mkdtemp(prefix="tantrum-pgbouncer-"))
        scratch.chmod(0o755)
        with tarfile.open(archive) as image:
            [manifest] = json.load(image.extractfile("manifest.json"))
            for layer in manifest["Layers"]:
                with tarfile.open(fileobj=image.extractfile(layer)) as files:
                    for file in files:
                        if _OF_INTEREST.fullmatch(file.name):
                            files.extract(file, scratch, filter="tar")
        try:
            scratch.rename(root)
        except OSError:
            shutil.rmtree(scratch)  # another worker was faster
    # Its own C library, by its own loader, for this machine's is older.
    [libraries] = (root / "usr/lib").glob("*-linux-gnu")
    [loader] = libraries.glob("ld-linux-*.so.*")
    return (str(loader), "--library-path", str(libraries), str(root / "usr/sbin/pgbouncer"))
