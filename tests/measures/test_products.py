import math

import pytest
import torch
from torch import nn

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.products import (
    log_l1_inf_norm,
    log_l1_inf_norm_over_margin_5,
    log_l2_norm,
    log_l2_norm_over_margin_5,
    log_l2_norm_over_margin_10,
    log_spectral_norm_circular,
    log_spectral_norm_circular_over_margin_10,
    log_spectral_norm_kernel,
    log_spectral_norm_kernel_over_margin_5,
    log_spectral_norm_kernel_over_margin_10,
    log_spectral_norm_operator,
    log_spectral_norm_operator_over_margin_5,
    log_spectral_norm_operator_over_margin_10,
    log_squared_product,
)
from genlab.models.traversal import weight_layers

MARGINS = torch.full((20,), 0.5, dtype=torch.float64)


def diagonal_net(*scales):
    """Linear layers scale * identity of 3 units, with ReLU between them."""
    modules = [nn.Flatten()]
    for scale in scales:
        layer = nn.Linear(3, 3).double()
        layer.weight.data = scale * torch.eye(3, dtype=torch.float64)
        modules += [layer, nn.ReLU()]
    return weight_layers(nn.Sequential(*modules), (3, 1, 1))


def test_products_of_diagonal_layers():
    layers = diagonal_net(2.0, 5.0)
    assert log_l2_norm(layers) == pytest.approx(math.log(12 * 75))
    assert log_l1_inf_norm(layers) == pytest.approx(math.log(4 * 25))
    spectra = {"a": torch.tensor([2.0, 1.0]), "b": torch.tensor([5.0, 0.0])}
    assert log_spectral_norm_kernel(spectra, layers) == pytest.approx(math.log(100))


def test_factors_of_depth_and_width_are_those_of_the_text():
    """prod 4 ||W||_F^2 and prod h ||W||_2^2; two layers of 3 units each."""
    layers, spectra = diagonal_net(2.0, 5.0), {"a": torch.tensor([10.0])}
    assert log_l2_norm(layers, factors=True) == pytest.approx(math.log(4 * 12 * 4 * 75))
    assert log_spectral_norm_kernel(spectra, layers, factors=True) == pytest.approx(math.log(3 * 3 * 100))
    over_margin = log_l2_norm_over_margin_5(layers, MARGINS, factors=True)
    assert over_margin == pytest.approx(math.log(4 * 12 * 4 * 75 / 0.25))
    over_margin = log_spectral_norm_kernel_over_margin_5(spectra, layers, MARGINS, factors=True)
    assert over_margin == pytest.approx(math.log(900 / 0.25))


def test_the_margin_enters_squared():
    layers, spectra = diagonal_net(2.0, 5.0), {"a": torch.tensor([10.0])}
    assert log_l2_norm_over_margin_5(layers, MARGINS) == pytest.approx(math.log(900 / 0.25))
    assert log_l1_inf_norm_over_margin_5(layers, MARGINS) == pytest.approx(math.log(100 / 0.25))
    assert log_spectral_norm_kernel_over_margin_5(spectra, layers, MARGINS) == pytest.approx(math.log(100 / 0.25))


def test_the_margin_is_the_percentile_in_the_name():
    # 5th percentile 0.1, 10th percentile 0.5.
    margins = torch.cat([torch.full((8,), 0.1), torch.full((93,), 0.5)]).double()
    layers, spectra = diagonal_net(2.0, 5.0), {"a": torch.tensor([10.0])}
    operators = {"a": SingularValue(10.0, 0.1, 7, True)}
    assert log_l2_norm_over_margin_5(layers, margins) == pytest.approx(math.log(900 / 0.01))
    assert log_l2_norm_over_margin_10(layers, margins) == pytest.approx(math.log(900 / 0.25))
    assert log_spectral_norm_kernel_over_margin_10(spectra, margins) == pytest.approx(math.log(100 / 0.25))
    assert log_spectral_norm_circular({"a": 10.0}) == pytest.approx(math.log(100))
    assert log_spectral_norm_circular_over_margin_10({"a": 10.0}, margins) == pytest.approx(math.log(100 / 0.25))
    found = log_spectral_norm_operator_over_margin_10(operators, margins)
    assert found.value == pytest.approx(math.log(100 / 0.25))
    assert (found.residual, found.iterations, found.converged) == (pytest.approx(0.02), 7, True)


def test_the_operator_form_carries_its_error():
    norms = {"a": SingularValue(2.0, 0.02, 40, True), "b": SingularValue(5.0, 0.0, 0, True)}
    plain, normalised = log_spectral_norm_operator(norms), log_spectral_norm_operator_over_margin_5(norms, MARGINS)
    assert plain.value == pytest.approx(math.log(100))
    assert normalised.value == pytest.approx(math.log(100 / 0.25))
    for found in (plain, normalised):
        assert (found.iterations, found.converged) == (40, True)
        assert found.residual == pytest.approx(0.02)
    norms["b"] = SingularValue(5.0, 0.1, 2000, False)
    assert not log_spectral_norm_operator(norms).converged


def test_nineteen_layers_of_any_size_do_not_overflow():
    for exponent in (-30, 30):
        layers = diagonal_net(*[10.0**exponent] * 19)
        expected = 19 * (math.log(3) + 2 * exponent * math.log(10))
        assert log_l2_norm(layers) == pytest.approx(expected)


def test_a_layer_of_zeros_has_no_logarithm():
    with pytest.raises(NotApplicable, match="layer 3 has norm 0"):
        log_l2_norm(diagonal_net(2.0, 0.0))
    with pytest.raises(NotApplicable, match="layer b has norm 0"):
        log_spectral_norm_operator({"a": SingularValue(1, 0, 0, True), "b": SingularValue(0, 0, 0, True)})


def test_a_negative_margin_normalises_nothing():
    with pytest.raises(NotApplicable, match=r"margins is -0\.5"):
        log_l2_norm_over_margin_5(diagonal_net(2.0), -MARGINS)


def test_rescaling_whole_layers_leaves_the_product_alone():
    assert log_l2_norm(diagonal_net(2.0, 3.0)) == pytest.approx(log_l2_norm(diagonal_net(2.0 * 7, 3.0 / 7)))


def test_a_product_is_twice_the_sum_of_logarithms():
    assert log_squared_product({"a": math.e, "b": math.e**2}) == pytest.approx(6)
