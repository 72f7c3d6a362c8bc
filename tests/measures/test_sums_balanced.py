import math

import pytest
import torch
from torch import nn

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.sums_balanced import (
    log_balanced_sum,
    log_balanced_sum_frobenius,
    log_balanced_sum_frobenius_over_margin_10,
    log_balanced_sum_spectral_kernel,
    log_balanced_sum_spectral_kernel_over_margin_10,
    log_balanced_sum_spectral_operator,
    log_balanced_sum_spectral_operator_over_margin_10,
)
from genlab.models.traversal import weight_layers

# Their 5th percentile is 0.1 and their 10th 0.5.
MARGINS = torch.cat([torch.full((8,), 0.1), torch.full((93,), 0.5)]).double()
SPECTRA = {"a": torch.tensor([2.0, 1.0]), "b": torch.tensor([8.0, 0.0])}
OPERATORS = {"a": SingularValue(2.0, 0.02, 40, True), "b": SingularValue(8.0, 0.0, 0, True)}


def layers(*scales):
    modules = [nn.Flatten()]
    for scale in scales:
        layer = nn.Linear(3, 3).double()
        layer.weight.data = scale * torch.eye(3, dtype=torch.float64)
        modules += [layer, nn.ReLU()]
    return weight_layers(nn.Sequential(*modules), (3, 1, 1))


def test_layers_of_norm_2_and_8_are_balanced_at_4():
    assert log_balanced_sum({"a": 2.0, "b": 8.0}) == pytest.approx(math.log(2 * 16))
    assert log_balanced_sum_spectral_kernel(SPECTRA) == pytest.approx(math.log(32))
    assert log_balanced_sum_spectral_operator(OPERATORS).value == pytest.approx(math.log(32))
    assert log_balanced_sum_frobenius(layers(2.0, 8.0)) == pytest.approx(math.log(2 * 3 * 16))


def test_it_is_the_least_sum_that_rescaling_reaches():
    norms = torch.tensor([0.3, 5.0, 1.7], dtype=torch.float64)
    least = math.exp(log_balanced_sum({str(i): float(norm) for i, norm in enumerate(norms)}))
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(200_000, 3, dtype=torch.float64, generator=generator)
    factors = (factors - factors.mean(1, keepdim=True)).exp()
    sums = (norms * factors).square().sum(1)
    assert least <= float(sums.min()) < 1.01 * least


def test_the_margin_is_under_the_root_of_the_depth():
    expected = math.log(2 * 16 / 0.5)
    assert log_balanced_sum_spectral_kernel_over_margin_10(SPECTRA, MARGINS) == pytest.approx(expected)
    assert log_balanced_sum_spectral_operator_over_margin_10(OPERATORS, MARGINS).value == pytest.approx(expected)
    found = log_balanced_sum_frobenius_over_margin_10(layers(2.0, 8.0), MARGINS)
    assert found == pytest.approx(expected + math.log(3))


def test_the_operator_form_carries_its_error():
    for found in (
        log_balanced_sum_spectral_operator(OPERATORS),
        log_balanced_sum_spectral_operator_over_margin_10(OPERATORS, MARGINS),
    ):
        assert found.residual == pytest.approx(0.01)
        assert (found.iterations, found.converged) == (40, True)


def test_what_has_no_logarithm_has_a_reason():
    with pytest.raises(NotApplicable, match="layer b has norm 0"):
        log_balanced_sum({"a": 1.0, "b": 0.0})
    with pytest.raises(NotApplicable, match="10th percentile of the margins is -0"):
        log_balanced_sum_frobenius_over_margin_10(layers(1.0), -MARGINS)
