import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.models.vgg import neyshabur_vgg, vgg


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fresh() -> nn.Sequential:
    """A convolution of fan-in 6 x 9 = 54 and fan-out 40 x 9 = 360, and a linear layer of 300 and 200."""
    return nn.Sequential(nn.Conv2d(6, 40, 3), nn.BatchNorm2d(40), nn.Flatten(), nn.Linear(300, 200))


FANS = {0: (54, 360), 3: (300, 200)}


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("layer", [0, 3])
@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("he_normal", lambda fan_in, fan_out: 2 / fan_in),
        ("xavier_uniform", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        ("torch", lambda fan_in, fan_out: 1 / (3 * fan_in)),
    ],
)
def test_weights_have_the_variance_of_their_scheme(scheme, variance, layer, scale):
    model = fresh()
    initialise(model, scheme, scale, generator=generator())
    weight = model[layer].weight.detach().double()
    expected = scale**2 * variance(*FANS[layer])
    # The variance of n draws has relative standard deviation sqrt(2/n) at most (normal; less for uniform draws).
    tolerance = 5 * math.sqrt(2 / weight.numel())
    assert weight.var().item() == pytest.approx(expected, rel=tolerance)
    assert abs(weight.mean()) < 5 * math.sqrt(expected / weight.numel())


def test_uniform_schemes_stay_within_their_bounds_and_fill_them():
    for scheme, bound in (("xavier_uniform", math.sqrt(6 / 414)), ("torch", 1 / math.sqrt(54))):
        model = fresh()
        initialise(model, scheme, 1.0, generator=generator())
        largest = model[0].weight.detach().abs().max().item()
        assert 0.99 * bound < largest <= bound * (1 + 1e-6)


NETS = {
    "mlp": lambda: mlp((1, 12, 12), 10, [400, 300]),
    "vgg": lambda: vgg((3, 32, 32), 10, 11, width_multiplier=0.25, batch_norm=False, classifier_widths=(40,)),
    "neyshabur_vgg": lambda: neyshabur_vgg((3, 32, 32), 10, width_multiplier=0.25, batch_norm=False),
}


@pytest.mark.parametrize("name", NETS)
def test_torchs_own_scheme_is_the_distribution_of_torchs_own_layers(name):
    """In each layer the same bounds; and the weights of each, and the biases of all, no more apart than two samples of
    one distribution are in one of 10,000 pairs (Kolmogorov and Smirnov).
    """
    net = NETS[name]()
    initialise(net, "torch", 1.0, generator=generator())
    layers = [module for module in net.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    theirs = copy.deepcopy(layers)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for layer in theirs:
            layer.reset_parameters()
    for pair in zip(layers, theirs, strict=True):
        assert_alike(*([in_bounds(layer, "weight")] for layer in pair))
    assert_alike(*([in_bounds(layer, "bias") for layer in each] for each in (layers, theirs)))


def in_bounds(layer: nn.Module, kind: str) -> np.ndarray:
    """Weights or biases over their bound 1/sqrt(fan_in)."""
    numbers = getattr(layer, kind).detach().numpy().ravel() * math.sqrt(layer.weight[0].numel())
    assert np.abs(numbers).max() <= 1 + 1e-6
    return numbers


def assert_alike(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    samples = [np.sort(np.concatenate(each)) for each in (first, second)]
    assert distance(*samples) < 2.23 * math.sqrt(2 / len(samples[0]))


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """The largest difference of the distribution functions of two sorted samples."""
    both = np.concatenate([first, second])
    below = [np.searchsorted(sample, both, side="right") / len(sample) for sample in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


def test_the_normal_scheme_has_normal_tails():
    model = mlp((1, 20, 20), 10, [500])
    initialise(model, "he_normal", 1.0, generator=generator())
    standardised = model[1].weight.detach() / math.sqrt(2 / 400)
    assert (standardised.abs() > 2).double().mean().item() == pytest.approx(0.0455, abs=0.003)


def test_biases_are_zero_but_in_torchs_own_scheme_where_the_scale_leaves_them_alone():
    for scheme in ("he_normal", "xavier_uniform"):
        model = fresh()
        initialise(model, scheme, 1.0, generator=generator())
        assert not model[0].bias.any()
        assert not model[3].bias.any()
    model = fresh()
    initialise(model, "torch", 100.0, generator=generator())
    assert 0 < model[3].bias.abs().max() <= 1 / math.sqrt(300)


def test_batch_norm_becomes_the_identity():
    model = vgg((3, 32, 32), 10, 11, width_multiplier=0.05)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                    tensor.uniform_(2, 3, generator=generator())
    initialise(model, "he_normal", 1.0, generator=generator())
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert (module.running_var == 1).all()
            assert not module.bias.any()
            assert not module.running_mean.any()


def test_the_same_seed_gives_the_same_net_whatever_was_there_before():
    torch.manual_seed(1)
    first = fresh()
    torch.manual_seed(2)
    second = fresh()
    for model in (first, second):
        initialise(model, "torch", 1.0, generator=generator(5))
    assert all(torch.equal(first.state_dict()[key], second.state_dict()[key]) for key in first.state_dict())


def test_another_seed_gives_another_net():
    first, second = fresh(), fresh()
    initialise(first, "he_normal", 1.0, generator=generator(5))
    initialise(second, "he_normal", 1.0, generator=generator(6))
    assert not torch.equal(first[0].weight, second[0].weight)


def test_the_scale_multiplies_the_same_draws():
    first, second = fresh(), fresh()
    initialise(first, "he_normal", 1.0, generator=generator(5))
    initialise(second, "he_normal", 4.0, generator=generator(5))
    assert torch.equal(4 * first[0].weight, second[0].weight)


def test_the_global_random_state_is_untouched():
    model = fresh()
    before = torch.get_rng_state()
    initialise(model, "torch", 1.0, generator=generator())
    assert torch.equal(before, torch.get_rng_state())
