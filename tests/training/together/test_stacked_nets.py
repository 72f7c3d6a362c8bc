"""Nets side by side against the same nets one by one, which autograd and torch.optim train."""

import copy
import math

import pytest
import torch

from genlab.data.batches import TrainBatches
from genlab.data.build import build_dataset
from genlab.data.stacked import StackedBatches, build_stacked_dataset
from genlab.randomness import generator_for
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.optimisers.state import load_state_tensors
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.together.stacked_mlp import is_mlp
from genlab.training.together.stacked_nets import StackedNets
from tests.training.examples import net_of, small_config

SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
ADAM = {"name": "adam", "learning_rate": 0.01}
MLP = {"name": "mlp", "widths": [9, 7]}
FOR_VGG = {"name": "digits", "resize": 32, "train_size": 40}
CASES = {
    "momentum": {"training.optimiser": SGD},
    "plain": {"training.optimiser": SGD | {"momentum": 0.0}},
    "plain with weight decay": {"training.optimiser": SGD | {"momentum": 0.0, "weight_decay": 0.05}},
    "momentum with weight decay": {"training.optimiser": SGD | {"weight_decay": 0.05}},
    "nesterov": {"training.optimiser": SGD | {"nesterov": True, "weight_decay": 0.01}},
    "adam": {"training.optimiser": ADAM},
    "adam with weight decay": {"training.optimiser": ADAM | {"weight_decay": 0.05, "beta1": 0.8, "epsilon": 1e-4}},
    "linear": {"model": {"name": "mlp", "widths": []}},
    "no biases": {"model": MLP | {"bias": False}},
    "dropout": {"model": MLP | {"dropout": 0.4}},
    "augmentation": {"data.augmentation": {"random_crop": True, "padding": 1, "flip": True}},
    "all images": {"data": {"name": "digits"}},
    "per image": {"data.normalisation": "image"},
    "batch norm": {"data": FOR_VGG, "model": {"name": "vgg", "width_multiplier": 0.05}},
    "batch norm and dropout": {
        "data": FOR_VGG,
        "model": {"name": "neyshabur_vgg", "width_multiplier": 0.03, "dropout": 0.3},
    },
    "convolutions with adam": {
        "data": FOR_VGG,
        "model": {"name": "vgg", "width_multiplier": 0.05, "batch_norm": False, "classifier_widths": [6]},
        "training.optimiser": ADAM | {"epsilon": 1e-3},
    },
}
# Batch norm over 13 images of one pixel makes a tenth of a percent of a few millionths in some steps.
CHAOTIC = ("batch norm", "batch norm and dropout")
RATES = (0.1, 0.03, 0.0)
SEEDS = (0, 0, 3)
CORRUPTIONS = (0.0, 0.5, 1.0)


def configs(changes):
    base = {"model": MLP} | changes
    decay = base.get("training.optimiser", SGD).get("weight_decay", 0.0)
    return [
        small_config(
            base
            | {
                "data.labels": {"corruption": corruption},
                "training.optimiser.weight_decay": decay * place,
                "seed": seed,
            }
        )
        for place, (seed, corruption) in enumerate(zip(SEEDS, CORRUPTIONS, strict=True))
    ]


def alone(config, dtype_bfloat16=False):
    dataset = build_dataset(config.data, seed=config.seed, data_dir=None)
    model = net_of(config, dataset, config.seed).to(memory_format=torch.channels_last)
    optimiser = build_optimiser(model.parameters(), **config.training.optimiser.model_dump())
    net = SingleNet(model, optimiser, dataset, evaluation_batch=50, bfloat16=dtype_bfloat16)
    return net, SingleBatches(TrainBatches(dataset))


def together(configs, bfloat16=False):
    data = build_stacked_dataset([c.data for c in configs], [c.seed for c in configs], data_dir=None)
    models = [
        net_of(c, build_dataset(c.data, seed=c.seed, data_dir=None), c.seed).to(memory_format=torch.channels_last)
        for c in configs
    ]
    settings = [c.training.optimiser.model_dump() for c in configs]
    return StackedNets(models, settings, data, evaluation_batch=50, bfloat16=bfloat16), StackedBatches(data)


def steps(nets, batches, members, count, first=0):
    """Losses `[count, K]` of so many steps, each net by its own seed and rate."""
    losses = []
    draws = batches.draw(
        [generator_for(SEEDS[m], "batches", 0) for m in members],
        [generator_for(SEEDS[m], "augmentation", 0) for m in members],
    )
    for number in range(first, first + count):
        batch = batches.batch(draws, 13 * (number % 3), 13 * (number % 3 + 1))
        generators = [generator_for(SEEDS[m], "dropout", number) for m in members] if nets.draws else None
        rates = [RATES[m] * (1 + number % 2) for m in members]
        nets.step(batch, rates, generators)
        losses.append(nets.losses().clone())
    return torch.stack(losses)


def close(found, expected, tolerance=2e-4):
    scale = expected.abs().max().clamp(min=1e-3)
    return ((found - expected).abs().max() / scale).item() < tolerance


@pytest.mark.parametrize("case", CASES)
def test_nets_side_by_side_are_those_trained_one_by_one(case):
    them = configs(CASES[case])
    nets, batches = together(them)
    count, tolerance = (2, 5e-3) if case in CHAOTIC else (7, 2e-4)
    found = steps(nets, batches, range(3), count)
    evaluations = nets.evaluate()
    for index, config in enumerate(them):
        net, own = alone(config)
        expected = steps(net, own, [index], count)
        assert close(found[:1, index], expected[:1, 0], 1e-5)
        assert close(found[:, index], expected[:, 0], tolerance)
        for name, tensor in net.weights(0).items():
            assert nets.weights(index)[name].dtype == tensor.dtype
            assert close(nets.weights(index)[name].double(), tensor.double(), tolerance), name
        assert nets.optimiser_state(index).keys() == net.optimiser_state(0).keys()
        for name, tensor in net.optimiser_state(0).items():
            assert close(nets.optimiser_state(index)[name], tensor, 5 * tolerance), name
        for mine, theirs in zip(evaluations[index], net.evaluate()[0], strict=True):
            assert math.isclose(mine.loss, theirs.loss, rel_tol=tolerance)
            for part in ("error", "error_clean", "error_corrupted"):
                assert (getattr(mine, part) is None) == (getattr(theirs, part) is None), part
                assert math.isclose(getattr(mine, part) or 0, getattr(theirs, part) or 0, abs_tol=0.04), part


def test_the_three_nets_of_these_tests_differ():
    nets, batches = together(configs({}))
    losses = steps(nets, batches, range(3), 3)
    assert len({round(loss, 4) for loss in losses[-1].tolist()}) == 3


def test_a_learning_rate_of_zero_leaves_a_net_as_it_was():
    nets, batches = together(configs({}))
    before = {name: tensor.clone() for name, tensor in nets.weights(2).items()}
    steps(nets, batches, range(3), 3)
    assert all(torch.equal(before[name], tensor) for name, tensor in nets.weights(2).items())


@pytest.mark.parametrize("case", ["momentum", "adam", "dropout"])
def test_products_in_bfloat16_agree_with_autocast_to_its_precision(case):
    them = configs(CASES[case])
    nets, batches = together(them, bfloat16=True)
    found = steps(nets, batches, range(3), 4)
    exact, own = together(them)
    assert not torch.equal(found, steps(exact, own, range(3), 4)), "it is another arithmetic"
    for index, config in enumerate(them):
        net, own = alone(config, True)
        assert close(found[:, index], steps(net, own, [index], 4)[:, 0], 0.03)
        assert all(tensor.dtype == net.weights(0)[name].dtype for name, tensor in nets.weights(index).items())


@pytest.mark.parametrize("case", ["momentum", "adam with weight decay", "batch norm", "dropout"])
def test_nets_that_are_left_out_change_nothing_for_those_that_stay(case):
    them = configs(CASES[case])
    nets, batches = together(them)
    steps(nets, batches, range(3), 2)
    nets.keep([2, 0])
    batches.keep([2, 0])
    found = steps(nets, batches, [2, 0], 3, first=2)
    everybody, own = together(them)
    steps(everybody, own, range(3), 2)
    expected = steps(everybody, own, range(3), 3, first=2)
    assert close(found, expected[:, [2, 0]], 1e-6)
    assert all(close(t.double(), everybody.weights(0)[n].double(), 1e-6) for n, t in nets.weights(1).items())
    assert [e.loss for e, _ in nets.evaluate()] == pytest.approx([everybody.evaluate()[i][0].loss for i in (2, 0)])


@pytest.mark.parametrize("case", ["momentum", "adam", "plain", "batch norm and dropout"])
def test_a_net_goes_on_in_a_group_where_it_stopped_alone_and_alone_where_it_stopped_in_a_group(case):
    them = configs(CASES[case])
    net, own = alone(them[1])
    steps(net, own, [1], 3)
    nets, batches = together(them)
    nets.load(1, copy.deepcopy(net.weights(0)), copy.deepcopy(net.optimiser_state(0)))
    expected = steps(net, own, [1], 3, first=3)[:, 0]
    assert close(steps(nets, batches, range(3), 3, first=3)[:, 1], expected)

    nets, batches = together(them)
    steps(nets, batches, range(3), 3)
    back, own = alone(them[1])
    back.model.load_state_dict(nets.weights(1))
    load_state_tensors(back.optimiser, nets.optimiser_state(1))
    assert close(steps(back, own, [1], 3, first=3)[:, 0], expected)


def test_a_net_whose_loss_is_not_finite_leaves_the_others_alone():
    nets, batches = together(configs({}))
    nets.weights(1)["1.weight"].fill_(float("nan"))
    found = steps(nets, batches, range(3), 3)
    clean, own = together(configs({}))
    expected = steps(clean, own, range(3), 3)
    assert torch.isnan(found[:, 1]).all()
    assert torch.equal(found[:, [0, 2]], expected[:, [0, 2]])


def test_only_perceptrons_are_multiplied_by_hand():
    dataset = build_dataset(small_config().data, seed=0, data_dir=None)
    for widths in ([], [5], [5, 4]):
        for dropout in (0.0, 0.2):
            config = small_config({"model": {"name": "mlp", "widths": widths, "dropout": dropout}})
            assert is_mlp(net_of(config, dataset))
    chain = net_of(small_config(), dataset)
    assert not is_mlp(torch.nn.Sequential(*chain, torch.nn.ReLU()))
    assert not is_mlp(torch.nn.Sequential(chain[0], chain[1], torch.nn.Sigmoid(), chain[3]))
    vgg = build_dataset(small_config({"data": FOR_VGG}).data, seed=0, data_dir=None)
    assert not is_mlp(net_of(small_config({"model": {"name": "vgg", "width_multiplier": 0.05}}), vgg))
