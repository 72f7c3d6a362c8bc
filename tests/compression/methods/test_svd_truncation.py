import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from genlab.compression.methods.svd_truncation import (
    LowRank,
    choose_rank,
    decomposition,
    decompositions,
    empty_factors,
    rank_of_share,
    saves_parameters,
    svd_truncation,
    truncated,
)
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import svd_truncation as reference

CONVOLUTIONS = {
    "stride 2 and padding": {"kernel_size": 3, "stride": 2, "padding": 1},
    "rectangular kernel": {"kernel_size": (3, 5), "padding": (0, 2)},
    "rectangular stride": {"kernel_size": (2, 3), "stride": (1, 2)},
    "dilation": {"kernel_size": 3, "dilation": 2, "padding": 2},
    "same padding": {"kernel_size": 3, "padding": "same"},
    "reflected padding": {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    "1x1": {"kernel_size": 1},
}


@torch.no_grad()
def linear(inputs: int, outputs: int, seed: int = 0, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=bias, dtype=torch.float64)
    for parameter in layer.parameters():
        parameter.normal_(generator=generator(seed))
    return layer


@torch.no_grad()
def convolution(seed: int = 0, **geometry) -> nn.Conv2d:
    layer = nn.Conv2d(8, 10, **geometry, dtype=torch.float64)
    for parameter in layer.parameters():
        parameter.normal_(generator=generator(seed))
    return layer


def effective_matrix(module: nn.Module) -> torch.Tensor:
    """The matrix [out, rest] that a layer or a chain of two factors stands for."""
    layers = list(module) if isinstance(module, nn.Sequential) else [module]
    matrix = layers[0].weight.detach().flatten(1)
    for layer in layers[1:]:
        matrix = layer.weight.detach().flatten(1) @ matrix
    return matrix


def parameter_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def random_singular_values(seed: int, count: int = 17) -> list[float]:
    return torch.randn(count, dtype=torch.float64, generator=generator(seed)).abs().tolist()


# choose_rank


@pytest.mark.parametrize("seed", range(5))
def test_rank_choices_are_those_of_counting_one_by_one(seed):
    values = random_singular_values(seed)
    tensor = torch.tensor(values, dtype=torch.float64)
    for rank in (1, 5, 17, 40):
        assert choose_rank(tensor, rank=rank) == reference.rank_by_number(values, rank)
    for energy in (1e-9, 0.1, 0.5, 0.9, 0.99, 0.999999):
        assert choose_rank(tensor, energy=energy) == reference.rank_by_energy(values, energy)
    for threshold in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert choose_rank(tensor, threshold=threshold) == reference.rank_by_threshold(values, threshold)


def test_rank_choices_known_beforehand():
    s = torch.tensor([4.0, 2.0, 2.0, 1.0])  # squares 16, 4, 4, 1 of 25
    assert [choose_rank(s, energy=e) for e in (0.64, 0.65, 0.8, 0.81, 0.96, 0.97, 1.0)] == [1, 2, 2, 3, 3, 4, 4]
    assert [choose_rank(s, threshold=t) for t in (0.0, 0.25, 0.26, 0.5, 0.51, 1.0)] == [4, 4, 3, 3, 1, 1]
    assert [choose_rank(s, rank=r) for r in (1, 3, 4, 9)] == [1, 3, 4, 4]


def test_the_largest_value_is_always_kept_and_equal_ones_count_alike():
    s = torch.ones(8)
    assert choose_rank(s, threshold=1.0) == 8
    assert choose_rank(s, energy=0.5) == 4
    assert choose_rank(s, energy=1e-12) == 1


def test_a_layer_of_zeros_has_rank_zero_by_every_rule():
    for setting in ({"rank": 3}, {"energy": 0.5}, {"energy": 1.0}, {"threshold": 0.0}, {"threshold": 1.0}):
        assert choose_rank(torch.zeros(5), **setting) == 0


@pytest.mark.parametrize("seed", range(5))
def test_threshold_keeps_at_most_stable_rank_over_t_squared(seed):
    s = torch.tensor(random_singular_values(seed), dtype=torch.float64)
    stable_rank = float(s.square().sum() / s.max().square())
    for t in (0.05, 0.2, 0.4, 0.7, 1.0):
        assert choose_rank(s, threshold=t) <= stable_rank / t**2


@pytest.mark.parametrize("t", [0.7, 0.9, 1.0])
def test_that_bound_is_nearly_met_by_values_just_above_the_threshold_and_says_which_are_below(t):
    above = torch.tensor([1.0] + 16 * [t], dtype=torch.float64)
    assert choose_rank(above, threshold=t) == 17
    assert float(above.square().sum()) / t**2 == pytest.approx(16 + 1 / t**2)
    below = torch.tensor([1.0] + 16 * [0.95 * t], dtype=torch.float64)
    assert choose_rank(below, threshold=t) <= float(below.square().sum()) / t**2


@pytest.mark.parametrize("seed", range(3))
def test_rank_grows_with_energy_and_falls_with_threshold(seed):
    s = torch.tensor(random_singular_values(seed), dtype=torch.float64)
    settings = [i / 50 for i in range(1, 51)]
    by_energy = [choose_rank(s, energy=e) for e in settings]
    by_threshold = [choose_rank(s, threshold=t) for t in settings]
    assert by_energy == sorted(by_energy)
    assert by_energy[-1] == 17
    assert by_threshold == sorted(by_threshold, reverse=True)


def test_scale_and_order_of_singular_values_do_not_matter():
    s = torch.tensor(random_singular_values(1), dtype=torch.float64)
    for changed in (s * 2.0**600, s * 2.0**-600, s.flip(0)):
        assert choose_rank(changed, energy=0.7) == choose_rank(s, energy=0.7)
        assert choose_rank(changed, threshold=0.3) == choose_rank(s, threshold=0.3)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({}, "exactly one of rank, energy and threshold; got none"),
        ({"rank": 2, "energy": 0.5}, "exactly one of rank, energy and threshold; got rank, energy"),
        ({"energy": 0.0}, "energy must be above 0 and at most 1; got 0"),
        ({"energy": 2.0}, "energy must be above 0 and at most 1; got 2"),
        ({"energy": math.nan}, "energy must be above 0"),
        ({"rank": 0}, "rank must be a whole number, 1 or more; got 0"),
        ({"rank": 2.5}, "rank must be a whole number"),
        ({"rank": True}, "rank must be a whole number"),
        ({"threshold": -0.1}, r"threshold must be in 0\.\.1; got -0.1"),
        ({"threshold": 1.1}, r"threshold must be in 0\.\.1"),
    ],
)
def test_impossible_settings_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        choose_rank(torch.ones(4), **setting)


# truncated


@pytest.mark.parametrize("rank", [1, 3, 9, 19])
@pytest.mark.parametrize("layer", [linear(30, 20), convolution(kernel_size=3)], ids=["linear", "convolution"])
def test_truncation_errors_are_those_of_eckart_and_young(layer, rank):
    matrix = layer.weight.detach().flatten(1)
    s = torch.linalg.svdvals(matrix)
    rank = min(rank, len(s) - 1)
    difference = matrix - effective_matrix(truncated(layer, rank))
    assert float(torch.linalg.matrix_norm(difference)) == pytest.approx(
        float(s[rank:].square().sum().sqrt()), rel=1e-10
    )
    assert float(torch.linalg.matrix_norm(difference, 2)) == pytest.approx(float(s[rank]), rel=1e-10)


def test_no_random_matrix_of_the_same_rank_is_nearer():
    layer = linear(12, 9)
    best = torch.linalg.matrix_norm(layer.weight.detach() - effective_matrix(truncated(layer, 3)))
    draws = generator(5)
    for _ in range(20):
        basis = torch.linalg.qr(torch.randn(12, 3, dtype=torch.float64, generator=draws)).Q
        projected = layer.weight.detach() @ basis @ basis.T
        assert torch.linalg.matrix_norm(layer.weight.detach() - projected) >= best


@pytest.mark.parametrize("geometry", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_factored_convolution_computes_what_the_truncated_kernel_does(geometry):
    layer = convolution(**geometry)
    rank = 2
    result = truncated(layer, rank)
    assert isinstance(result, nn.Sequential)
    U, s, Vh = torch.linalg.svd(layer.weight.detach().flatten(1), full_matrices=False)
    kernel = sum(s[i] * torch.outer(U[:, i], Vh[i]) for i in range(rank)).view_as(layer.weight)
    images = torch.randn(3, 8, 9, 11, dtype=torch.float64, generator=generator(7))
    dense = convolution(**geometry)
    with torch.no_grad():
        dense.weight.copy_(kernel)
        torch.testing.assert_close(result(images), dense(images), rtol=1e-12, atol=1e-12)


def test_a_factored_linear_layer_computes_what_the_truncated_matrix_does():
    layer = linear(30, 20)
    result = truncated(layer, 4)
    assert isinstance(result, nn.Sequential)
    inputs = torch.randn(5, 30, dtype=torch.float64, generator=generator(7))
    expected = F.linear(inputs, effective_matrix(result), layer.bias)
    torch.testing.assert_close(result(inputs), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_parameters_of_factored_layers_are_rank_times_both_sides_and_the_bias(bias):
    assert parameter_count(truncated(linear(30, 20, bias=bias), 4)) == 4 * (30 + 20) + 20 * bias
    layer = convolution(kernel_size=(3, 5), bias=bias)
    assert parameter_count(truncated(layer, 4)) == 4 * (8 * 3 * 5 + 10) + 10 * bias


def test_factors_are_kept_only_where_they_are_fewer_and_the_function_is_truncated_all_the_same():
    layer = linear(30, 20)  # 600 weights; rank 12 has exactly 600
    assert [saves_parameters(layer, rank) for rank in (11, 12, 13)] == [True, False, False]
    result = truncated(layer, 12)
    assert isinstance(result, nn.Linear)
    assert parameter_count(result) == 620
    assert int(torch.linalg.matrix_rank(result.weight)) == 12
    s = torch.linalg.svdvals(layer.weight.detach())
    error = torch.linalg.matrix_norm(layer.weight.detach() - result.weight.detach(), 2)
    assert float(error) == pytest.approx(float(s[12]), rel=1e-10)


def test_the_factors_share_the_singular_values_evenly():
    layer = linear(30, 20)
    first, second = truncated(layer, 3)
    s = torch.linalg.svdvals(layer.weight.detach())[:3]
    torch.testing.assert_close(torch.linalg.svdvals(first.weight.detach()), s.sqrt())
    torch.testing.assert_close(torch.linalg.svdvals(second.weight.detach()), s.sqrt())


@pytest.mark.parametrize("layer", [linear(30, 20), convolution(kernel_size=3, stride=2)], ids=["linear", "convolution"])
def test_full_rank_keeps_the_layer_bit_for_bit(layer):
    result = truncated(layer, 1000)
    assert type(result) is type(layer)
    assert torch.equal(result.weight, layer.weight)
    assert torch.equal(result.bias, layer.bias)


def test_a_layer_of_zeros_stays_one():
    layer = linear(30, 20)
    with torch.no_grad():
        layer.weight.zero_()
    result = truncated(layer, 0)
    assert not effective_matrix(result).any()
    assert torch.equal(result(torch.ones(2, 30, dtype=torch.float64)), layer.bias.expand(2, 20))


def test_truncation_leaves_the_layer_and_the_global_generator_as_they_were():
    layer = linear(30, 20).eval()
    before, state = layer.weight.detach().clone(), torch.get_rng_state()
    result = truncated(layer, 3)
    assert torch.equal(layer.weight, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in result.modules())
    assert truncated(layer.float(), 3)[0].weight.dtype == torch.float32


def test_a_grouped_convolution_is_refused():
    with pytest.raises(UsageError, match="2 groups cannot be cut by its singular values; leave it out with `layers`"):
        truncated(nn.Conv2d(4, 4, 3, groups=2), 1)


def test_weights_that_are_not_finite_are_refused():
    layer = linear(6, 5)
    with torch.no_grad():
        layer.weight[0, 0] = math.inf
    with pytest.raises(UsageError, match="weights are not finite"):
        truncated(layer, 1)


def test_a_negative_rank_is_refused():
    with pytest.raises(UsageError, match="rank must be 0 or more; got -1"):
        truncated(linear(6, 5), -1)


# LowRank


def test_a_rank_above_the_full_one_is_refused():
    layer = linear(30, 20)
    with pytest.raises(UsageError, match="a layer of rank 20 at most cannot have rank 21"):
        LowRank(form="factored", rank=21).build(layer, truncated(layer, 3).state_dict())


@pytest.mark.parametrize("rank", [3, 15])
def test_a_layer_is_built_from_what_is_stored_and_not_from_the_weights_that_were_there(rank):
    layer, other = convolution(kernel_size=3), convolution(kernel_size=3, seed=9)
    result = svd_truncation({"a": layer}, decompositions({"a": layer}), rank=rank)["a"]
    inputs = torch.randn(2, 8, 5, 5, dtype=torch.float64, generator=generator(7))
    expected = truncated(layer, rank)(inputs)
    assert torch.equal(result.form.build(other, result.tensors)(inputs), expected)


def test_factors_draw_no_random_numbers():
    layer, state = linear(30, 20), torch.get_rng_state()
    empty_factors(layer, 3)
    assert torch.equal(torch.get_rng_state(), state)


# svd_truncation


def test_each_layer_gets_its_own_rank_and_is_decomposed_once(monkeypatch):
    layers = {"a": linear(30, 20, seed=1), "b": linear(20, 10, seed=2)}
    calls = []

    def counted(layer):
        calls.append(layer)
        return decomposition(layer)

    monkeypatch.setattr("genlab.compression.methods.svd_truncation.decomposition", counted)
    shared = decompositions(layers)
    for energy in (0.3, 0.6):
        result = svd_truncation(layers, shared, energy=energy)
        for name, layer in layers.items():
            s = torch.linalg.svdvals(layer.weight.detach())
            assert result[name].form.rank == choose_rank(s, energy=energy)
    assert len(calls) == 2


def test_a_refused_layer_is_named():
    layers = {"3": nn.Conv2d(4, 4, 3, groups=2)}
    with pytest.raises(UsageError, match="layer 3: a convolution with 2 groups"):
        svd_truncation(layers, decompositions(layers), rank=1)


def test_stored_numbers_and_bits_are_counted():
    layers = {"a": linear(30, 20)}
    shared = decompositions(layers)
    result = svd_truncation(layers, shared, rank=4)["a"]
    assert (result.form.form, result.form.rank) == ("factored", 4)
    assert result.parameters == 4 * 50 + 20
    assert result.bits == 32 * 220
    result = svd_truncation(layers, shared, rank=15)["a"]
    assert (result.form.form, result.form.rank, result.parameters) == ("dense", 15, 620)


@pytest.mark.parametrize(("share", "rank"), [(1.0, 30), (0.9, 20), (0.5, 11), (0.1, 2), (0.02, 1), (0.001, 1)])
def test_a_share_is_the_largest_rank_that_stores_no_more(share, rank):
    layer = linear(90, 30)
    assert rank_of_share(layer, share) == rank
    (stored,) = svd_truncation({"1": layer}, decompositions({"1": layer}), share=share).values()
    assert stored.form.rank == rank
    assert share < 0.05 or stored.parameters - 30 <= share * 90 * 30
    assert share == 1 or (rank + 1) * 120 > share * 90 * 30


def test_a_share_is_the_decimal_that_was_written():
    assert rank_of_share(linear(200, 200), 0.29) == 29


def test_a_share_stands_alone():
    layers = {"1": linear(9, 3)}
    with pytest.raises(UsageError, match="layer 1: give exactly one of rank, energy, threshold and share"):
        svd_truncation(layers, decompositions(layers), share=0.5, rank=1)
