"""The schema's own promises: strict types, limits, and prose for every key."""

import typing

import pytest
from pydantic import BaseModel, ValidationError

from genlab.compression.settings import compress_schema
from genlab.config.schema import TrainConfig
from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_IMAGE_SIZE, KNOWN_TRAIN_SIZE, DataConfig, DatasetName
from genlab.config.schema.execution import ExecutionConfig
from genlab.config.schema.measure import MeasureConfig
from genlab.config.schema.model import MLPConfig, image_size_problem
from genlab.config.schema.section import WORDS, Section
from genlab.config.schema.training.gradient import AdamConfig, SGDConfig, StepSchedule, Stop


def sections_of(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from sections_of(field.annotation)
    for part in typing.get_args(annotation):
        yield from sections_of(part)


SECTIONS = sorted(
    {s for c in (TrainConfig, MeasureConfig, compress_schema()) for s in sections_of(c)}, key=lambda s: s.__name__
)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_section_is_strict_frozen_and_documented(section):
    assert issubclass(section, Section)
    assert section.__doc__
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["frozen"]
    assert section.model_config["strict"]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_fields_say_nothing_that_nobody_reads(section):
    """A misspelt word would be no word; and of the seed only the data section is asked."""
    for name, field in section.model_fields.items():
        said = field.json_schema_extra or {}
        assert set(said) <= {*WORDS, "uniqueItems"}, name  # the last is one of JSON Schema's own
        assert said.get("in_group", "free") == "free", name
        assert said.get("seeded", "images") == "images", name
        assert "seeded" not in said or section in set(sections_of(DataConfig)), name


def test_unions_are_told_apart_by_name():
    assert {s.__name__ for s in SECTIONS} >= {"MLPConfig", "VGGConfig", "SGDConfig", "AdamConfig", "CosineSchedule"}
    for section in SECTIONS:
        name = section.model_fields.get("name")
        if name is not None and section is not TrainConfig:
            assert typing.get_origin(name.annotation) is typing.Literal


@pytest.mark.parametrize(
    ("spelling", "value"), [(0, 0.0), ("true", 0.0), (True, 0.0), ("random", 1.0), (1, 1.0), (0.5, 0.5)]
)
def test_corruption_has_two_words(spelling, value):
    corruption = DataConfig.model_validate({"name": "digits", "labels": {"corruption": spelling}}).labels.corruption
    assert corruption == value
    assert type(corruption) is float


@pytest.mark.parametrize("spelling", ["true", True, {"name": "true"}, {"name": True}])
def test_true_inputs_are_no_boolean(spelling):
    assert DataConfig.model_validate({"name": "digits", "inputs": spelling}).inputs.name == "true"


def test_a_row_of_a_transition_matrix_may_lack_what_rounding_takes():
    row = [1 / 3, 1 / 3, 0.3333333]
    labels = DataConfig.model_validate({"name": "digits", "labels": {"transition": [row] * 3}}).labels
    assert labels.transition == (tuple(row),) * 3


@pytest.mark.parametrize(
    ("settings", "files"),
    [
        ({"name": "digits"}, None),
        ({"name": "digits", "labels": {"file": "a.pt", "key": "b"}}, "a.pt b"),
        ({"name": "image_folder", "path": "c"}, "c"),
        ({"name": "image_folder", "path": "c", "labels": {"file": "a.npy"}}, "c and a.npy"),
    ],
)
def test_files_of_ones_own_are_named(settings, files):
    assert DataConfig.model_validate(settings).own_files == files


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (DataConfig, {"name": "digits", "labels": {"corruption": -0.1}}),
        (DataConfig, {"name": "digits", "labels": {"corruption": 1.1}}),
        (DataConfig, {"name": "digits", "labels": {"corruption": False}}),
        (DataConfig, {"name": "digits", "labels": {"map": {"1": "2"}}}),
        (DataConfig, {"name": "digits", "labels": {"map": {}, "probability": 0.5}}),
        (DataConfig, {"name": "digits", "labels": {"map": {"1": True}, "probability": 0.5}}),
        (DataConfig, {"name": "digits", "labels": {"probability": 0.5}}),
        (DataConfig, {"name": "digits", "labels": {"transition": [[0.5, 0.5], [0.1, 0.8]]}}),
        (DataConfig, {"name": "digits", "labels": {"transition": [[0.5, 0.5], [1.2, -0.2]]}}),
        (DataConfig, {"name": "digits", "labels": {"transition": [[0.5, 0.5], [1]]}}),
        (DataConfig, {"name": "digits", "labels": {"file": "../a.npy"}}),
        (DataConfig, {"name": "digits", "labels": {"file": "a.mat"}}),
        (DataConfig, {"name": "digits", "labels": {"key": "a"}}),
        (DataConfig, {"name": "digits", "labels": {"file": "a.npy", "corruption": 0.5}}),
        (DataConfig, {"name": "digits", "labels": {"file": "a.npy", "map": {"1": "2"}, "probability": 0.5}}),
        (DataConfig, {"name": "digits", "inputs": False}),
        (DataConfig, {"name": "digits", "inputs": "noise"}),
        (DataConfig, {"name": "digits", "inputs": {"name": "gaussian", "share": 1.1}}),
        (DataConfig, {"name": "digits", "inputs": {"name": "gaussian", "channels": "apart"}}),
        (DataConfig, {"name": "digits", "inputs": {"name": "true", "share": 0.5}}),
        (DataConfig, {"name": "digits", "train_size": 0}),
        (DataConfig, {"name": "digits", "path": "birds"}),
        (DataConfig, {"name": "digits", "test_fraction": 0.5}),
        (DataConfig, {"name": "image_folder"}),
        (DataConfig, {"name": "image_folder", "path": "/birds"}),
        (DataConfig, {"name": "image_folder", "path": "a/../../b"}),
        (DataConfig, {"name": "digits", "augmentation": {"padding": 2}}),
        (MLPConfig, {"name": "mlp", "widths": [0]}),
        (MLPConfig, {"name": "mlp", "dropout": 1.0}),
        (SGDConfig, {"name": "sgd", "learning_rate": 0.1, "nesterov": True}),
        (SGDConfig, {"name": "sgd", "learning_rate": "0.1"}),
        (SGDConfig, {"name": "sgd", "learning_rate": True}),
        (AdamConfig, {"name": "adam", "learning_rate": float("nan")}),
        (StepSchedule, {"name": "step", "epochs": [3, 3]}),
        (StepSchedule, {"name": "step", "epochs": [3], "factor": 0}),
        (Stop, {"epochs": -1}),
        (ExecutionConfig, {"threads": 0}),
        (ExecutionConfig, {"threads": True}),
        (ExecutionConfig, {"threads": "all"}),
        (ExecutionConfig, {"device": "cuda:"}),
        (ExecutionConfig, {"time_budget": 0}),
        (ExecutionConfig, {"keep": "some"}),
        (TrainConfig, {"name": "../escape"}),
    ],
)
def test_values_out_of_range_are_refused(section, values):
    with pytest.raises(ValidationError):
        section.model_validate(values)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:3"])
def test_devices(device):
    assert ExecutionConfig(device=device).device == device


def test_what_is_known_of_data_sets_covers_all_but_folders():
    for known in (KNOWN_IMAGE_SIZE, KNOWN_TRAIN_SIZE, KNOWN_CLASSES):
        assert {*known, "image_folder"} == set(typing.get_args(DatasetName))


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"name": "mnist"}, 28),
        ({"name": "mnist", "pad": 2}, 32),
        ({"name": "mnist", "resize": 40, "pad": 2}, 44),
        ({"name": "mnist", "resize": 40, "crop": 32}, 32),
        ({"name": "image_folder", "path": "a"}, None),
        ({"name": "image_folder", "path": "a", "resize": 64}, 64),
    ],
)
def test_the_size_of_an_image_as_the_net_sees_it(settings, size):
    assert DataConfig.model_validate(settings).known_output_size == size


def test_the_remedy_for_a_wrong_size_makes_it_right():
    assert "data.pad: 2 " in image_size_problem("vgg", 28, 28)
    assert "data.crop: 32 " in image_size_problem("vgg", 40, 48)
    assert image_size_problem("vgg", 27, 27).endswith("set data.resize: 32")
    assert image_size_problem("vgg", 20, 40).endswith("set data.resize: 32")
    assert image_size_problem("vgg", 32, 32) is None
    assert image_size_problem("inception_v3", 74, 80).endswith("these are 74x80; set data.resize: 75")
    assert image_size_problem("inception_v3", 75, 80) is None
    assert image_size_problem("mlp", 1, 1) is None
