"""Small images as files, and parts that never were."""

from __future__ import annotations

import io
import json
import tarfile

from images.parts import Part


def make_part(name, *parents, tag="0123456789ab"):
    return Part(
        name=name,
        tag=tag,
        parents={parent.upper(): parent for parent in parents},
        files={},
        executables=frozenset(),
    )


def write_archive(path, *layers, labels=None):
    """Write a docker archive whose *layers* are dictionaries of path: content."""
    with tarfile.open(path, "w") as archive:
        names = []
        for number, files in enumerate(layers):
            layer = io.BytesIO()
            with tarfile.open(fileobj=layer, mode="w") as members:
                for name, text in files.items():
                    _add(members, name, text.encode())
            names.append(f"{number}.tar")
            _add(archive, names[-1], layer.getvalue())
        settings = {"architecture": "amd64", "config": {"Labels": labels}}
        _add(archive, "c0ffee.json", json.dumps(settings).encode())
        manifest = [{"Config": "c0ffee.json", "Layers": names}]
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
