"""The run id: the same science is the same run, and any other science is another one."""

import typing

import pytest
from pydantic import BaseModel, Field, ValidationError

from genlab.config.identity import SCIENTIFIC, canonical, run_id
from genlab.config.schema import TrainConfig
from genlab.config.schema.data import DataConfig
from tests.config.examples import SMALL, read, small_with

# Pinned: were these to change, every run of every user would have another name.
GOLDEN = {
    "small": "e99727bf58cf",
    "full": "f6d624e3492a",
    "untrained": "ec0da7a27072",
}
FULL = {
    "name": "full",
    "seed": 7,
    "data": {
        "name": "cifar10",
        "train_size": 1000,
        "subset": "balanced",
        "labels": {"corruption": 0.25},
        "augmentation": {"random_crop": True, "padding": 4, "flip": True},
    },
    "model": {"name": "vgg", "depth": 13, "classifier_widths": [64], "width_multiplier": 0.5},
    "training": {
        "optimiser": {"name": "adam", "learning_rate": 1e-3},
        "schedule": {"name": "cosine"},
        "stop": {"epochs": 5, "train_error": 0},
        "batch_size": 64,
        "precision": "bfloat16",
    },
}


def test_run_ids_are_those_of_every_version(tmp_path):
    assert run_id(read(tmp_path, SMALL)) == GOLDEN["small"]
    assert run_id(TrainConfig.model_validate(FULL)) == GOLDEN["full"]
    assert run_id(read(tmp_path, SMALL, "training.procedure=none")) == GOLDEN["untrained"]


def test_a_run_id_is_twelve_hexadecimal_digits(tmp_path):
    identity = run_id(read(tmp_path, SMALL))
    assert len(identity) == 12
    assert set(identity) <= set("0123456789abcdef")


IDENTITY = [[int(i == j) for j in range(10)] for i in range(10)]
SAME = {
    "another name": [SMALL, small_with("name: small", "name: other")],
    "execution": [SMALL, SMALL + "execution: {device: cpu, threads: 3, compile: true, keep: none, time_budget: 3}\n"],
    "order of keys": [
        SMALL,
        """\
training:
  batch_size: 32
  stop: {epochs: 3}
  optimiser: {learning_rate: 0.1, name: sgd}
model: {name: mlp}
data: {name: digits}
name: small
""",
    ],
    "defaults written out": [
        SMALL,
        small_with("name: mlp", "name: mlp\n  widths: [512, 512]\n  bias: true\n  dropout: 0.0"),
        small_with("epochs: 3", "epochs: 3, train_loss: null"),
        small_with("epochs: 3}", "epochs: 3}\n  schedule: {name: constant}"),
        SMALL + "seed: 0\n",
    ],
    "true labels": [
        SMALL,
        *(
            small_with("name: digits", f"name: digits\n  labels: {{corruption: {p}}}")
            for p in ("0", "0.0", "-0.0", "true", "'true'")
        ),
    ],
    "random labels": [
        small_with("name: digits", f"name: digits\n  labels: {{corruption: {p}}}") for p in ("1", "1.0", "random")
    ],
    "true inputs": [
        SMALL,
        *(
            small_with("name: digits", f"name: digits\n  inputs: {inputs}")
            for inputs in ("true", "'true'", "{name: true}", "{name: 'true'}", "{name: gaussian, share: 0}")
        ),
    ],
    "inputs by their name alone": [
        small_with("name: digits", f"name: digits\n  inputs: {inputs}")
        for inputs in ("gaussian", "{name: gaussian}", "{name: gaussian, share: 1, statistics: overall}")
    ],
    "labels that nothing changes": [
        SMALL,
        *(
            small_with("name: digits", f"name: digits\n  labels: {labels}")
            for labels in ("{map: {1: 2}, probability: 0}", f"{{transition: {IDENTITY}}}")
        ),
    ],
    "classes in words or as numbers": [
        small_with("name: digits", f"name: digits\n  labels: {{map: {words}, probability: 0.5}}")
        for words in ("{1: 2, 3: 4}", "{'3': '4', '1': 2}")
    ],
    "all images": [
        SMALL,
        *(
            small_with("name: digits", f"name: digits\n  {lines}")
            for lines in ("train_size: 1347", "subset: balanced", "train_size: 1347\n  subset: balanced")
        ),
    ],
    "whole numbers as floats": [small_with("learning_rate: 0.1", f"learning_rate: {n}") for n in ("1", "1.0", "1e0")],
    "cosine over all epochs": [
        small_with("epochs: 3}", f"epochs: 3}}\n  schedule: {{name: cosine{epochs}}}")
        for epochs in ("", ", epochs: 3", ", epochs: null")
    ],
    "widths that repeat": [
        small_with("name: mlp", f"name: mlp\n  widths: {said}") for said in ("[8, 8, 8]", "[8]\n  repeats: 3")
    ],
    "negative zero": [
        small_with("learning_rate: 0.1", f"learning_rate: 0.1, weight_decay: {zero}") for zero in ("0.0", "-0.0", "0")
    ],
}


@pytest.mark.parametrize("texts", SAME.values(), ids=SAME)
def test_the_same_science_is_the_same_run(texts, tmp_path):
    configs = [read(tmp_path, text) for text in texts]
    assert len({run_id(config) for config in configs}) == 1
    assert len({str(canonical(config, None)) for config in configs}) == 1


def test_another_cosine_is_another_run(tmp_path):
    texts = [small_with("epochs: 3}", f"epochs: 3}}\n  schedule: {{name: cosine, epochs: {n}}}") for n in (3, 4)]
    assert len({run_id(read(tmp_path, text)) for text in texts}) == 2


def test_a_folder_of_images_is_its_content_and_not_its_path(tmp_path):
    first, second = (read(tmp_path, SMALL, "data.name=image_folder", f"data.path={path}") for path in ("birds", "b/c"))
    assert run_id(first, "abc") == run_id(second, "abc")
    assert run_id(first, "abc") != run_id(first, "abd")


def test_labels_of_a_file_are_its_content_and_not_its_path_or_key(tmp_path):
    names = ("data.labels.file=a.npy",), ("data.labels.file=b/c.csv", "data.labels.key=worse")
    first, second = (read(tmp_path, SMALL, *overrides) for overrides in names)
    assert run_id(first, "labels abc") == run_id(second, "labels abc")
    assert run_id(first, "labels abc") != run_id(first, "labels abd")
    assert run_id(first, "labels abc") != run_id(read(tmp_path, SMALL), None)


# A config of each branch of each union, so that every field of the schema is in one of them.
SWAP = [[0.5, 0.5], [0, 1]]
DATA = [
    {"name": "digits", "train_size": 100},
    *({"name": "digits", "inputs": name} for name in ("shuffled_pixels", "random_pixels", "gaussian")),
    {"name": "digits", "labels": {"map": {"1": "2"}, "probability": 0.5}},
    {"name": "digits", "labels": {"transition": SWAP}},
    {"name": "digits", "labels": {"file": "a.csv", "key": "b"}},
    {"name": "image_folder", "path": "birds", "augmentation": {"random_crop": True, "padding": 1}},
]
NAMES = (
    *("mlp", "vgg", "neyshabur_vgg", "small_inception", "small_alexnet", "wide_resnet", "inception_v3", "googlenet"),
    *("alexnet", "small_googlenet"),
)
MODELS = [{"name": name} for name in (*NAMES, "theorem1", "gaussian_kernel", "random_features")]
OPTIMISERS = [{"name": "sgd", "learning_rate": 0.5, "momentum": 0.5}, {"name": "adam", "learning_rate": 0.5}]
SCHEDULES = [{"name": "constant"}, {"name": "step", "epochs": [2]}, {"name": "exponential"}, {"name": "cosine"}]

OTHER_PROCEDURES = [
    *({"procedure": "none"}, {"procedure": "construct"}, {"procedure": "interpolate"}),
    {"procedure": "interpolate", "solver": {"name": "conjugate_gradients"}},
]


def whole(data=DATA[0], model=MODELS[0], optimiser=OPTIMISERS[0], schedule=SCHEDULES[0], training=None):
    training = training or {"optimiser": optimiser, "schedule": schedule, "stop": {"epochs": 3}, "batch_size": 8}
    return TrainConfig.model_validate({"name": "a", "data": data, "model": model, "training": training})


WHOLES = [
    *(whole(data=data) for data in DATA),
    *(whole(model=model) for model in MODELS),
    *(whole(optimiser=optimiser) for optimiser in OPTIMISERS),
    *(whole(schedule=schedule) for schedule in SCHEDULES),
    *(whole(training=training) for training in OTHER_PROCEDURES),
]
CANDIDATES = (True, False, 0.25, 0.75, 1, 2, 3, 5, 16, [7], [2, 7], "cpu", "wood", None, {"1": "3"}, SWAP[::-1])


def leaves(section, prefix=()):
    """Every field that is no section, with where it stands."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from leaves(value, (*prefix, name))
        else:
            yield (*prefix, name), type(section).model_fields[name].annotation, value


def changed(config, path, annotation):
    """The config with another value in one place; None where the schema allows no other there."""
    choices = [c for part in (annotation, *typing.get_args(annotation)) for c in typing.get_args(part)]
    for candidate in (*(c for c in choices if isinstance(c, str | int)), *CANDIDATES):
        content = config.model_dump()
        node = content
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = candidate
        try:
            other = TrainConfig.model_validate(content)
        except ValidationError:
            continue
        if other != config:
            return other
    return None


# What chooses a branch has one value in it; that branches are other runs is tested on its own.
CHOOSES = ("name", "procedure")
ALL_LEAVES = [
    (config, *leaf) for config in WHOLES for leaf in leaves(config) if leaf[0][-1] not in CHOOSES or len(leaf[0]) == 1
]
# Where a folder or a file lies, which count by their content.
NOT_SCIENCE = {("data", "path"), ("data", "labels", "file"), ("data", "labels", "key")}
# Without a train_size a subset is nothing.
IDLE = {("data", "subset"): lambda config: config.data.train_size is None}


def test_every_field_that_can_change_a_result_changes_the_run_id():
    tried, fields = set(), set()
    for config, path, annotation, _ in ALL_LEAVES:
        if path[0] not in SCIENTIFIC or path in NOT_SCIENCE or IDLE.get(path, lambda config: False)(config):
            continue
        fields.add(".".join(path))
        other = changed(config, path, annotation)
        if other is not None:
            assert run_id(other) != run_id(config), f"{'.'.join(path)} changes a result but not the run id"
            tried.add(".".join(path))
    assert fields == tried, "add another value for these to the candidates of this test"
    assert {"seed", "data.train_size", "data.labels.corruption", "model.widths", "training.optimiser.beta1"} <= tried


def test_every_branch_of_every_union_is_walked():
    """A new model, optimiser, schedule or procedure belongs into the lists above."""
    walked = {type(section).__name__ for config in WHOLES for section in sections(config)}
    assert {s.__name__ for s in declared(TrainConfig)} <= walked


def sections(section):
    yield section
    for name in type(section).model_fields:
        if isinstance(getattr(section, name), BaseModel):
            yield from sections(getattr(section, name))


def declared(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from declared(field.annotation)
    for part in typing.get_args(annotation):
        yield from declared(part)


def test_no_field_of_execution_changes_the_run_id():
    for config, path, annotation, _ in ALL_LEAVES:
        if path[0] in SCIENTIFIC:
            continue
        other = changed(config, path, annotation)
        assert other is not None, f"no other value for {'.'.join(path)} among the candidates of this test: add one"
        assert run_id(other) == run_id(config)


def test_every_section_is_either_science_or_execution():
    assert set(TrainConfig.model_fields) == {*SCIENTIFIC, "name", "execution"}


def test_other_branches_are_other_runs():
    assert len({run_id(config) for config in WHOLES}) == len({str(canonical(config, None)) for config in WHOLES})
    for branches, argument in ((DATA, "data"), (MODELS, "model"), (OPTIMISERS, "optimiser"), (SCHEDULES, "schedule")):
        assert len({run_id(whole(**{argument: branch})) for branch in branches}) == len(branches)
    assert len({run_id(whole(training=training)) for training in (None, *OTHER_PROCEDURES)}) == 1 + len(
        OTHER_PROCEDURES
    )


class LaterData(DataConfig):
    """A data section of a later version, with a field whose default is not what it was before the field existed."""

    blur: float = Field(0.5, json_schema_extra={"neutral": 0.0})


class LaterConfig(TrainConfig):
    """A config of a later version."""

    data: LaterData


def test_a_new_field_at_its_neutral_value_renames_no_run():
    content = {key: value for key, value in FULL.items() if key != "data"}
    later = {
        blur: run_id(LaterConfig.model_validate({**content, "data": FULL["data"] | blur_key}))
        for blur, blur_key in {"default": {}, "neutral": {"blur": 0.0}, "other": {"blur": 0.7}}.items()
    }
    assert later["neutral"] == GOLDEN["full"]
    assert len(set(later.values())) == 3
