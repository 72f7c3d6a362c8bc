import json

import pytest

from genlab.compression.settings import compress_schema
from genlab.config.json_schema import CONFIGS, json_schema
from genlab.config.load import find_config, packaged_configs
from genlab.config.yaml_source import parse
from tests.config.json_schema_checker import fits

FOLDERS = {"train": "train", "measure": "measure", "compress": "compress", "sweep": "sweeps"}
PACKAGED = [(kind, name) for kind in CONFIGS for name in packaged_configs(FOLDERS[kind])]
TRAIN = """
name: a
data: {name: mnist, labels: {corruption: 0.5}}
model: {name: mlp, widths: [512]}
training: {optimiser: {name: sgd, learning_rate: 0.1}, stop: {epochs: 3}, batch_size: 32}
"""
SWEEP = """
paper: neyshabur2017
source: Figure 1
asks: Do they?
base: mnist-mlp
grid: {data.train_size: [500, 1000]}
seeds: [0, 1, 2]
claims:
- {id: a, says: b, source: c, kind: increasing, column: final.test_error, over: data.train_size}
figures:
- {name: one, kind: curves, x: data.train_size, y: [final.test_error]}
scales: {smoke: {base: {data: {name: digits}, training: {stop: {epochs: 1}}}, grid: {data.train_size: null}}}
"""


def schema_of(kind):
    return json_schema(kind, compress_schema())


def content(text):
    source = parse(text, "a.yaml")
    assert not source.problems
    return source.value


def changed(text, path, value):
    result = content(text)
    node = result
    *above, last = path
    for key in above:
        node = node[key]
    node[last] = value
    return result


@pytest.mark.parametrize(("kind", "name"), PACKAGED)
def test_every_packaged_config_fits_the_schema_that_editors_get(kind, name):
    path = find_config(name, FOLDERS[kind])
    assert fits(content(path.read_text(encoding="utf-8")), schema_of(kind))


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_schema_is_json_and_names_its_dialect(kind):
    schema = schema_of(kind)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_section_is_described_and_every_reference_leads_somewhere(kind):
    schema = schema_of(kind)
    for section in [schema, *schema.get("$defs", {}).values()]:
        assert section["description"]
    for reference in _references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_a_field_carries_its_description():
    sections = json_schema("train")["$defs"]
    assert "random labels" not in sections["Labels"]["description"]
    assert sections["Labels"]["properties"]["corruption"]["description"].startswith("Probability that a training label")


@pytest.mark.parametrize(
    "value", [0, 1, 0.25, "random", "true", True], ids=["0", "1", "0.25", "random", "quoted true", "true"]
)
def test_corruption_may_be_spelled_as_genlab_takes_it(value):
    assert fits(changed(TRAIN, ["data", "labels", "corruption"], value), json_schema("train"))


@pytest.mark.parametrize(
    "inputs",
    ["true", True, "gaussian", {"name": "true"}, {"name": True}, {"name": "random_pixels", "channels": "apart"}],
    ids=str,
)
def test_inputs_may_be_spelled_as_genlab_takes_them(inputs):
    assert fits(changed(TRAIN, ["data", "inputs"], inputs), json_schema("train"))
    assert fits(changed(SWEEP, ["base"], {"data": {"inputs": inputs}}), json_schema("sweep"))


@pytest.mark.parametrize(
    "labels",
    [
        {"map": {"cat": "dog", "3": 5}, "probability": 0.3},
        {"transition": [[0.5, 0.5], [0, 1]]},
        {"file": "a.pt", "key": "worse_label"},
    ],
    ids=["map", "transition", "file"],
)
def test_labels_may_be_of_each_kind(labels):
    assert fits(changed(TRAIN, ["data", "labels"], labels), json_schema("train"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["data", "inputs"], "noise"),
        (["data", "inputs"], False),
        (["data", "inputs"], {"name": "gaussian", "share": 2}),
        (["data", "inputs"], {"name": "gaussian", "channels": "apart"}),
        (["data", "labels", "map"], {}),
        (["data", "labels", "map"], {"cat": 0.5}),
        (["data", "labels", "transition"], [0.5, 0.5]),
        (["data", "labels", "corruption"], 1.5),
        (["data", "labels", "corruption"], "some"),
        (["data", "nmae"], "mnist"),
        (["model", "widths"], [0]),
        (["model", "name"], "vgg"),
        (["training", "optimiser", "learning_rate"], 0),
        (["training", "batch_size"], "32"),
        (["seed"], -1),
        (["execution"], {"keep_weights_at": [1, 1]}),
        (["execution"], {"keep_weights_at": [-1]}),
        (["execution"], {"keep_weights_at": 4}),
    ],
)
def test_a_mistake_in_a_train_config_does_not_fit(path, value):
    assert fits(content(TRAIN), json_schema("train"))
    assert not fits(changed(TRAIN, path, value), json_schema("train"))


def test_epochs_whose_weights_stay_are_a_list():
    assert fits(changed(TRAIN, ["execution"], {"keep_weights_at": [0, 1, 4]}), json_schema("train"))
    assert fits(content("at_epochs: true"), json_schema("measure"))


def test_a_procedure_has_its_own_keys_and_gradient_descent_need_not_be_named():
    schema = json_schema("train")
    assert fits(changed(TRAIN, ["training", "procedure"], "gradient"), schema)
    assert fits(changed(TRAIN, ["training"], {"procedure": "none"}), schema)
    for wrong in ({}, {"procedure": "gradient"}, {"procedure": "none", "batch_size": 3}, {"procedure": "some"}):
        assert not fits(changed(TRAIN, ["training"], wrong), schema)


def test_one_compression_setting_may_stand_without_a_list():
    schema = schema_of("compress")
    for settings in ("energy: 0.9", "energy: [0.5, 0.9]", "rank: 3, layers: all", "rank: 3, layers: [0, fc]"):
        assert fits(content(f"methods: [{{name: svd_truncation, {settings}}}]"), schema)
    assert not fits(content("methods: [{name: svd_truncation, energy: 1.5}]"), schema)
    assert not fits(content("methods: [{name: zip}]"), schema)


def test_a_sweep_completes_its_compression_like_a_compress_config():
    for method, right in [
        ({"name": "svd_truncation", "rank": 3}, True),
        ({"name": "svd_truncation", "renk": 3}, False),
    ]:
        swept = content(SWEEP) | {"compress": {"methods": [method]}}
        assert fits(swept, schema_of("sweep")) is right


def test_without_the_methods_any_mapping_is_one():
    """They are known to those who import torch."""
    for kind, config in (("compress", {}), ("sweep", content(SWEEP))):
        schema = json_schema(kind)
        inner = {"methods": [{"name": "whatever", "part": 0.5}]}
        assert fits(inner if kind == "compress" else config | {"compress": inner}, schema)


@pytest.mark.parametrize(
    "base",
    [
        "mnist-mlp",
        {"name": "a", "data": {"name": "mnist"}, "model": {"widths": [5]}},
        {"training": {"procedure": "none"}},
        {"training": {"batch_size": 3}},
    ],
)
def test_the_base_of_a_sweep_is_a_name_or_like_a_train_config(base):
    assert fits(changed(SWEEP, ["base"], base), json_schema("sweep"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["grid"], {"data.train_sise": [500]}),
        (["grid"], {"data.train_size": 500}),
        (["grid"], {"seed": [1, 2]}),
        (["zip"], [{"data.corruption": [0, 1]}]),
        (["list"], [{"modle.name": "mlp"}]),
        (["base"], {"data": {"nmae": "mnist"}}),
        (["base"], {"training": {"procedure": "some"}}),
        (["paper"], 2018),
        (["claims", 0, "kind"], "grows"),
        (["figures", 0, "kind"], "pie"),
        (["scales"], {"my gpu": {}}),
        (["scales", "smoke", "base"], {"training": {"stop": {"epoch": 1}}}),
        (["scales", "smoke", "grid"], {"data.sise": [1]}),
    ],
)
def test_a_mistake_in_a_sweep_does_not_fit(path, value):
    assert fits(content(SWEEP), json_schema("sweep"))
    assert not fits(changed(SWEEP, path, value), json_schema("sweep"))


def _references(value):
    if isinstance(value, list):
        return [r for item in value for r in _references(item)]
    if not isinstance(value, dict):
        return []
    return [v for k, v in value.items() if k == "$ref"] + [r for item in value.values() for r in _references(item)]
