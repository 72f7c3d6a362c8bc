"""`genlab config`."""

import json

import yaml

from genlab.config.load import load_train_config
from tests.cli.command import genlab
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
