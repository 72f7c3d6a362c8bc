"""`key.path=value` on the command line."""

import pytest

from genlab.config.load import load_train_config
from genlab.config.overrides import apply_overrides
from genlab.config.yaml_source import parse
from tests.config.examples import SMALL, problems_of, read, small_with, write


def overridden(text, *overrides):
    source = parse(text, "f.yaml")
    apply_overrides(source, overrides)
    assert not source.problems
    return source.value


def test_an_override_splits_at_its_first_equals_sign():
    assert overridden("a: 1", "a=b=c") == {"a": "b=c"}


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("a=1e-3", 0.001),
        ("a=true", True),
        ("a=yes", "yes"),
        ("a='1'", "1"),
        ("a=[1, 2]", [1, 2]),
        ("a={b: 3}", {"b": 3}),
        ("a=", None),
        ("a = 3", 3),
    ],
)
def test_the_value_is_read_as_yaml(override, value):
    assert overridden("a: 0", override) == {"a": value}


def test_missing_sections_are_made():
    assert overridden("{}", "a.b.c=1", "a.d=2") == {"a": {"b": {"c": 1}, "d": 2}}
    assert overridden("a:\n", "a.b=1") == {"a": {"b": 1}}


def test_the_last_of_two_overrides_of_one_key_holds():
    assert overridden("a: 0", "a=1", "a=2") == {"a": 2}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_new_name_drops_the_keys_of_the_old_branch_in_any_order(order):
    overrides = ("model.name=vgg", "model.depth=13")
    text = "model: {name: mlp, widths: [3], dropout: 0.5}"
    assert overridden(text, *(overrides[i] for i in order)) == {"model": {"name": "vgg", "depth": 13}}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_name_that_stands_for_its_section_takes_keys_below_it(order):
    words = ["data.inputs=gaussian", "data.inputs.share=0.5"]
    found = overridden("data: {inputs: random_pixels}", *(words[i] for i in order))
    assert found == {"data": {"inputs": {"name": "gaussian", "share": 0.5}}}
    assert overridden("data: {inputs: gaussian}", "data.inputs.share=0.5") == found
    assert overridden("data: {inputs: true}", "data.inputs.name=gaussian", "data.inputs.share=0.5") == found


def test_the_same_name_again_drops_nothing():
    text = "model: {name: mlp, widths: [3]}"
    assert overridden(text, "model.name=mlp") == {"model": {"name": "mlp", "widths": [3]}}


def test_the_name_of_the_whole_config_drops_nothing():
    assert overridden("{name: a, seed: 1}", "name=b") == {"name": "b", "seed": 1}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_new_procedure_drops_the_keys_of_the_old_one_and_is_set_before_the_names_in_it(order):
    overrides = ("training.procedure=other", "training.optimiser.name=adam")
    expected = {"training": {"procedure": "other", "optimiser": {"name": "adam"}}}
    for text in ("training: {batch_size: 3}", "training: {procedure: none}"):
        assert overridden(text, *(overrides[i] for i in order)) == expected


def test_the_procedure_that_is_meant_where_none_is_named_drops_nothing():
    text = "training: {batch_size: 3}"
    assert overridden(text, "training.procedure=gradient") == {"training": {"batch_size": 3, "procedure": "gradient"}}


def test_another_data_set_keeps_what_every_data_set_has_and_drops_the_folder():
    text = "data: {name: image_folder, path: birds, test_fraction: 0.1, train_size: 100, labels: {corruption: 0.5}}"
    expected = {"data": {"name": "digits", "train_size": 100, "labels": {"corruption": 0.5}}}
    assert overridden(text, "data.name=digits") == expected


def test_a_new_optimiser_is_a_whole_config_with_its_defaults(tmp_path):
    config = read(tmp_path, SMALL, "training.optimiser.name=adam", "training.optimiser.learning_rate=1e-3")
    assert config.training.optimiser.model_dump()["beta2"] == 0.999


def test_a_problem_of_an_override_names_the_override(tmp_path):
    assert problems_of(tmp_path, SMALL, "training.stop.epochs=many", "training.batch_sise=3") == [
        "override 'training.batch_sise=3': training.batch_sise: unknown key; did you mean batch_size?",
        "override 'training.stop.epochs=many': training.stop.epochs: must be a valid integer, not 'many'",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed", "override 'seed': seed: an override is written key.path=value"),
        ("=3", "override '=3': =3: an override is written key.path=value"),
        ("a..b=3", "override 'a..b=3': a..b: an override is written key.path=value"),
        ("seed=[1", "override 'seed=[1':1:3: YAML: expected ',' or ']', but got '<stream end>'"),
        ("name.x=1", "override 'name.x=1': name: has no keys below it (it is 'small')"),
    ],
)
def test_an_override_that_cannot_be_is_one_problem(tmp_path, override, problem):
    assert problems_of(tmp_path, SMALL, override) == [problem]


def test_what_is_overridden_no_longer_counts_as_wrong_in_the_file(tmp_path):
    text = small_with("epochs: 3", "epochs: many")
    assert problems_of(tmp_path, text)
    assert not problems_of(tmp_path, text, "training.stop.epochs=3")


def test_overriding_a_whole_section_names_the_override_for_the_keys_in_it(tmp_path):
    override = "model={name: mlp, widhts: [3]}"
    assert problems_of(tmp_path, SMALL, override) == [
        f"override {override!r}: model.widhts: unknown key; did you mean widths?"
    ]


def test_the_file_itself_is_not_changed(tmp_path):
    path = write(tmp_path)
    load_train_config(path, ["seed=3"])
    assert (tmp_path / "small.yaml").read_text() == SMALL
