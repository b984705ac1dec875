"""What a build is told of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from images import machine


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A home without settings, and no variables that pip or TLS read."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)


def test_pips_settings_come_from_files_and_the_environment_wins(tmp_path, monkeypatch):
    settings = tmp_path / "config/pip/pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        "[global]\nindex-url = https://one.example/simple\ntimeout = 9\n"
        "extra-index-url =\n    https://two.example/simple\n    https://three.example/simple\n"
    )
    monkeypatch.setenv("PIP_TIMEOUT", "20")

    assert machine.pip_settings() == {
        "index-url": "https://one.example/simple",
        "timeout": "20",
        "extra-index-url": "https://two.example/simple\n  https://three.example/simple",
    }


def test_certificates_are_named_as_the_build_sees_them(tmp_path, monkeypatch):
    certificates = tmp_path / "ca.pem"
    certificates.write_text("PEM")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))

    found = machine.secrets(tmp_path)

    assert found["ca"] == certificates
    assert "cert = /run/secrets/ca\n" in found["pip"].read_text()


def test_mavens_settings_are_this_persons_or_else_the_machines(tmp_path, monkeypatch):
    of_machine, own = tmp_path / "maven.xml", tmp_path / ".m2/settings.xml"
    monkeypatch.setattr(machine, "_MAVEN_SETTINGS", of_machine)
    assert "maven" not in machine.secrets(tmp_path)

    of_machine.write_text("<settings/>")
    assert machine.secrets(tmp_path)["maven"] == of_machine

    own.parent.mkdir()
    own.write_text("<settings/>")
    assert machine.secrets(tmp_path)["maven"] == own


def test_debian_comes_from_where_this_machine_takes_it(monkeypatch):
    monkeypatch.setattr(
        "platform.freedesktop_os_release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"}
    )
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(
        machine,
        "_said",
        lambda *_: (
            "http://mirror.example/debian/ bookworm main\n"
            "http://mirror.example/debian/ bookworm contrib\n"
            "http://mirror.example/security/ bookworm-security main\n"
            "http://other.example/ bookworm-pgdg main\n"
            "http://other.example/ stable main\n"
        ),
    )

    assert machine.debian_sources() == (
        "deb http://mirror.example/debian/ trixie main\n"
        "deb http://mirror.example/security/ trixie-security main\n"
    )


def test_other_systems_have_no_debian_to_offer(monkeypatch):
    monkeypatch.setattr(
        "platform.freedesktop_os_release", lambda: {"ID": "fedora", "VERSION_ID": "43"}
    )

    assert machine.debian_sources() == ""
