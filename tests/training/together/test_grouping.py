"""Which runs train together, how many fit and how many are fastest."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from genlab.data.build import build_dataset
from genlab.training.optimisers.catalogue import OPTIMISERS
from genlab.training.together import grouping
from genlab.training.together.grouping import (
    MEMORY_SHARE,
    activation_numbers,
    group_key,
    nets_that_fit,
    stack_bytes,
    why_alone,
)
from genlab.training.together.stack import group_step
from tests.training.examples import FOR_VGG, VGG, net_of, small_config

ALIKE = {
    "seed": 3,
    "name": "another",
    "data.labels": {"corruption": 0.5},
    "training.optimiser.learning_rate": 0.01,
    "training.optimiser.weight_decay": 0.1,
    "training.schedule": {"name": "cosine"},
    "training.stop": {"epochs": 7, "train_error": 0.1},
    "training.evaluate_every": 2,
    "model.init_scale": 2.0,
}
DIFFERENT = {
    "model.widths": [9],
    "model.dropout": 0.1,
    "model.bias": False,
    "data.train_size": 50,
    "data.normalisation": "none",
    "data.augmentation": {"flip": True},
    "training.batch_size": 8,
    "training.optimiser.momentum": 0.5,
    "training.optimiser": {"name": "adam", "learning_rate": 0.1},
    "training.precision": "bfloat16",
    "execution.keep": "none",
    "execution.time_budget": 5.0,
}


@pytest.mark.parametrize("key", ALIKE)
def test_nets_may_differ_in_labels_rates_beginning_and_end(key):
    assert group_key(small_config({key: ALIKE[key]})) == group_key(small_config())


@pytest.mark.parametrize("key", DIFFERENT)
def test_nets_must_agree_in_all_else(key):
    assert group_key(small_config({key: DIFFERENT[key]})) != group_key(small_config())


def test_the_seed_counts_where_it_decides_the_test_set():
    folder = {"data": {"name": "image_folder", "path": "x", "resize": 8, "test_fraction": 0.2}}
    assert group_key(small_config(folder, seed=0)) != group_key(small_config(folder, seed=1))
    folder["data"].pop("test_fraction")
    assert group_key(small_config(folder, seed=0)) == group_key(small_config(folder, seed=1))


ALONE = {
    "the procedure none makes one net": {"training": {"procedure": "none"}},
    "execution.compile": {"execution.compile": True},
    "the batch norm of vgg and bfloat16": {"data": FOR_VGG, "model": VGG, "training.precision": "bfloat16"},
    "adam has no form for many": {"training.optimiser": {"name": "adam", "learning_rate": 0.1}},
}


@pytest.mark.parametrize("reason", ALONE)
def test_some_nets_train_on_their_own_and_it_is_said_why(reason, monkeypatch):
    monkeypatch.setitem(OPTIMISERS, "adam", replace(OPTIMISERS["adam"], stacked=None))
    config = small_config(ALONE[reason])
    assert group_key(config) is None
    assert reason in why_alone(config)


def test_of_others_nothing_is_said():
    for changes in ({}, {"data": FOR_VGG, "model": VGG}, {"training.precision": "bfloat16"}):
        assert why_alone(small_config(changes)) is None
        assert group_key(small_config(changes))


def of(changes, evaluation_batch=256):
    config = small_config(changes)
    dataset = build_dataset(config.data, seed=0, data_dir=None)
    return group_step(config, evaluation_batch), dataset, net_of(config, dataset)


def fitting(limit, changes=None):
    return nets_that_fit(*of(changes or {}), device=torch.device("cpu"), limit=limit)


def test_as_many_nets_fit_as_half_of_the_memory_holds_and_at_least_one():
    together, each = stack_bytes(*of({}))
    for count in (1, 2, 50):
        assert fitting(int((together + count * each) / MEMORY_SHARE) + 2) == count
        assert fitting(int((together + count * each) / MEMORY_SHARE) - 2) == max(1, count - 1)
    assert fitting(0) == 1


def test_what_is_free_counts_where_no_limit_is_given(monkeypatch):
    monkeypatch.setattr(grouping, "available_memory_bytes", lambda device: 10**8)
    assert fitting(None) == fitting(10**8) > 1


def test_larger_nets_batches_and_optimisers_need_more():
    for changes in (
        {"model": {"name": "mlp", "widths": [80]}},
        {"training.batch_size": 60, "model": {"name": "mlp", "widths": [500]}},
        {"training.optimiser": {"name": "adam", "learning_rate": 0.1}},
        {"data.train_size": 900},
    ):
        assert stack_bytes(*of(changes, 8))[1] > stack_bytes(*of({}, 8))[1], changes


def test_activations_are_all_that_the_modules_put_out():
    _, dataset, model = of({})
    assert activation_numbers(model, dataset.input_shape) == 64 + 8 + 8 + 10  # flatten, linear, ReLU, linear
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


MEASURED = """
import gc, json, sys
from pathlib import Path
import torch
from genlab.data.build import build_dataset
from genlab.data.stacked import build_stacked_dataset
from genlab.training.together.fastest_group import _stepper
from genlab.training.together.grouping import stack_bytes
from genlab.training.together.stack import group_step, stacked
from tests.training.examples import net_of, small_config

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])

def trained(config, model, count, lanes):
    data = build_stacked_dataset([config.data] * count, list(range(count)), data_dir=None)
    nets, batches = stacked([model] * count, [group_step(config, 256)] * count, data, lanes=lanes)
    step = _stepper(nets, batches, count, config.training.batch_size, torch.device("cpu"))
    for _ in range(2):
        step()
    nets.evaluate()
    nets.keep(range(count - 1))
    nets.close()

torch.set_num_threads(1)
changes, count, lanes = json.loads(sys.argv[1])
config = small_config(changes)
dataset = build_dataset(config.data, seed=0, data_dir=None)
model = net_of(config, dataset)
trained(config, model, 1, 1)  # the libraries' own memory
gc.collect()
Path("/proc/self/clear_refs").write_text("5")  # the peak from now on
before = kilobytes("VmRSS")
trained(config, model, count, lanes)
shared, each = stack_bytes(group_step(config, 256), dataset, model)
print((shared + count * each) / (1024 * (kilobytes("VmHWM") - before)))
"""
WIDE = {"model": {"name": "mlp", "widths": [512, 512]}, "data": {"name": "digits"}, "training.batch_size": 128}
NETS = {
    "wide perceptrons in lanes": (WIDE, 24, 2),
    "wide perceptrons with adam": (WIDE | {"training.optimiser": {"name": "adam", "learning_rate": 0.001}}, 24, 1),
    "many small perceptrons": ({"data": {"name": "digits"}, "model": {"name": "mlp", "widths": [32]}}, 256, 1),
    "convolutions": (
        {
            "data": FOR_VGG | {"train_size": 200},
            "model": {"name": "vgg", "width_multiplier": 0.2},
            "training.batch_size": 64,
        },
        4,
        1,
    ),
}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell a process's peak")
@pytest.mark.parametrize("case", NETS)
def test_the_memory_expected_is_what_a_process_takes_within_a_factor(case):
    """Never less than five sixths of it, or groups would be too large; up to 4 times as much."""
    command = [sys.executable, "-c", MEASURED, json.dumps(NETS[case])]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 5 / 6 < float(done.stdout) < 4
