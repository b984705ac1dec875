"""
The list of what an image holds, as CycloneDX 1.6.

It says nothing of when it was made, and its serial number hangs on the image's id, so
that the same image has the same list.
"""

from __future__ import annotations

import email
import uuid
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from images.archive import Contents

_DISTRIBUTION: Final = "debian-13"
_TITLE: Final = "org.opencontainers.image.title"


def document(reference: str, contents: Contents) -> dict[str, Any]:
    """Return the list for the image *reference*: a JSON object."""
    name, _, tag = reference.rpartition(":")
    components = [*_debian(contents), *_python(contents), *_java(contents)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, contents.image_id)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": contents.image_id,
                "name": name,
                "version": tag,
                "description": contents.labels.get(_TITLE, name),
                "hashes": [{"alg": "SHA-256", "content": contents.image_id.partition(":")[2]}],
            }
        },
        "components": sorted(components, key=lambda component: str(component["purl"])),
    }


def _debian(contents: Contents) -> Iterator[dict[str, Any]]:
    for entry in contents.dpkg_status.strip().split("\n\n"):
        fields = email.message_from_string(entry.strip())
        if (fields["Status"] or "").rpartition(" ")[2] not in {"installed", "unpacked"}:
            continue
        name, version = fields["Package"], fields["Version"]
        yield _component(
            name,
            version,
            f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}"
            f"?arch={fields['Architecture']}&distro={_DISTRIBUTION}",
            fields["Description"],
        )


def _python(contents: Contents) -> Iterator[dict[str, Any]]:
    for entry in contents.metadata:
        fields = email.message_from_string(entry)
        name, version = fields["Name"].lower().replace("_", "-"), fields["Version"]
        component = _component(
            name, version, f"pkg:pypi/{quote(name)}@{quote(version)}", fields["Summary"]
        )
        if expression := fields["License-Expression"]:
            component["licenses"] = [{"expression": expression}]
        yield component


def _java(contents: Contents) -> Iterator[dict[str, Any]]:
    for line in contents.jars.splitlines():
        digest, path = line.split()
        *group, name, version, _ = path.split("/")
        component = _component(
            name, version, f"pkg:maven/{'.'.join(group)}/{quote(name)}@{quote(version)}", None
        )
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
        yield component


def _component(name: str, version: str, purl: str, description: str | None) -> dict[str, Any]:
    component = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }
    if description:
        component["description"] = description.partition("\n")[0]
    return component
