"""Which kind of config a file is."""

import pytest

from genlab.config.json_schema import CONFIGS
from genlab.config.kinds import FOLDERS, KEYS, KINDS, command, kind_of
from genlab.config.load import find_config, load_train_config, packaged_configs
from genlab.config.yaml_source import parse
from genlab.errors import UsageError
from tests.config.examples import write


@pytest.mark.parametrize("kind", KINDS)
def test_the_keys_of_a_kind_are_those_of_its_schema(kind):
    assert KEYS[kind] == tuple(CONFIGS[kind].model_fields)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in packaged_configs(FOLDERS[kind])])
def test_a_packaged_config_is_told_by_its_content(kind, name):
    assert kind_of(parse(find_config(name, FOLDERS[kind]).read_text(), name).value) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"base": {}, "measure": {}, "name": "mine"}, "sweep"),
        ({"data": {}, "model": {}, "grid": {}}, "train"),
        ({"only": "all"}, "measure"),
        ({"methods": [], "at_epochs": True}, "compress"),
        ({"nothing": 1}, None),
        ({}, None),
        ([1], None),
        (None, None),
    ],
)
def test_a_file_is_of_the_kind_that_knows_most_of_its_keys(content, kind):
    assert kind_of(content) == kind


def test_a_packaged_name_of_another_kind_is_told_with_its_command():
    with pytest.raises(
        UsageError, match=r"norms: no such file, .* is a measure config, as in `genlab measure RUN --co"
    ):
        load_train_config("norms")


def test_a_file_of_another_kind_is_told_to_be_one_with_the_command_that_takes_it(tmp_path):
    path = write(tmp_path, "base: digits-mlp\ngrid: {model.widths: [[4]]}\n", "wider.yaml")
    with pytest.raises(UsageError, match=r"yaml: is a sweep config, not a train config; `genlab sweep .*` takes it"):
        load_train_config(str(path))
    assert command("measure", "m.yaml") == "genlab measure RUN --config m.yaml"
