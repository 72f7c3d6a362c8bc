"""Config files: found by path, name or run directory, checked as a whole, and written out again."""

import pytest
import yaml

from genlab.config.load import CONFIG_ROOTS, find_config, load_train_config, packaged_configs, to_yaml
from genlab.config.schema import TrainConfig
from genlab.config.schema.data import KNOWN_TRAIN_SIZE
from genlab.errors import ConfigError, UsageError
from tests.config.examples import SMALL, problems_of, read, small_with, write


def test_a_config_is_found_by_path_by_packaged_name_and_in_a_run_directory(tmp_path):
    assert find_config(write(tmp_path), "train") == tmp_path / "small.yaml"
    assert find_config("digits-mlp", "train").name == "digits-mlp.yaml"
    assert find_config("digits-mlp.yaml", "train") == find_config("digits-mlp", "train")
    write(tmp_path, SMALL, "config.yaml")
    assert find_config(str(tmp_path), "train") == tmp_path / "config.yaml"


def test_a_file_here_goes_before_a_packaged_config_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, SMALL, "digits-mlp")
    assert load_train_config("digits-mlp").config.name == "small"


@pytest.mark.parametrize("target", ["digits-mpl", "", "no/such/file.yaml"])
def test_a_config_that_is_not_there_is_told_with_those_that_are(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as error:
        load_train_config(target)
    assert "\n" not in str(error.value)
    assert "digits-mlp" in str(error.value) or "no config.yaml" in str(error.value)


def test_a_directory_without_a_config_is_no_run_directory(tmp_path):
    with pytest.raises(UsageError, match=r"not a run directory \(it has no config.yaml\)"):
        load_train_config(str(tmp_path))


def test_a_file_that_is_no_text_is_a_config_error(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"c.yaml: the file: is not UTF-8 text"):
        load_train_config(str(path))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            ["data.name=mnist", "model.name=vgg"],
            "model.name: vgg takes 32x32 images and these are 28x28; set data.pad: 2 (or data.resize: 32)",
        ),
        (
            ["data.name=digits", "model.name=neyshabur_vgg"],
            "model.name: neyshabur_vgg takes 32x32 images and these are 8x8; set data.pad: 12 (or data.resize: 32)",
        ),
        (
            ["data.name=cifar10", "data.pad=2", "model.name=vgg"],
            "model.name: vgg takes 32x32 images and these are 36x36; set data.crop: 32 (or data.resize: 32)",
        ),
        (
            ["data.name=cifar10", "data.resize=31", "model.name=vgg"],
            "model.name: vgg takes 32x32 images and these are 31x31; set data.resize: 32",
        ),
        (["data.train_size=1348"], "data.train_size: 1348 is above the 1347 training images of digits"),
        (
            ["data.train_size=9", "data.subset=balanced"],
            "data.train_size: a balanced subset of digits needs at least 10 images, one a class",
        ),
        (["data.crop=9"], "data.crop: 9 is above the image size 8; use data.pad or data.resize first"),
        (
            ["data.resize=32", "model.name=neyshabur_vgg", "training.batch_size=1"],
            "training.batch_size: the net's batch norm cannot normalise fewer than 2 images; use more, or "
            "model.batch_norm: false",
        ),
    ],
)
def test_sections_that_do_not_fit_each_other_are_told_with_the_remedy(tmp_path, changes, problem):
    (told,) = problems_of(tmp_path, SMALL, *changes)
    assert told.endswith(problem)
    assert told.startswith(("override ", "small.yaml:")), "where it stands"


def test_sections_that_do_not_fit_are_found_in_the_file(tmp_path):
    text = small_with("name: digits", "name: digits\n  train_size: 2000\n  crop: 10")
    assert problems_of(tmp_path, text) == [
        "small.yaml:4:3: data.train_size: 2000 is above the 1347 training images of digits",
        "small.yaml:5:3: data.crop: 10 is above the image size 8; use data.pad or data.resize first",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        ["data.name=mnist", "data.pad=2", "model.name=vgg"],
        ["data.name=mnist", "data.resize=32", "model.name=vgg"],
        ["data.name=cifar10", "data.pad=2", "data.crop=32", "model.name=vgg"],
        ["data.resize=32", "model.name=neyshabur_vgg", "model.batch_norm=false", "training.batch_size=1"],
        ["data.name=image_folder", "data.path=birds", "model.name=vgg"],
        ["data.train_size=1347"],
        ["data.train_size=10", "data.subset=balanced"],
        ["data.pad=1", "data.crop=10"],
    ],
)
def test_sections_that_fit_are_accepted(tmp_path, changes):
    assert not problems_of(tmp_path, SMALL, *changes)


def test_a_problem_that_only_the_data_shows_is_told_where_its_key_stands(tmp_path):
    text = small_with("name: digits", "name: digits\n  train_size: 200")
    loaded = load_train_config(write(tmp_path, text), ["seed=3"])
    for key, where in {"data.train_size": f"{tmp_path}/small.yaml:4:3", "seed": "override 'seed=3'"}.items():
        assert str(loaded.located(ConfigError.at(key, "wrong"))) == f"{where}: {key}: wrong"
    assert "small.yaml:3:3: data.name" in str(loaded.located(ConfigError.at("data.name", "wrong")))


@pytest.mark.parametrize("name", packaged_configs("train"))
def test_a_config_written_out_is_the_same_config(name, tmp_path):
    config = load_train_config(name).config
    again = read(tmp_path, to_yaml(config))
    assert again == config
    assert to_yaml(again) == to_yaml(config)


def test_a_config_with_every_list_and_branch_written_out_is_the_same_config(tmp_path):
    config = read(
        tmp_path,
        SMALL,
        "model.widths=[]",
        "training.schedule={name: step, epochs: [1, 2], factor: 0.5}",
        "training.optimiser={name: adam, learning_rate: 1e-3}",
        "data={name: image_folder, path: '08', resize: 9, crop: 8, augmentation: {random_crop: true}}",
        "execution={threads: 2, time_budget: 1.5, checkpoint_every: {epochs: 3, seconds: null}}",
    )
    assert read(tmp_path, to_yaml(config)) == config


@pytest.mark.parametrize(
    "override",
    [
        "data.inputs=true",
        "data.inputs=gaussian",
        "data.inputs={name: random_pixels, share: 0.3, channels: apart}",
        "data={name: image_folder, path: a, labels: {map: {1: 2, '007': yes}, probability: 0.5}}",
        "data={name: image_folder, path: a, labels: {transition: [[0.5, 0.5], [0, 1]]}}",
        "data.labels={file: '08.npy', key: '1e5'}",
    ],
)
def test_a_config_of_images_and_labels_of_each_kind_written_out_is_the_same_config(override, tmp_path):
    config = read(tmp_path, SMALL, override)
    assert read(tmp_path, to_yaml(config)) == config


def test_a_config_written_out_has_every_default(tmp_path):
    written = yaml.safe_load(to_yaml(read(tmp_path, SMALL)))
    assert list(written) == list(TrainConfig.model_fields)
    assert written["execution"]["keep"] == "all"
    not_given = dict.fromkeys(["map", "probability", "transition", "file", "key"])
    assert written["data"]["labels"] == {"corruption": 0.0, "confusion": 0} | not_given
    assert written["data"]["inputs"] == {"name": "true"}


@pytest.mark.parametrize("name", ["1e5", "08", "007", "5.", "true", "yes", "null", "2024-01-01", "0x1F", "1_000", "a"])
def test_a_name_that_looks_like_something_else_stays_a_name(name, tmp_path):
    config = read(tmp_path, small_with("name: small", f"name: '{name}'"))
    assert config.name == name
    assert read(tmp_path, to_yaml(config)) == config


@pytest.mark.parametrize("number", [1e-8, 1e22, 0.1, 5e-324, 1.0, 123456789.123456789])
def test_a_number_keeps_its_last_digit(number, tmp_path):
    config = read(tmp_path, small_with("learning_rate: 0.1", f"learning_rate: {number!r}"))
    again = read(tmp_path, to_yaml(config))
    assert again.training.optimiser.learning_rate == number


def test_known_training_sizes_are_those_of_known_data_sets():
    assert KNOWN_TRAIN_SIZE["digits"] == 1347


def test_configs_are_found_in_a_checkout_and_in_an_installed_package():
    beside, inside = CONFIG_ROOTS
    assert beside.name == inside.name == "configs"
    assert inside.parent.name == "genlab"
    assert any(root.is_dir() for root in CONFIG_ROOTS)
