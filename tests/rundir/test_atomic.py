"""A file is the old one or the new one, whatever happens while it is written."""

import errno
import json
import os
import time

import pytest

from genlab.errors import GenlabError
from genlab.rundir.atomic import LEFT_OVER_SECONDS, cannot_write, remove_leftovers, replacing, write_json, write_text
from tests.rundir.examples import full_disk, read_only


def test_a_file_is_made_with_the_folders_it_needs(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    write_text(path, "zwölf\n")
    assert path.read_bytes() == "zwölf\n".encode()
    assert os.listdir(path.parent) == ["c.txt"]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": [1.5, None]})
    assert json.loads(path.read_text()) == {"a": [1.5, None]}
    assert os.listdir(tmp_path) == ["a.json"]


def test_others_may_read_it_as_any_other_file(tmp_path):
    (tmp_path / "usual").touch()
    write_text(tmp_path / "a", "x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), RuntimeError("a bug"), KeyboardInterrupt()]
)
def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, error):
    path = tmp_path / "a"
    path.write_text("old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises((GenlabError, RuntimeError, KeyboardInterrupt)):
        write_half()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_value_that_json_cannot_hold_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a", {"x": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a", {"x": float("nan")})
    assert json.loads((tmp_path / "a").read_text()) == {"x": 1}


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with full_disk(), pytest.raises(GenlabError) as error:
        write_text(path, "new" * 10000)
    assert str(error.value).startswith(f"{path}: cannot be written: File too large; make room")
    assert error.value.exit_code == 1
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_read_only_folder_leaves_the_old_file_and_says_so(open_path):
    path = open_path / "a"
    path.write_text("old")
    with read_only(open_path), pytest.raises(GenlabError, match="a: cannot be written: Permission denied"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(open_path) == ["a"]


def test_a_file_in_place_of_a_folder_says_so(tmp_path):
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(GenlabError, match="cannot be written: "):
        write_text(tmp_path / "runs" / "a" / "b", "new")
    assert (tmp_path / "runs").read_text() == "mine"


def test_the_message_has_a_remedy_even_without_a_reason(tmp_path):
    assert "--runs" in str(cannot_write(tmp_path, OSError("odd")))
    assert "odd" in str(cannot_write(tmp_path, OSError("odd")))


def test_what_a_killed_writer_left_can_be_cleared_away(tmp_path):
    for name in (".a.json.x1y2.tmp", "a.json", ".hidden", "b.tmp"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".hidden", "a.json", "b.tmp"]


def test_what_a_killed_writer_left_long_ago_is_gone_when_the_same_file_is_written_again(tmp_path):
    path = tmp_path / "results.csv"
    names = (".results.csv.old.tmp", ".results.csv.new.tmp", ".other.csv.old.tmp")
    for name in names:
        (tmp_path / name).touch()
    long_ago = time.time() - 2 * LEFT_OVER_SECONDS
    for name in names[::2]:
        os.utime(tmp_path / name, (long_ago, long_ago))
    write_text(path, "a\n")
    assert sorted(os.listdir(tmp_path)) == [".other.csv.old.tmp", ".results.csv.new.tmp", "results.csv"]
