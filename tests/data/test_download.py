import socket

import pytest

from genlab.data.download import ensure_files
from genlab.errors import DataMissingError


def test_nothing_is_downloaded_where_all_files_are_there(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").touch()
    ensure_files(tmp_path / "set", ["a"], lambda: pytest.fail("downloaded"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_download_that_brings_too_little_names_what_is_still_missing(tmp_path):
    def download() -> None:
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "a").touch()

    with pytest.raises(DataMissingError) as caught:
        ensure_files(tmp_path / "set", ["a", "b", "c"], download, tmp_path)
    assert f"put b, c into {tmp_path / 'set'}" in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_silent_server_is_given_up_and_the_time_limit_put_back(tmp_path):
    limits = []
    before = socket.getdefaulttimeout()
    with pytest.raises(DataMissingError):
        ensure_files(tmp_path / "set", ["a"], lambda: limits.append(socket.getdefaulttimeout()), tmp_path)
    assert limits[0] is not None
    assert socket.getdefaulttimeout() == before
