import random

import numpy as np
import pytest
import torch
from torch import nn

from genlab.data.batches import TrainBatches
from genlab.data.build import build_dataset
from genlab.randomness import generator_for
from genlab.training.net import single_net
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.step import training_step
from tests.training.examples import FOR_VGG, VGG, net_of, small_config

WITH_ALL = small_config(
    {
        "data": FOR_VGG | {"augmentation": {"random_crop": True, "padding": 2, "flip": True}},
        "model": VGG | {"classifier_widths": [8], "dropout": 0.5},
    }
)


@pytest.fixture
def images(tmp_path):
    dataset = build_dataset(WITH_ALL.data, seed=0, data_dir=tmp_path)
    batches = TrainBatches(dataset)
    draws = batches.draw(
        order_generator=generator_for(0, "batches", 0), augmentation_generator=generator_for(0, "augmentation", 0)
    )
    return dataset, batches, draws


def global_states():
    return torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state())  # noqa: NPY002


def test_the_parameters_are_the_leaves_of_the_module(images):
    model = net_of(WITH_ALL, images[0])
    net = single_net(model)
    assert list(net.parameters) == [name for name, _ in model.named_parameters()]
    assert all(net.parameters[name] is parameter for name, parameter in model.named_parameters())


def test_training_updates_the_batch_statistics_of_the_module_in_place_and_evaluation_uses_them(images):
    dataset, batches, draws = images
    model = net_of(WITH_ALL, dataset)
    norm = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    mean_before = norm.running_mean
    net = single_net(model)
    pixels, _ = batches.batch(draws, 0, 16)
    net.forward(net.parameters, pixels, generator_for(0, "dropout", 0))
    activity = first(pixels)
    torch.testing.assert_close(norm.running_mean, 0.1 * activity.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert norm.running_mean is mean_before
    assert norm.num_batches_tracked.item() == 1
    one, all_ = net.evaluate(net.parameters, pixels[:1]), net.evaluate(net.parameters, pixels)
    torch.testing.assert_close(one, all_[:1], rtol=1e-4, atol=1e-5)
    assert norm.num_batches_tracked.item() == 1


def test_a_net_draws_only_where_it_has_dropout(images):
    assert single_net(net_of(WITH_ALL, images[0])).draws
    assert not single_net(net_of(small_config({"data": FOR_VGG, "model": VGG}), images[0])).draws


def test_parameters_other_than_the_modules_own_can_be_handed_in(images):
    dataset, batches, draws = images
    net = single_net(net_of(WITH_ALL, dataset))
    zeros = {name: torch.zeros_like(parameter) for name, parameter in net.parameters.items()}
    pixels, _ = batches.batch(draws, 0, 4)
    assert not net.evaluate(zeros, pixels).any()
    assert net.evaluate(net.parameters, pixels).any()
    assert not net.forward(zeros, pixels, generator_for(0, "dropout", 0)).any()
    own, copied = (
        net.forward(parameters, pixels, generator_for(0, "dropout", 0))
        for parameters in (net.parameters, dict(net.parameters))
    )
    assert torch.equal(own, copied)


def test_training_neither_draws_from_nor_seeds_anything_global(images):
    dataset, batches, draws = images
    net = single_net(net_of(WITH_ALL, dataset))
    optimiser = build_optimiser(net.parameters.values(), "adam", 0.01, beta1=0.9, beta2=0.99, epsilon=1e-8)
    before = global_states()
    for step in range(3):
        pixels, labels = batches.batch(draws, 16 * step, 16 * step + 16)
        training_step(net, optimiser, pixels, labels, generator=generator_for(0, "dropout", step))
        net.evaluate(net.parameters, pixels)
    assert global_states() == before
