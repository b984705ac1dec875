"""Reads custom resources from files, as `kubectl apply -f` would."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from tantrum_operator.objects import GROUP, Body, Kind

STANDARD_INPUT: Final = Path("-")


class ManifestError(Exception):
    """A file cannot be read as manifests; the message says which and why."""


def read(paths: Iterable[Path]) -> list[Body]:
    """
    Return the objects of our group in *paths*, in their order; others are passed over.

    A path is a file with one document or several, a folder of `*.yaml`, `*.yml` and
    `*.json`, or `-`. Raises `ManifestError`.
    """
    found: list[Body] = []
    for path in paths:
        for file in _files(path):
            found += [body for body in _documents(file) if _ours(body)]
    return found


def the_one(paths: Iterable[Path], kind: Kind) -> Body:
    """Return the only object of *kind* in *paths*. Raises `ManifestError`."""
    paths = list(paths)
    found = [body for body in read(paths) if body.get("kind") == kind.name]
    where = ", ".join(map(str, paths))
    if not found:
        raise ManifestError(f"{where}: there is no {kind.name} of {GROUP} in it")
    if len(found) > 1:
        names = ", ".join(str(body.get("metadata", {}).get("name")) for body in found)
        raise ManifestError(f"{where}: there is more than one {kind.name} in it: {names}")
    return found[0]


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.iterdir() if each.suffix in {".yaml", ".yml", ".json"})


def _documents(path: Path) -> Iterable[Body]:
    try:
        text = sys.stdin.read() if path == STANDARD_INPUT else path.read_text(encoding="utf-8")
        documents: list[Any] = [each for each in yaml.safe_load_all(text) if each is not None]
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    for document in documents:
        if not isinstance(document, dict):
            raise ManifestError(f"{path} holds something else than objects of Kubernetes")
        # What `kubectl get -o yaml` prints for several objects.
        yield from document.get("items", ()) if document.get("kind") == "List" else (document,)


def _ours(body: Body) -> bool:
    return str(body.get("apiVersion", "")).startswith(f"{GROUP}/") and isinstance(
        body.get("spec"), dict
    )
