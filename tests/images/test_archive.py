"""Reading finished images, and the lists of what they hold."""

from __future__ import annotations

import pytest

from images import archive, sbom

from .make import write_archive

STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12+deb13u1
Description: GNU C Library
 Of many words.

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: postgresql-17
Status: install ok unpacked
Architecture: amd64
Version: 1:17.6
"""
PARTLY = """\
Package: openjdk-21-jdk-headless
Status: install ok installed
Architecture: amd64
Version: 21.0.9
"""
JARS = "0abc  org/example/tools/tool/1.2/tool-1.2.jar\n"
METADATA = """\
Metadata-Version: 2.4
Name: Typing_Extensions
Version: 4.1
License-Expression: PSF-2.0
Summary: Types

Text
"""


@pytest.fixture
def contents(tmp_path):
    path = tmp_path / "image.tar"
    write_archive(
        path,
        {"var/lib/dpkg/status": "old", "etc/motd": "hello"},
        {
            "./var/lib/dpkg/status": STATUS,
            "var/lib/dpkg/status.d/openjdk-21": PARTLY,
            "opt/x/jars.lock": JARS,
            "opt/x/typing_extensions-4.1.dist-info/METADATA": METADATA,
        },
        labels={"org.opencontainers.image.title": "An image"},
    )
    return archive.read(path)


def test_the_last_layer_wins(contents):
    assert contents.dpkg_status == f"{STATUS}\n{PARTLY}"
    assert contents.metadata == [METADATA]


def test_the_size_is_that_of_all_layers_unpacked(contents):
    assert contents.size_bytes == len("old" + "hello" + STATUS + PARTLY + JARS + METADATA)


def test_an_image_is_known_by_the_hash_of_its_settings(contents):
    assert contents.image_id == "sha256:c0ffee"


def test_files_are_named_from_the_root(tmp_path):
    write_archive(tmp_path / "image.tar", {"./usr/bin/x": ""}, {".hidden": ""})

    assert list(archive.names(tmp_path / "image.tar")) == ["/usr/bin/x", "/.hidden"]


def test_the_list_names_what_is_installed(contents):
    document = sbom.document("localhost/tvtantrum/x:abc", contents)

    assert [component["purl"] for component in document["components"]] == [
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64&distro=debian-13",
        "pkg:deb/debian/openjdk-21-jdk-headless@21.0.9?arch=amd64&distro=debian-13",
        "pkg:deb/debian/postgresql-17@1%3A17.6?arch=amd64&distro=debian-13",
        "pkg:maven/org.example.tools/tool@1.2",
        "pkg:pypi/typing-extensions@4.1",
    ]
    assert document["components"][3]["hashes"] == [{"alg": "SHA-256", "content": "0abc"}]


def test_the_list_has_the_shape_of_cyclonedx(contents):
    document = sbom.document("localhost/tvtantrum/x:abc", contents)

    image = document["metadata"]["component"]
    assert (document["bomFormat"], document["specVersion"], document["version"]) == (
        "CycloneDX",
        "1.6",
        1,
    )
    assert document["serialNumber"].startswith("urn:uuid:")
    assert (image["type"], image["name"], image["version"]) == (
        "container",
        "localhost/tvtantrum/x",
        "abc",
    )
    references = [component["bom-ref"] for component in document["components"]]
    assert len(set(references)) == len(references)
    assert {"type", "bom-ref", "name", "version", "purl"} <= set.intersection(
        *(set(component) for component in document["components"])
    )
    assert document["components"][-1]["licenses"] == [{"expression": "PSF-2.0"}]


def test_the_same_image_has_the_same_list(contents):
    assert sbom.document("x:1", contents) == sbom.document("x:1", contents)
