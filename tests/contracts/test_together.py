"""Runs that train together are the runs that they are on their own, whatever field of a config one sets.

What a group must have in common, and where the seed decides something in the images of all, is what the schema says
(`Section`). These contracts walk it: a field that says too little would give a net another's images, labels or steps.
"""

import csv
import functools
import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from genlab.config.groups import image_seed
from genlab.config.schema import TrainConfig
from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_IMAGE_SIZE
from genlab.data.build import ChosenImages, assembled, load_images
from genlab.data.digits import load_digits
from genlab.data.images import ImageSource, LabelledImages
from genlab.rundir.checkpoints import load_tensors
from genlab.training.progress import Silent
from genlab.training.together.grouping import group_key, why_alone
from genlab.training.together.train_together import train_together
from genlab.training.train_run import train_run
from tests.contracts.branches import branches, dotted, leaves, value_at, with_values
from tests.data.examples import noise, write_tree

BRANCHES, DIGITS = branches(), functools.cache(load_digits)
# What takes a device that not every machine has.
ELSEWHERE = {"training[gradient].precision=tf32"}
# One net less trained says nothing about the steps of the others.
NOT_MOVED = {"training.stop"}
# Of the classes and the images of digits.
OF_DIGITS = ("data.labels.transition", "data.labels.file", "data.labels.key")

# Nets that have batch norm whatever their config says.
WITH_BATCH_NORM = {"wide_resnet", "inception_v3", "googlenet"}


def free_values():
    """For each free field, dotted, the values that it takes somewhere."""
    found = {}
    for branch in BRANCHES:
        if branch.free:
            value = value_at(branch.values, dotted(branch.free))
            found.setdefault(dotted(branch.free), {})[json.dumps(value, sort_keys=True)] = value
    return {name: list(values.values()) for name, values in found.items()}


def moved(values, turn):
    """A config with another value in every free field that it has, and the next seed unless that decides its images."""
    for name, choices in free_values().items():
        others = [choice for choice in choices if choice != value_at(values, name)]
        fitting = values["data"]["name"] == "digits" or name not in OF_DIGITS
        if name not in NOT_MOVED and others and fitting:
            changed = with_values(values, {name: others[turn % len(others)]})
            values = changed if allowed(changed) else values
    another = with_values(values, {"seed": 1})
    return values if image_seed(TrainConfig.model_validate(another).data, 1) else another


def allowed(values):
    try:
        TrainConfig.model_validate(values)
    except ValidationError:
        return False
    return True


def groups():
    """By what they are about: two configs for each branch that a group has in common, all of a field that is free."""
    found, seen = {}, set()
    for turn, branch in enumerate(BRANCHES):
        if branch.label in ELSEWHERE or why_alone(branch.config):
            continue
        if branch.free:
            own = found.setdefault(branch.free, [])
            own.append(with_values(branch.values, {"seed": len(own)}))
        elif branch.config.model_dump_json() not in seen:  # as is the default of each field
            seen.add(branch.config.model_dump_json())
            found[branch.label] = [branch.values, moved(branch.values, turn)]
    return {name: [TrainConfig.model_validate(values) for values in group] for name, group in found.items()}


GROUPS = groups()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Folders of images: `pets` with a test set, `tree` without; and files of labels of the digits."""
    root = tmp_path_factory.mktemp("data")
    write_tree(root / "pets", per_class=8)
    write_tree(root / "tree", per_class=10, parts=False)
    worse, better = (np.arange(len(DIGITS().train)) // n % 10 for n in (1, 7))
    np.save(root / "noisy.npy", worse)
    lines = [f"{a},{b}" for a, b in zip(worse, better, strict=True)]
    (root / "noisy.csv").write_text("\n".join(["worse,better", *lines]))
    return root


@pytest.fixture(autouse=True)
def small_data_sets(monkeypatch):
    """Noise in place of what would be downloaded; digits are read once."""

    def noisy(name, _=None):
        size, channels = KNOWN_IMAGE_SIZE[name], 1 if name == "mnist" else 3
        images = torch.from_numpy(noise(60, size, size, channels))
        labels = torch.from_numpy(np.arange(60)) % KNOWN_CLASSES[name]
        names = tuple(map(str, range(KNOWN_CLASSES[name])))
        return ImageSource(LabelledImages(images[:40], labels[:40]), LabelledImages(images[40:], labels[40:]), names)

    monkeypatch.setattr("genlab.data.mnist.load_mnist", functools.partial(noisy, "mnist"))
    monkeypatch.setattr("genlab.data.cifar.load_cifar", noisy)
    monkeypatch.setattr("genlab.data.digits.load_digits", DIGITS)


def tolerance(config):
    """Of the way that weights go: batch norm makes up to a tenth of it of a rounding; another's images, all of it."""
    if getattr(config.model, "batch_norm", config.model.name in WITH_BATCH_NORM):
        return 0.4
    return 1e-3 if config.training.precision == "float32" else 0.03


def rows(run):
    with run.history.open() as file:
        return list(csv.DictReader(file))


def agree(found, expected, tolerance):
    """The same initial weights, the same way from there as parts of its length, and the same history on the way."""
    for one, other in zip(rows(found), rows(expected), strict=True):
        assert one.keys() == other.keys()
        for key, value in other.items():
            assert (one[key] == "") == (value == ""), key
            assert float(one[key] or 0) == pytest.approx(float(value or 0), rel=tolerance), key
    assert found.initial.read_bytes() == expected.initial.read_bytes()
    assert found.labels.exists() == expected.labels.exists()
    assert not found.labels.exists() or found.labels.read_bytes() == expected.labels.read_bytes()
    for ours, theirs, start in zip(
        *(vectors(file) for file in (found.final, expected.final, expected.initial)), strict=True
    ):
        assert (ours - theirs).norm() <= tolerance * (theirs - start).norm()
        assert (theirs - start).norm() > 0 or len(rows(expected)) == 1, "it has gone some way"


def vectors(file):
    """All weights as one vector, and the statistics of batch norm as another where there are any."""
    tensors = load_tensors(file, "")[0]
    statistics = {name for name in tensors if name.endswith(("running_mean", "running_var", "num_batches_tracked"))}
    parts = [[name for name in tensors if name not in statistics], sorted(statistics)]
    return [torch.cat([tensors[name].double().flatten() for name in names]) for names in parts if names]


@pytest.mark.parametrize("about", GROUPS)
def test_runs_together_are_those_on_their_own(about, tmp_path, data_dir):
    configs = GROUPS[about]
    assert len({group_key(config) for config in configs}) == 1, "the schema says that these may train together"
    found = train_together(configs, runs=tmp_path / "together", data_dir=data_dir, progress=Silent())
    assert sorted(found) == list(range(len(configs)))
    for number, config in enumerate(configs):
        alone = train_run(config, runs=tmp_path / "alone", data_dir=data_dir, progress=Silent())
        agree(found[number].run, alone.run, tolerance(config))


DATA = {b.label: b.config.data for b in BRANCHES if b.field.startswith("data.")}


@pytest.mark.parametrize("about", DATA)
def test_the_seed_decides_images_where_the_schema_says_so_and_nowhere_else(about, data_dir):
    """Here it is handed over whatever the schema says, which `build_dataset` does not do."""
    loaded = [load_images(DATA[about], seed=seed, data_dir=data_dir) for seed in (0, 1)]
    one, other = (assembled(DATA[about], i, ChosenImages(None, i.train_labels, i.train_labels)) for i in loaded)
    same = all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("train_images", "train_labels", "test_images", "test_labels")
    )
    assert same == (image_seed(DATA[about], 1) is None)


FIELDS = dict(leaves())


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_schema_is_set_to_two_values_at_least(field):
    """Where this fails, the schema has a field of which no value could be derived: it belongs into `EXAMPLES`."""
    default = [] if FIELDS[field].is_required() else [FIELDS[field].get_default(call_default_factory=True)]
    values = [branch.value for branch in BRANCHES if branch.field == field]
    assert len({json.dumps(value) for value in (*default, *values)}) > 1


def test_every_group_trains_and_its_runs_differ():
    for about, configs in GROUPS.items():
        assert all(config.training.stop.epochs for config in configs) or about == "training[gradient].stop"
        assert len({config.model_dump_json() for config in configs}) == len(configs) > 1, about
