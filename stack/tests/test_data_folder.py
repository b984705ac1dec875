"""The data folder has one holder, keeps secrets to itself, and says what is wrong with it."""

from __future__ import annotations

import errno

import pytest
from tantrum_stack.data_folder import AlreadyRunningError, DataFolder
from tantrum_stack.errors import error_of


def test_a_second_holder_is_refused(tmp_path):
    with (
        DataFolder(tmp_path).held(),
        pytest.raises(AlreadyRunningError, match="already running"),
        DataFolder(tmp_path).held(),
    ):
        pass


def test_letting_go_leaves_no_lock(tmp_path):
    with DataFolder(tmp_path).held():
        pass

    with DataFolder(tmp_path).held():
        assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "secrets"]


def test_a_secret_is_made_once_and_private(tmp_path):
    folder = DataFolder(tmp_path)
    with folder.held():
        secret = folder.secret("key")

        assert folder.secret("key") == secret
        assert folder.secret("another") != secret
    assert (tmp_path / "secrets" / "key").stat().st_mode & 0o777 == 0o600


def test_the_log_of_the_run_before_is_kept(tmp_path):
    folder = DataFolder(tmp_path)
    with folder.held():
        folder.log("search").write_text("first run")

        assert folder.log("search").read_text() == ""
        assert (folder.logs / "search.log.1").read_text() == "first run"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        pytest.param(errno.ENOSPC, "is full: free some space", id="full"),
        pytest.param(errno.EACCES, "Cannot write /data/x: permission denied", id="not ours"),
        pytest.param(errno.EROFS, "Cannot write /data/x: read-only file system", id="read-only"),
        pytest.param(errno.ENOTDIR, "is no folder", id="a file in its place"),
    ],
)
def test_trouble_with_the_folder_is_one_sentence(tmp_path, number, sentence):
    said = str(error_of(OSError(number, "as the system says", "/data/x"), tmp_path))

    assert sentence in said
    assert "TANTRUM_DATA" in said
    assert "\n" not in said
