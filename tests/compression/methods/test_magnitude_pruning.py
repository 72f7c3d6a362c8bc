import math

import pytest
import torch
from torch import nn

from genlab.compression.methods.magnitude_pruning import Sparse, falling_magnitudes, magnitude_pruning
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import magnitude_pruning as reference


@torch.no_grad()
def linear(rows: list[list[float]], bias: list[float] | None = None) -> nn.Linear:
    layer = nn.Linear(len(rows[0]), len(rows), bias=bias is not None, dtype=torch.float64)
    layer.weight.copy_(torch.tensor(rows, dtype=torch.float64))
    if bias is not None:
        layer.bias.copy_(torch.tensor(bias, dtype=torch.float64))
    return layer


@torch.no_grad()
def random_layers(seed: int = 0) -> dict[str, nn.Module]:
    """A convolution with groups, and two linear layers of other scales, one without a bias."""
    layers = {
        "0": nn.Conv2d(4, 6, (3, 2), groups=2, dtype=torch.float64),
        "3": nn.Linear(9, 7, bias=False, dtype=torch.float64),
        "5": nn.Linear(7, 3, dtype=torch.float64),
    }
    for scale, layer in zip((1.0, 0.3, 2.0), layers.values(), strict=True):
        for parameter in layer.parameters():
            parameter.normal_(0, scale, generator=generator(seed))
    # Equal magnitudes of both signs, so that ties are there to be broken.
    layers["3"].weight.copy_((layers["3"].weight * 4).round() / 4)
    return layers


def pruned(layers, **options):
    return magnitude_pruning(layers, falling_magnitudes(layers), False, **options)


def weights_of(layer, result) -> torch.Tensor:
    return result.form.build(layer, result.tensors).weight.detach()


@pytest.mark.parametrize("keep", [0.01, 0.1, 0.37, 0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_what_is_kept_is_what_taking_the_largest_one_by_one_keeps(keep, scope):
    layers = random_layers()
    found = pruned(layers, keep=keep, scope=scope)
    expected = reference.pruned(
        [layer.weight.flatten().tolist() for layer in layers.values()], keep, over_all=scope == "global"
    )
    for (name, layer), weights in zip(layers.items(), expected, strict=True):
        assert weights_of(layer, found[name]).flatten().tolist() == weights
        kept = found[name].form.kept
        biases = 0 if layer.bias is None else len(layer.bias)
        assert found[name].bits == reference.bits(kept, layer.weight.numel(), biases)


def test_the_largest_are_kept_whatever_their_sign():
    layers = {"a": linear([[1.0, -4.0], [3.0, -2.0]])}
    kept = {k / 4: weights_of(layers["a"], pruned(layers, keep=k / 4)["a"]).tolist() for k in (1, 2, 3, 4)}
    assert kept == {
        0.25: [[0.0, -4.0], [0.0, 0.0]],
        0.5: [[0.0, -4.0], [3.0, 0.0]],
        0.75: [[0.0, -4.0], [3.0, -2.0]],
        1.0: [[1.0, -4.0], [3.0, -2.0]],
    }


def test_over_the_whole_net_a_layer_of_small_weights_loses_more():
    layers = {"small": linear([[0.1, 0.2, 0.3, 0.4]]), "large": linear([[1.0, 2.0, 3.0, 0.35]])}
    by_layer, together = pruned(layers, keep=0.5), pruned(layers, keep=0.5, scope="global")
    assert [weights_of(layers[n], by_layer[n]).tolist() for n in layers] == [[[0, 0, 0.3, 0.4]], [[0, 2.0, 3.0, 0]]]
    assert [weights_of(layers[n], together[n]).tolist() for n in layers] == [[[0, 0, 0, 0.4]], [[1.0, 2.0, 3.0, 0]]]


def test_of_equal_magnitudes_the_first_are_kept():
    layers = {"a": linear([[1.0, -1.0]]), "b": linear([[1.0, -1.0]])}
    found = pruned(layers, keep=0.75, scope="global")
    assert [weights_of(layers[n], found[n]).tolist() for n in layers] == [[[1.0, -1.0]], [[1.0, 0.0]]]


def test_the_number_kept_is_the_nearest_and_of_two_the_even_one():
    layers = {"a": linear([[float(i) for i in range(1, 11)]])}
    kept = [pruned(layers, keep=keep)["a"].form.kept for keep in (0.04, 0.05, 0.15, 0.1, 0.3, 0.34, 0.36)]
    assert kept == [0, 0, 2, 1, 3, 3, 4]


def test_more_is_kept_with_more_and_what_is_kept_with_less_stays():
    layers = random_layers(1)
    for scope in ("layer", "global"):
        before = {name: torch.zeros_like(layer.weight, dtype=torch.bool) for name, layer in layers.items()}
        for keep in (0.1, 0.3, 0.6, 1.0):
            found = pruned(layers, keep=keep, scope=scope)
            now = {name: weights_of(layer, found[name]) != 0 for name, layer in layers.items()}
            assert all((before[name] <= now[name]).all() for name in layers)
            before = now


def test_the_scale_of_a_layer_does_not_matter_to_itself():
    layers = random_layers()
    small = {name: found.form for name, found in pruned(layers, keep=0.3).items()}
    with torch.no_grad():
        layers["0"].weight.mul_(2.0**-100)
    assert {name: found.form for name, found in pruned(layers, keep=0.3).items()} == small
    assert pruned(layers, keep=0.3, scope="global")["0"].form.kept == 0


@pytest.mark.parametrize(
    ("keep", "code", "numbers", "bits"),
    [
        (1.0, "dense", 100, 3200),
        (0.97, "dense", 100, 3200),  # 97 values and a bitmap are 3204 bits
        (0.96, "bitmap", 96, 96 * 32 + 100),
        (0.15, "bitmap", 15, 15 * 32 + 100),
        (0.14, "indices", 14, 14 * 32 + 14 * 7),  # 7 bits tell 100 places apart: 98 are fewer than 100
        (0.01, "indices", 1, 39),
    ],
)
def test_the_cheapest_code_is_taken(keep, code, numbers, bits):
    layers = {"a": linear([[float(i) for i in range(1, 101)]], bias=[1.0])}
    found = pruned(layers, keep=keep)["a"]
    assert (found.form.code, found.form.kept) == (code, round(keep * 100))
    assert (found.parameters, found.bits) == (numbers + 1, bits + 32)
    assert found.tensors["values"].numel() == numbers


def test_nothing_may_be_left_but_the_bias():
    layers = {"a": linear([[1.0, 2.0]], bias=[3.0])}
    found = pruned(layers, keep=0.1)["a"]
    assert (found.form.kept, found.parameters, found.bits) == (0, 1, 32)
    assert found.form.build(layers["a"], found.tensors)(torch.ones(1, 2, dtype=torch.float64)).tolist() == [[3.0]]


def test_weights_that_are_cut_are_positive_zeros_in_every_code():
    layers = {"a": linear([[-float(i) for i in range(1, 101)]])}
    for keep in (0.97, 0.5, 0.05):
        weights = weights_of(layers["a"], pruned(layers, keep=keep)["a"])
        assert (weights == 0).any()
        assert not weights[weights == 0].signbit().any()


def test_a_layer_is_built_from_what_is_stored_and_not_from_the_weights_that_were_there():
    layers, others = random_layers(1), random_layers(2)
    for keep in (0.05, 0.5, 1.0):
        for name, found in pruned(layers, keep=keep).items():
            built = found.form.build(others[name], found.tensors)
            expected = found.form.build(layers[name], found.tensors)
            assert torch.equal(built.weight, expected.weight)
            assert layers[name].bias is None or torch.equal(built.bias, layers[name].bias)


def test_weights_are_sorted_once_for_all_settings(monkeypatch):
    layers = random_layers()
    calls = []
    real = torch.Tensor.argsort
    monkeypatch.setattr(torch.Tensor, "argsort", lambda *a, **k: calls.append(1) or real(*a, **k))
    shared = falling_magnitudes(layers)
    for keep in (0.1, 0.5):
        for scope in ("layer", "global"):
            magnitude_pruning(layers, shared, False, keep=keep, scope=scope)
    assert len(calls) == 4, "each of three layers, and all of them together"


def test_pruning_leaves_the_layers_and_the_global_generator_as_they_were():
    layers, untouched, state = random_layers(), random_layers(), torch.get_rng_state()
    pruned(layers, keep=0.2, scope="global")
    assert all(torch.equal(layers[name].weight, untouched[name].weight) for name in layers)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_net_without_layers_has_none_that_are_pruned():
    assert pruned({}, keep=0.5) == pruned({}, keep=0.5, scope="global") == {}


def test_how_much_is_kept_has_to_be_said():
    with pytest.raises(UsageError, match="magnitude_pruning needs keep"):
        pruned(random_layers())


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_weights_that_are_not_finite_are_refused(value):
    layers = random_layers()
    with torch.no_grad():
        layers["5"].weight[0, 0] = value
    for scope in ("layer", "global"):
        with pytest.raises(UsageError, match="layer 5: weights are not finite"):
            pruned(layers, keep=0.5, scope=scope)


def damaged():
    layer = linear([[float(i) for i in range(1, 101)]], bias=[1.0])
    stored = {code: pruned({"a": layer}, keep=keep)["a"] for code, keep in (("bitmap", 0.5), ("dense", 1.0))}
    bitmap, dense = stored["bitmap"].tensors, stored["dense"].tensors
    yield layer, Sparse(code="bitmap", kept=49), bitmap
    yield layer, Sparse(code="dense", kept=50), bitmap
    yield layer, Sparse(code="bitmap", kept=50), dense
    yield layer, Sparse(code="bitmap", kept=50), bitmap | {"positions": bitmap["positions"] * 0}
    yield layer, Sparse(code="bitmap", kept=50), {name: bitmap[name] for name in ("values", "positions")}
    yield linear([[1.0, 2.0]], bias=[1.0]), Sparse(code="bitmap", kept=50), bitmap
    yield linear([[1.0, 2.0]], bias=[1.0]), Sparse(code="dense", kept=50), dense


@pytest.mark.parametrize(("layer", "form", "tensors"), list(damaged()))
def test_what_is_not_stored_of_such_a_layer_is_refused(layer, form, tensors):
    with pytest.raises(UsageError, match=r"are not those of|are no bitmap of"):
        form.build(layer, tensors)
