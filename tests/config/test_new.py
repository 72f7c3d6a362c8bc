"""New config files."""

import os

import pytest
import yaml

from genlab.config.kinds import KINDS, kind_of
from genlab.config.new import TEMPLATES, USUAL_NAMES, template, write_new
from genlab.errors import UsageError


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_template_of_each_kind_that_fits_a_screen(kind):
    lines = template(kind).splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) <= 120
    assert kind_of(yaml.safe_load(template(kind))) == kind
    assert lines[0].startswith(f"# genlab {kind} ")
    assert USUAL_NAMES[kind] in lines[0]
    assert {path.stem for path in TEMPLATES.iterdir()} == set(KINDS)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("wide.yaml", "wide"),
        ("my net.yaml", "my-net"),
        ("dir/größe.yaml", "gr--e"),
        ("1e5.yaml", "net-1e5"),
        ("true.yaml", "net-true"),
        ("大.yaml", "net"),
    ],
)
def test_a_train_config_is_named_after_its_file_and_its_comments_name_the_file(file, name):
    text = template("train", file)
    assert yaml.safe_load(text)["name"].rstrip("-") == name
    assert f"# genlab train {file}" in text or f"# genlab train '{file}'" in text


def test_a_file_that_is_there_is_left_alone_unless_forced(tmp_path):
    path = tmp_path / "a.yaml"
    write_new(path, "one", force=False)
    with pytest.raises(UsageError, match=r"a\.yaml: is there already; --force replaces it"):
        write_new(path, "two", force=False)
    assert path.read_text() == "one"
    write_new(path, "two", force=True)
    assert path.read_text() == "two"


def test_what_cannot_be_written_is_told(tmp_path):
    for path, words in (
        (tmp_path, "is a directory; name a file in it"),
        (tmp_path / "no" / "a.yaml", "cannot be written: No such file or directory"),
        (tmp_path / ("x" * 300), "cannot be written: File name too long"),
        (tmp_path / "a\0b", "cannot be written: "),
    ):
        with pytest.raises(UsageError, match=words):
            write_new(path, "text", force=True)


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path):
    os.symlink(tmp_path / "elsewhere", tmp_path / "link")
    with pytest.raises(UsageError, match="is there already"):
        write_new(tmp_path / "link", "text", force=False)
    assert not (tmp_path / "elsewhere").exists()
