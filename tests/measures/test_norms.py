import math

import pytest
import torch
from torch import nn

from genlab.linalg.lanczos import SingularValue
from genlab.linalg.singular_values import singular_values
from genlab.measures.computing.registry import Value
from genlab.measures.norms import (
    frobenius_norm,
    l1_inf_norm,
    matrix_norm,
    pq_norm,
    spectral_norm_circular,
    spectral_norm_kernel,
    spectral_norm_operator,
)
from genlab.models.traversal import weight_layers


def linear_layer(rows):
    weight = torch.tensor(rows, dtype=torch.float64)
    layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
    layer.weight.data = weight
    return weight_layers(nn.Sequential(nn.Flatten(), layer), (weight.shape[1], 1, 1))


def test_frobenius_of_a_diagonal_matrix():
    assert frobenius_norm(linear_layer([[3, 0], [0, 4]])) == {"1": pytest.approx(5)}


def test_a_kernel_counts_each_weight_once():
    conv = nn.Conv2d(2, 3, 3, padding=1).double()
    nn.init.constant_(conv.weight, -0.5)
    layers = weight_layers(nn.Sequential(conv), (2, 8, 8))
    assert frobenius_norm(layers)["0"] == pytest.approx(0.5 * math.sqrt(54))
    assert l1_inf_norm(layers)["0"] == pytest.approx(9)
    assert pq_norm(layers)["0"] == pytest.approx(3 * 0.5 * math.sqrt(18))


def test_biases_stay_out():
    layers = linear_layer([[1, 0], [0, 1]])
    nn.init.constant_(layers[0].module.bias, 100)
    assert frobenius_norm(layers)["1"] == pytest.approx(math.sqrt(2))
    assert l1_inf_norm(layers)["1"] == 1


def test_the_pq_norm_is_inner_over_inputs_and_outer_over_units():
    layers = linear_layer([[3, -4, 0], [0, 0, -12]])
    assert pq_norm(layers)["1"] == pytest.approx(5 + 12)
    assert pq_norm(layers, p=1, q=math.inf)["1"] == pytest.approx(12)
    assert pq_norm(layers, p=math.inf, q=1)["1"] == pytest.approx(4 + 12)
    assert pq_norm(layers, p=1, q=2)["1"] == pytest.approx(math.hypot(7, 12))
    assert pq_norm(layers, p=2, q=2)["1"] == pytest.approx(13)
    assert pq_norm(layers, p=3, q=1.5)["1"] == pytest.approx((91 ** (1 / 2) + 12**1.5) ** (1 / 1.5))


def test_l1_inf_is_the_largest_row():
    assert l1_inf_norm(linear_layer([[1, -2, 3], [-4, 0, 0]])) == {"1": 6}


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_norms_neither_vanish_nor_overflow(scale):
    matrix = torch.tensor([[3.0, 4.0]], dtype=torch.float64) * scale
    assert matrix_norm(matrix, 2, 1) == pytest.approx(5 * scale)


def test_a_layer_of_zeros_has_norm_zero():
    assert pq_norm(linear_layer([[0, 0], [0, 0]])) == {"1": 0.0}


@pytest.mark.parametrize(("p", "q"), [(0, 1), (2, -1)])
def test_only_positive_p_and_q_are_norms(p, q):
    with pytest.raises(ValueError, match="positive"):
        matrix_norm(torch.ones(2, 2), p, q)


def test_spectral_norms_pass_on_what_was_found():
    spectra = {"a": singular_values(torch.diag(torch.tensor([2.0, 7.0, 1.0])))}
    assert spectral_norm_kernel(spectra) == {"a": 7.0}
    found = spectral_norm_operator({"a": SingularValue(7.0, 1e-9, 40, False)})
    assert found == {"a": Value(7.0, residual=1e-9, iterations=40, converged=False)}


def test_the_circular_form_is_handed_on_by_layer():
    assert spectral_norm_circular({"a": 2.5, "b": 0.0}) == {"a": 2.5, "b": 0.0}
