"""What is true of every compression method."""

import ast
import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from genlab.compression import methods
from genlab.compression.compress import compress_by, compress_model, subject_of
from genlab.compression.compress_net import compress_subject
from genlab.compression.inputs import INPUTS
from genlab.compression.methods import COMPRESSORS
from genlab.compression.settings import Retraining, Setting, compress_schema, compress_settings
from genlab.compression.storage import load_compressed, save_compressed
from genlab.config.json_schema import json_schema
from genlab.config.load import packaged_configs
from genlab.config.signature import descriptions
from genlab.config.vocabulary import Inputs
from genlab.errors import ConfigError, UsageError
from genlab.rundir.tables import read_table
from tests.cli.command import genlab
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset, small
from tests.config.json_schema_checker import fits
from tests.sweeps.examples import runs_in, sweep_file

TESTS = Path(__file__).parents[1]
NETS = [perceptron, convolutional, small]
SEED = 5


def content_of(name):
    """A compress config of the method's own example."""
    return {"methods": [{"name": name} | COMPRESSORS[name].example]}


def settings_of(name):
    """Settings of the example; the first of them with another method after it and trained again; and for one layer."""
    settings, entry = compress_settings(content_of(name)), COMPRESSORS[name]
    first = settings[0]
    codebook = Setting("codebook_quantisation", (("levels", 4),))
    if not entry.ends:
        settings.append(replace(first, then=(codebook,)))
    if entry.trainable:
        settings.append(replace(settings[-1], retrain=Retraining(2, learning_rate=0.001, batch_size=16)))
    return [*settings, replace(first, layers=("3",))]


def compressed(build, setting, seed=SEED, **options):
    return compress_model(build(**options), IMAGE, setting, dataset=random_dataset(), seed=seed)


def same_numbers(one, other):
    expected, found = one.state_dict(), other.state_dict()
    return list(expected) == list(found) and all(torch.equal(expected[name], found[name]) for name in expected)


def test_every_file_of_the_folder_is_a_method_of_its_name():
    files = {path.stem for path in Path(methods.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == set(COMPRESSORS)
    assert all(inspect.getmodule(entry.function).__name__.endswith(f".{name}") for name, entry in COMPRESSORS.items())


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_method_is_documented_and_has_a_source(name):
    entry = COMPRESSORS[name]
    assert any(character.isdigit() for character in entry.paper), "the year of the paper"
    assert len(entry.about) > 20, "the first line of the docstring says what it is"
    described = descriptions(entry.function)
    assert all(len(described[option]) > 20 for option in entry.options), "an option without a word on it"
    text = inspect.getdoc(entry.function)
    assert "bits" in text, "how it counts what it stores"
    assert "Args:" not in text or "Raises:" in text
    assert entry.form.__doc__
    assert entry.form.build.__doc__


def without_oracle(names):
    """Methods whose own test does not call a slow twin of their name in a test that asserts something."""
    return [name for name in names if not any(_calls_twin(test) for test in _tests_of(name))]


def _tests_of(name):
    """The tests of a method's own file where it has a twin that it knows as `reference`."""
    own, twin = TESTS / "compression" / "methods" / f"test_{name}.py", TESTS / "references" / f"{name}.py"
    if not own.is_file() or not twin.is_file():
        return []
    module = ast.parse(own.read_text())
    imported = f"from tests.references import {name} as reference"
    found = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return found if imported in ast.unparse(module) else []


def _calls_twin(test):
    calls = [node.func for node in ast.walk(test) if isinstance(node, ast.Call)]
    return any(isinstance(node, ast.Assert) for node in ast.walk(test)) and any(
        isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "reference"
        for call in calls
    )


def test_every_method_has_an_oracle():
    missing = "write a twin tests/references/NAME.py, and compare with it in tests/compression/methods/test_NAME.py"
    assert without_oracle(COMPRESSORS) == [], missing


def test_a_method_that_no_twin_is_compared_with_is_told():
    assert without_oracle(["norms"]) == ["norms"], "it has a twin, and no test of a method"
    assert without_oracle(["no_such_method"]) == ["no_such_method"]


@pytest.mark.parametrize("name", COMPRESSORS)
def test_its_example_is_a_config_that_editors_and_genlab_accept_and_a_wrong_one_is_not(name):
    content = content_of(name)
    schema = json_schema("compress", compress_schema())
    assert fits(content, schema)
    settings = compress_settings(content)
    assert settings
    assert len({setting.label for setting in settings}) == len(settings)
    (method,) = content["methods"]
    assert not fits({"methods": [method | {"no_such_option": 1}]}, schema)
    for option in COMPRESSORS[name].one_of:
        assert not fits({"methods": [method | {option: "words"}]}, schema)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_packaged_config_uses_it(name):
    used = [
        method["name"]
        for config in packaged_configs("compress")
        for method in yaml.safe_load((TESTS.parent / "configs" / "compress" / f"{config}.yaml").read_text())["methods"]
    ]
    assert name in used, f"no file of configs/compress uses {name}"


@pytest.mark.parametrize("name", COMPRESSORS)
def test_what_follows_it_and_whether_it_is_trained_again_is_said_in_its_section(name):
    (method,), entry = content_of(name)["methods"], COMPRESSORS[name]
    schema = json_schema("compress", compress_schema())
    then, retrain = [{"name": "uniform_quantisation", "bits": 4}], {"epochs": [0, 1]}
    count = len(compress_settings(content_of(name)))
    for more, allowed, times in (({"then": then}, not entry.ends, 1), ({"retrain": retrain}, entry.trainable, 2)):
        assert fits({"methods": [method | more]}, schema)
        if allowed:
            assert len(compress_settings({"methods": [method | more]})) == times * count
        else:
            with pytest.raises(ConfigError, match=f"methods.0.{next(iter(more))}.*{name}"):
                compress_settings({"methods": [method | more]})
    assert (entry.coder is not None) == (entry.step is not None)


@pytest.mark.parametrize("name", [name for name, entry in COMPRESSORS.items() if entry.one_of])
def test_a_setting_without_what_it_needs_is_refused(name):
    with pytest.raises(UsageError, match=COMPRESSORS[name].one_of[0]):
        compressed(perceptron, Setting(name, ()))


@pytest.mark.parametrize("build", NETS)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_saved_net_comes_back_bit_for_bit_with_nothing_of_the_old_weights(name, build, tmp_path):
    for setting in settings_of(name):
        result = compressed(build, setting)
        path = tmp_path / "net.safetensors"
        save_compressed(path, result)
        loaded = load_compressed(path, build(seed=8), IMAGE)
        assert same_numbers(result.model, loaded)
        images = torch.rand(4, *IMAGE, generator=torch.Generator().manual_seed(1))
        assert torch.equal(loaded(images), result.model(images))
        assert all(tensor.dtype == torch.float32 and tensor.is_contiguous() for tensor in loaded.parameters())
        assert not any(module.training for module in loaded.modules())


@pytest.mark.parametrize("build", NETS)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_parameters_and_bits_are_those_of_the_file(name, build, tmp_path):
    for setting in settings_of(name):
        result = compressed(build, setting)
        path = tmp_path / "net.safetensors"
        save_compressed(path, result)
        _parameters_are_those_of(result, load_file(path))
        tensors = load_file(path).values()
        stored = sum(8 * tensor.numel() * tensor.element_size() for tensor in tensors)
        filled_up = sum(not tensor.is_floating_point() for tensor in tensors) * 7
        assert stored - filled_up <= result.bits <= stored, "as counted, but for the last byte of a code"
        assert result.original_parameters == sum(p.numel() for p in subject_of(build(), IMAGE).dense.parameters())


def _parameters_are_those_of(result, tensors):
    """The numbers stored are floats, and codes of weights, as many as a form says that it has packed into bytes."""
    floats = sum(tensor.numel() for tensor in tensors.values() if tensor.is_floating_point())
    packed = {f"{name}.{own}": n for name, layer in result.layers.items() for own, n in layer.form.packed.items()}
    assert result.parameters == floats + sum(packed.values())
    for name, count in packed.items():
        assert tensors[name].dtype == torch.uint8
        assert 8 * tensors[name].numel() <= 16 * count + 7, "codes of 16 bits at most"
    assert sum(parameters for parameters, _ in result.sizes.values()) <= result.parameters


@pytest.mark.parametrize("name", COMPRESSORS)
def test_errors_are_those_of_the_net_that_the_file_gives_back(name, tmp_path):
    model, dataset = convolutional(), random_dataset()
    (reference, _), *results = compress_subject(model, dataset, settings_of(name), seed=SEED)
    assert reference["method"] == "none"
    for row, result in results:
        path = tmp_path / "net.safetensors"
        save_compressed(path, result)
        net = load_compressed(path, convolutional(seed=8), IMAGE)
        for part in ("train", "test"):
            images, labels = getattr(dataset, f"{part}_images"), getattr(dataset, f"{part}_labels")
            with torch.no_grad():
                outputs = net(images.permute(0, 3, 1, 2).float() / 255)
            wrong = [row.index(max(row)) != y for row, y in zip(outputs.tolist(), labels.tolist(), strict=True)]
            assert row[f"{part}_error"] == sum(wrong) / len(wrong)
        assert row["train_error"] <= row["margin_loss"]
        assert (row["parameters"], row["bits"], row["reason"]) == (result.parameters, result.bits, "")


@pytest.mark.parametrize("build", NETS)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_only_the_named_layers_change(name, build):
    *_, setting = settings_of(name)
    result, dense = compressed(build, setting), subject_of(build(), IMAGE).dense.float()
    assert list(result.layers) == ["3"]
    for key, tensor in dense.state_dict().items():
        assert key.startswith("3.") or torch.equal(result.model.state_dict()[key], tensor)


@pytest.mark.parametrize("build", NETS)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_the_net_and_the_global_random_numbers_are_left_as_they_were(name, build):
    model, dataset = build().train(), random_dataset()
    weights = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    images, state = dataset.train_images.clone(), torch.get_rng_state()
    list(compress_subject(model, dataset, settings_of(name), seed=SEED))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, weights[key]) for key, tensor in model.state_dict().items())
    assert model.training
    assert torch.equal(dataset.train_images, images)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_what_is_done_to_one_compressed_net_is_done_to_no_other_and_not_to_the_original(name):
    subject = subject_of(convolutional(), IMAGE, random_dataset(), SEED)
    before = {key: tensor.clone() for key, tensor in subject.dense.state_dict().items()}
    inputs = Inputs(subject, INPUTS)
    for setting in settings_of(name):
        result = compress_by(setting, subject, inputs)
        assert same_numbers(result.model, compressed(convolutional, setting).model)
        stored = [tensor for layer in result.layers.values() for tensor in layer.tensors.values()]
        for tensor in [*stored, *result.model.state_dict().values()]:
            tensor.zero_()
    assert all(torch.equal(tensor, before[key]) for key, tensor in subject.dense.state_dict().items())


@pytest.mark.parametrize("name", COMPRESSORS)
def test_one_seed_gives_one_result_whatever_the_order_of_settings(name):
    settings = settings_of(name)

    def results(order):
        found = compress_subject(convolutional(), random_dataset(), order, seed=SEED)
        return {row["setting"]: (row | {"seconds": 0}, net) for row, net in found}

    forwards, backwards = results(settings), results(settings[::-1])
    assert forwards.keys() == backwards.keys()
    for label, (row, net) in forwards.items():
        assert backwards[label][0] == row
        assert net is None or same_numbers(net.model, backwards[label][1].model)
    for setting in settings:
        alone = compressed(convolutional, setting)
        assert same_numbers(alone.model, forwards[setting.label][1].model)


def test_every_method_works_from_a_config_to_a_table_to_a_file_and_back(runs, tiny, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text(yaml.safe_dump({"methods": [content_of(name)["methods"][0] for name in COMPRESSORS]}))
    assert genlab("compress", "tiny", "--runs", runs, "--config", config, "-q").code == 0
    rows = read_table(tiny / "compression.csv")
    expected = [(s.method, s.label) for name in COMPRESSORS for s in compress_settings(content_of(name))]
    assert [(row["method"], row["setting"]) for row in rows] == [("none", ""), *expected]
    assert {row["reason"] for row in rows} == {""}
    for row in rows[1:]:
        with (tiny / row["file"]).open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        state = json.loads(header["__metadata__"]["state"])
        assert (state["method"], state["setting"]) == (row["method"], row["setting"])
        assert int(row["bits"]) <= int(rows[0]["bits"])


def test_every_method_works_in_a_sweep_and_its_report(tmp_path):
    """One claim for each, of its smallest net, and a figure over all."""
    claims = []
    for name in COMPRESSORS:
        smallest = min(compress_settings(content_of(name)), key=lambda s: compressed(perceptron, s).bits)
        a, b = {"method": name, "setting": smallest.label}, {"method": "none"}
        claim = {"id": name.replace("_", "-"), "says": "It is smaller.", "source": "Figure 4", "kind": "lower"}
        claims.append(claim | {"table": "compression", "column": "bits", "a": a, "b": b})
    figure = {"name": "sizes", "kind": "scatter", "table": "compression", "x": "bits", "y": ["test_error"]}
    parts = {
        "compress": {"methods": [content_of(name)["methods"][0] for name in COMPRESSORS]},
        "claims": claims,
        "figures": [figure | {"series": "method"}],
    }
    changes = {"seeds: [0, 1]": "seeds: [0, 1, 2]", "[[4], [8]]": "[[8]]", "epochs: 3": "epochs: 1"}
    changes["scales:"] = f"{yaml.safe_dump(parts)}scales:"
    path, runs = sweep_file(tmp_path, changes), tmp_path / "runs"
    assert genlab("sweep", path, "--scale", "smoke", "--runs", runs, "-q").code == 0
    assert all(
        {row["method"] for row in read_table(run.compression)} == {"none", *COMPRESSORS} for run in runs_in(runs)
    )
    found = genlab("report", path, "--scale", "smoke", "--runs", runs, "--json")
    assert found.code == 0, found.err
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(found.out)[0]["claims"]}
    assert verdicts == {claim["id"]: "holds" for claim in claims}
    assert list(runs.glob("sweeps/*/figures/sizes.png"))
    plan = genlab("sweep", path, "--scale", "smoke", "--runs", runs, "--dry-run").out
    assert "3 cells, 0 not done" in plan, "the rows are those that the plan expects"
