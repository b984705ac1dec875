"""A machine without Redis runs the product all the same."""

from __future__ import annotations

import platform

from tantrum_stack.console import Console
from tantrum_stack.data_folder import DataFolder
from tantrum_stack.identity import Place
from tantrum_stack.settings import Settings
from tantrum_stack.stack import Stack


async def test_a_machine_that_no_redis_fits_is_told_once_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    # No wheel holds a server for it; there is no other way to be on such a machine.
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    stack = Stack(Settings(), DataFolder(tmp_path), Console())

    redis_url = await stack._own_redis(Place(tmp_path, None))

    assert redis_url is None
    [line] = capsys.readouterr().out.splitlines()
    assert "no redis-server" in line
    assert "the product runs without Redis" in line
