import math

import pytest
import torch
from torch import nn

from genlab.compression.methods.uniform_quantisation import Grid, numbers_on_grids, uniform_quantisation
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import uniform_quantisation as reference


@torch.no_grad()
def random_layers() -> dict[str, nn.Module]:
    layers = {"0": nn.Conv2d(2, 3, (3, 2), dtype=torch.float64), "4": nn.Linear(9, 5, bias=False, dtype=torch.float64)}
    for layer in layers.values():
        for parameter in layer.parameters():
            parameter.normal_(0, 1, generator=generator(0))
    return layers


def weights_of(layer, found) -> torch.Tensor:
    return found.form.build(layer, found.tensors).weight.detach()


@pytest.mark.parametrize("bits", [1, 2, 5, 8, 16])
def test_each_weight_is_the_nearest_on_a_grid_written_down(bits):
    layers = random_layers()
    for name, found in uniform_quantisation(layers, False, bits=bits).items():
        layer = layers[name]
        expected = reference.on_grid(layer.weight.flatten().tolist(), bits)
        assert weights_of(layer, found).flatten().tolist() == pytest.approx(expected, abs=2e-6)
        biases = 0 if layer.bias is None else len(layer.bias)
        assert found.bits == reference.bits_of(layer.weight.numel(), bits, 1, biases)
        assert found.parameters == layer.weight.numel() + 2 + biases


@pytest.mark.parametrize("bits", [1, 3])
def test_by_filter_each_row_has_a_grid(bits):
    layer = random_layers()["0"]
    found = uniform_quantisation({"0": layer}, False, bits=bits, per="filter")["0"]
    for row, weights in zip(weights_of(layer, found).flatten(1), layer.weight.flatten(1), strict=True):
        assert row.tolist() == pytest.approx(reference.on_grid(weights.tolist(), bits), abs=2e-6)
    assert found.bits == reference.bits_of(36, bits, 3, 3)


def test_no_weight_moves_by_more_than_half_a_step_and_the_mean_square_is_a_twelfth_of_one():
    weights = torch.rand(20_000, dtype=torch.float64, generator=generator(0))
    layer = nn.Linear(200, 100, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(weights.view(100, 200))
    error = weights_of(layer, uniform_quantisation({"a": layer}, False, bits=4)["a"]).flatten() - weights
    step = float(weights.max() - weights.min()) / 15
    assert float(error.abs().max()) <= step / 2 * (1 + 1e-5)
    assert float(error.square().mean()) == pytest.approx(step**2 / 12, rel=0.03)


def test_equal_weights_stay_and_the_ends_are_on_the_grid():
    layer = nn.Linear(3, 2, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.fill_(0.25)
    assert weights_of(layer, uniform_quantisation({"a": layer}, False, bits=1)["a"]).unique().tolist() == [0.25]
    with torch.no_grad():
        layer.weight[0, 0], layer.weight[1, 2] = -1.0, 2.0
    found = weights_of(layer, uniform_quantisation({"a": layer}, False, bits=2)["a"])
    assert (float(found.min()), float(found.max())) == (-1.0, 2.0)


def test_numbers_of_no_place_are_none():
    found = numbers_on_grids({"a": torch.empty(0, dtype=torch.float64)}, followed=False, bits=3)["a"]
    assert found.code.expansion(found.tensors, 0)(found.tensors).numel() == 0


def test_what_cannot_be_is_refused():
    layers = random_layers()
    with pytest.raises(UsageError, match="uniform_quantisation needs bits"):
        uniform_quantisation(layers, False)
    found = uniform_quantisation(layers, False, bits=3)["4"]
    for form in (Grid(bits=4, grids=1, count=45), Grid(bits=3, grids=5, count=45), Grid(bits=3, grids=1, count=44)):
        with pytest.raises(UsageError, match="are not"):
            form.build(layers["4"], found.tensors)
    with torch.no_grad():
        layers["4"].weight[0, 0] = math.inf
    with pytest.raises(UsageError, match="layer 4: weights are not finite"):
        uniform_quantisation(layers, False, bits=3)
