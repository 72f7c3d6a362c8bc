"""`genlab config`."""

import json

import pytest
import yaml

from genlab.config.kinds import FOLDERS, KINDS
from genlab.config.load import find_config, load_train_config, packaged_configs
from genlab.config.new import template
from tests.cli.command import genlab, refused
from tests.config.examples import write


def test_checking_prints_the_run_id_and_the_whole_config():
    found = genlab("config", "check", "mnist-mlp", "seed=3")
    assert (found.code, found.err) == (0, "")
    first, rest = found.out.split("\n", 1)
    assert first.startswith("# run id: ")
    content = yaml.safe_load(rest)
    assert content["seed"] == 3
    assert content["training"]["schedule"]["name"] == "exponential"


def test_what_is_printed_is_itself_a_config_of_the_same_run(tmp_path):
    printed = genlab("config", "check", "digits-mlp").out
    path = write(tmp_path, printed, "again.yaml")
    assert genlab("config", "check", path).out == printed
    assert load_train_config(path).config == load_train_config("digits-mlp").config


def test_json():
    found = json.loads(genlab("config", "check", "digits-mlp", "--json").out)
    assert found["config"]["name"] == "digits-mlp"
    assert genlab("config", "check", "digits-mlp").out.startswith(f"# run id: {found['id']}\n")


def test_the_id_of_a_folder_of_images_depends_on_the_images():
    arguments = ("config", "check", "digits-mlp", "data.name=image_folder", "data.path=birds")
    assert genlab(*arguments).out.startswith("# run id: depends on the images\n")
    assert json.loads(genlab(*arguments, "--json").out)["id"] is None


def test_a_wrong_config_is_told_by_line_and_key(tmp_path):
    path = write(tmp_path, "name: a\nsed: 3\n", "wrong.yaml")
    found = genlab("config", "check", path)
    assert found.code == 2
    assert f"{path}:2:1: sed: unknown key; did you mean seed?" in found.err


def test_schema_is_json_schema_with_descriptions():
    for kind in ("train", "measure", "compress", "sweep"):
        schema = json.loads(genlab("config", "schema", kind).out)
        assert schema["$schema"].startswith("https://json-schema.org/")
        assert schema["properties"]
    assert genlab("config", "schema", "nonsense").code == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_config_is_printed_or_written_and_never_over_another(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert genlab("config", "new", kind).out == template(kind)
    assert list(tmp_path.iterdir()) == []
    found = genlab("config", "new", kind, "mine.yaml")
    assert found.code == 0
    assert found.out.startswith(f"wrote mine.yaml; next: genlab {kind} ")
    (tmp_path / "mine.yaml").write_text("edited")
    refused(genlab("config", "new", kind, "mine.yaml"), 2, "mine.yaml: is there already; --force replaces it")
    assert (tmp_path / "mine.yaml").read_text() == "edited"
    assert genlab("config", "new", kind, "mine.yaml", "--force").code == 0
    assert (tmp_path / "mine.yaml").read_text() == template(kind, "mine.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_a_packaged_config_is_shown_and_copied_as_it_is(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = packaged_configs(FOLDERS[kind])[0]
    text = find_config(name, FOLDERS[kind]).read_text()
    assert genlab("config", "show", name).out == text
    assert json.loads(genlab("config", "show", name, "--kind", kind, "--json").out)["text"] == text
    for arguments, file in (((), f"{name}.yaml"), (("own.yaml",), "own.yaml")):
        assert genlab("config", "copy", name, *arguments).out.startswith(f"wrote {file}; next: genlab {kind} ")
        assert (tmp_path / file).read_text() == text
        refused(genlab("config", "copy", name, *arguments), 2, f"{file}: is there already")
    (tmp_path / "folder").mkdir()
    assert genlab("config", "copy", name, "folder").code == 0
    assert (tmp_path / "folder" / f"{name}.yaml").read_text() == text


def test_who_copies_a_sweep_of_a_paper_is_told_that_it_names_one(tmp_path):
    assert "leave `paper`" in genlab("config", "copy", "neyshabur2017-figure4", tmp_path).err
    assert genlab("config", "copy", "digits-mlp", tmp_path).err == ""


@pytest.mark.parametrize("verb", ["show", "copy"])
def test_a_name_that_is_no_config_is_told_with_the_nearest(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(genlab("config", verb, "digits-mpl"), 2, "no packaged config of that name; did you mean digits-mlp?")
    refused(genlab("config", verb, "norms", "--kind", "sweep"), 2, "norms: no packaged sweep config of that name")
    assert list(tmp_path.iterdir()) == []
