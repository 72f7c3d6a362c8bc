import math

import pytest
import torch
from torch import nn

from genlab.linalg.lanczos import SingularValue
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.spectral_complexity import (
    frobenius_over_spectral_kernel,
    frobenius_over_spectral_operator,
    log_spectral_init_kernel_over_margin_10,
    log_spectral_init_operator_over_margin_10,
    log_spectral_orig_kernel_over_margin_10,
    log_spectral_orig_operator_over_margin_10,
)
from genlab.models.traversal import weight_layers

# Their 5th percentile is 0.1 and their 10th 0.5.
MARGINS = torch.cat([torch.full((8,), 0.1), torch.full((93,), 0.5)]).double()
SPECTRA = {"1": torch.tensor([2.0]), "3": torch.tensor([5.0])}


def layers(*scales):
    """Multiples of the identity of 3 units: squared Frobenius norm 3 s^2, spectral norm s."""
    modules = [nn.Flatten()]
    for scale in scales:
        layer = nn.Linear(3, 3).double()
        layer.weight.data = scale * torch.eye(3, dtype=torch.float64)
        modules += [layer, nn.ReLU()]
    return weight_layers(nn.Sequential(*modules), (3, 1, 1))


def operators(first_residual=0.0, converged=True):
    return {"1": SingularValue(2.0, first_residual, 30, converged), "3": SingularValue(5.0, 0.0, 0, True)}


def test_multiples_of_the_identity():
    trained, initial = layers(2.0, 5.0), layers(1.0, 1.0)
    # Each layer has stable rank 3; the distances are 3 * 1 and 3 * 16.
    orig, init = math.log(100 * 6 / 0.25), math.log(100 * (3 / 4 + 48 / 25) / 0.25)
    assert frobenius_over_spectral_kernel(trained, SPECTRA) == pytest.approx(6)
    assert log_spectral_orig_kernel_over_margin_10(trained, SPECTRA, MARGINS) == pytest.approx(orig)
    assert log_spectral_init_kernel_over_margin_10(trained, initial, SPECTRA, MARGINS) == pytest.approx(init)
    assert frobenius_over_spectral_operator(trained, operators()).value == pytest.approx(6)
    assert log_spectral_orig_operator_over_margin_10(trained, operators(), MARGINS).value == pytest.approx(orig)
    found = log_spectral_init_operator_over_margin_10(trained, initial, operators(), MARGINS)
    assert found.value == pytest.approx(init)


def test_the_residual_covers_the_error_that_an_operator_norm_may_have():
    trained, initial = layers(2.0, 5.0), layers(1.0, 1.0)
    exact, off = operators(), {**operators(), "1": SingularValue(2.01, 0.0, 0, True)}
    for measure in (
        lambda norms: frobenius_over_spectral_operator(trained, norms),
        lambda norms: log_spectral_orig_operator_over_margin_10(trained, norms, MARGINS),
        lambda norms: log_spectral_init_operator_over_margin_10(trained, initial, norms, MARGINS),
    ):
        residual = measure(operators(0.01)).residual
        moved = abs(measure(off).value - measure(exact).value)
        assert 0 < moved <= 1.01 * residual < 0.05
        assert measure(exact).residual == 0
        assert measure(operators(0.01)).iterations == 30
        assert not measure(operators(0.01, converged=False)).converged


def test_rescaling_whole_layers_leaves_the_ratio_and_the_complexity_from_the_origin_alone():
    spectra = {"1": torch.tensor([14.0]), "3": torch.tensor([5 / 7])}
    before = log_spectral_orig_kernel_over_margin_10(layers(2.0, 5.0), SPECTRA, MARGINS)
    after = log_spectral_orig_kernel_over_margin_10(layers(14.0, 5 / 7), spectra, MARGINS)
    assert after == pytest.approx(before)


def test_what_has_no_value_has_a_reason():
    trained = layers(2.0, 5.0)
    with pytest.raises(NotApplicable, match="every layer is where it began"):
        log_spectral_init_kernel_over_margin_10(trained, trained, SPECTRA, MARGINS)
    with pytest.raises(NotApplicable, match="layer 3 has norm 0"):
        frobenius_over_spectral_kernel(trained, {**SPECTRA, "3": torch.tensor([0.0])})
    with pytest.raises(NotApplicable, match="10th percentile of the margins is -0"):
        log_spectral_orig_kernel_over_margin_10(trained, SPECTRA, -MARGINS)
