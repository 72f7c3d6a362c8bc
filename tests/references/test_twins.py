"""The twins against closed forms, against torch, and against each other."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.references import folding, forward, hessian, margins, norms, operators, path_norms, products


def convolution(weight, stride=1, padding=1, bias=None):
    return {"kind": "conv", "weight": weight, "bias": bias, "stride": stride, "padding": padding}


def linear(weight, bias=None):
    return {"kind": "linear", "weight": weight, "bias": bias}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize(("stride", "padding", "kernel"), [(1, 1, 3), (2, 1, 3), (1, 0, 2), (3, 2, 5)])
def test_convolution_is_that_of_torch_and_of_its_matrix(rng, stride, padding, kernel):
    x, weight = rng.standard_normal((2, 7, 6)), rng.standard_normal((3, 2, kernel, kernel))
    found = forward.convolve(x, weight, stride, padding)
    expected = F.conv2d(torch.tensor(x)[None], torch.tensor(weight), stride=stride, padding=padding)[0].numpy()
    matrix = operators.convolution_matrix(weight, x.shape, stride, padding)
    assert np.abs(found - expected).max() < 1e-12
    assert np.abs(matrix @ x.reshape(-1) - expected.reshape(-1)).max() < 1e-12


def test_pools_are_those_of_torch_and_of_their_matrix(rng):
    x = rng.standard_normal((3, 7, 6))
    average = forward.apply_layer({"kind": "average_pool", "size": 2}, x)
    largest = forward.apply_layer({"kind": "max_pool", "size": 3}, x)
    assert np.abs(average - F.avg_pool2d(torch.tensor(x), 2).numpy()).max() < 1e-12
    assert np.abs(largest - F.max_pool2d(torch.tensor(x), 3).numpy()).max() == 0
    assert np.abs(operators.pooling_matrix(x.shape, 2, 0.25) @ x.reshape(-1) - average.reshape(-1)).max() < 1e-12


def test_folding_changes_no_output(rng):
    def batch_norm(channels):
        return {
            "kind": "batch_norm",
            "mean": rng.standard_normal(channels),
            "variance": rng.uniform(0.1, 4, channels),
            "scale": rng.standard_normal(channels),
            "shift": rng.standard_normal(channels),
            "epsilon": 0.5,
        }

    net = [
        convolution(rng.standard_normal((3, 2, 3, 3)), bias=rng.standard_normal(3)),
        batch_norm(3),
        {"kind": "relu"},
        {"kind": "flatten"},
        linear(rng.standard_normal((5, 48))),
        batch_norm(5),
    ]
    images = rng.standard_normal((4, 2, 4, 4))
    plain = folding.fold(net)
    assert [layer["kind"] for layer in plain] == ["conv", "relu", "flatten", "linear"]
    expected = forward.forward(net, images)
    assert np.abs(forward.forward(plain, images) - expected).max() < 1e-12 * np.abs(expected).max()


def test_margins_keep_their_sign():
    assert margins.margins([[1.0, 4.0, 2.5], [1.0, 4.0, 2.5], [3.0, 3.0, 0.0]], [1, 0, 0]) == [1.5, -3.0, 0.0]


def test_percentiles_are_linear_between_order_statistics(rng):
    assert margins.percentile([10.0, 0.0, 20.0], 25) == 5.0
    values = rng.standard_normal(37)
    for percent in (0, 5, 10, 50, 99, 100):
        assert margins.percentile(values, percent) == pytest.approx(np.percentile(values, percent), rel=1e-14)


def test_norms_of_a_small_matrix():
    weight = np.array([[3.0, -4.0], [0.0, 12.0]])
    assert norms.frobenius(weight) == 13.0
    assert norms.pq(weight, 2, 1) == pytest.approx(17.0, rel=1e-15)
    assert norms.pq(weight, 2, 2) == pytest.approx(13.0, rel=1e-15)
    assert norms.pq(weight, 1, 2) == pytest.approx(math.sqrt(49 + 144), rel=1e-15)
    assert norms.l1_inf(weight) == 12.0
    assert norms.spectral_of_kernel(np.diag([2.0, -5.0, 1.0])) == pytest.approx(5.0, rel=1e-15)


def test_iterated_and_dense_largest_singular_values_agree(rng):
    matrix = operators.convolution_matrix(rng.standard_normal((3, 2, 3, 3)), (2, 12, 12), 1, 1)
    dense = operators.largest_singular_value(matrix)
    assert operators.largest_singular_value(matrix, dense_up_to=0) == pytest.approx(dense, rel=1e-13)


def test_log_products_do_not_overflow():
    assert products.log_product_of_squares([1e300] * 5, divisor=10.0) == pytest.approx(2998 * math.log(10), rel=1e-15)
    assert products.log_product_of_squares([2.0, 3.0]) == pytest.approx(math.log(36), rel=1e-15)


@pytest.mark.parametrize("p", [1, 2])
def test_enumerated_paths_are_the_product_of_matrices(rng, p):
    weights = [rng.standard_normal(shape) for shape in ((4, 3), (5, 4), (2, 5))]
    net = [linear(weights[0], rng.standard_normal(4)), {"kind": "relu"}, linear(weights[1]), linear(weights[2])]
    enumerated = path_norms.log_by_enumeration(weights, p)
    product = np.abs(weights[2]) ** p @ np.abs(weights[1]) ** p @ np.abs(weights[0]) ** p
    assert enumerated == pytest.approx(math.log(product.sum()), rel=1e-13)
    assert path_norms.log_by_matrices(net, (3,), p) == pytest.approx(enumerated, rel=1e-13)
    assert path_norms.log_with_max_pools(net, (3,), p) == pytest.approx(enumerated, rel=1e-13)


@pytest.mark.parametrize("p", [1, 2])
def test_a_pool_is_a_layer_of_paths(p):
    """A 4x4 input, a 1x1 convolution with weight 3, a 2x2 pool, a linear layer of weights 1 on the 4 cells."""
    for kind, paths_through in (("max_pool", 1.0), ("average_pool", 0.25**p)):
        net = [convolution(np.full((1, 1, 1, 1), 3.0), padding=0), {"kind": kind, "size": 2}, {"kind": "flatten"}]
        net.append(linear(np.ones((1, 4))))
        assert path_norms.log_by_matrices(net, (1, 4, 4), p) == pytest.approx(math.log(16 * 3**p * paths_through))
        expected = 4 * 3**p if kind == "max_pool" else 16 * 3**p * paths_through
        assert path_norms.log_with_max_pools(net, (1, 4, 4), p) == pytest.approx(math.log(expected))


def test_the_hessian_of_softmax_regression_has_a_closed_form(rng):
    """(1/n) sum_i (diag p - p p^T) (x) x x^T, weights row by row and the biases after them."""
    weight, bias, images = rng.standard_normal((3, 4)), rng.standard_normal(3), rng.standard_normal((5, 4))
    expected = np.zeros((15, 15))
    for x in images:
        scores = np.exp(weight @ x + bias)
        p = scores / scores.sum()
        curvature = np.diag(p) - np.outer(p, p)
        expected[:12, :12] += np.kron(curvature, np.outer(x, x)) / 5
        expected[:12, 12:] += np.kron(curvature, x[:, None]) / 5
        expected[12:, 12:] += curvature / 5
    expected[12:, :12] = expected[:12, 12:].T
    found = hessian.hessian([linear(weight, bias)], images, [0, 1, 2, 0, 1])
    assert np.abs(found - expected).max() < 1e-14
    assert hessian.parameter_slices([linear(weight, bias), {"kind": "relu"}, linear(bias[None])]) == [
        slice(0, 15),
        slice(15, 18),
    ]


def test_the_hessian_of_a_net_is_the_difference_of_its_gradients(rng):
    """Of the loss by central differences, along random directions, through every kind of layer."""
    net = [
        convolution(rng.standard_normal((2, 1, 3, 3)), bias=rng.standard_normal(2)),
        {
            "kind": "batch_norm",
            "mean": rng.standard_normal(2),
            "variance": rng.uniform(0.5, 2, 2),
            "scale": rng.uniform(0.5, 2, 2),
            "shift": rng.standard_normal(2),
            "epsilon": 0.1,
        },
        {"kind": "relu"},
        {"kind": "max_pool", "size": 2},
        {"kind": "average_pool", "size": 2},
        {"kind": "flatten"},
        linear(rng.standard_normal((3, 2)), rng.standard_normal(3)),
    ]
    images, labels = rng.standard_normal((4, 1, 4, 4)), [0, 1, 2, 1]
    keys = [(i, key) for i, layer in enumerate(net) for key in ("weight", "bias", "scale", "shift") if key in layer]
    keys = [(i, key) for i, key in keys if net[i][key] is not None]
    matrix = hessian.hessian(net, images, labels)

    def loss(step):
        moved, position = [dict(layer) for layer in net], 0
        for i, key in keys:
            count = moved[i][key].size
            moved[i][key] = moved[i][key] + step[position : position + count].reshape(moved[i][key].shape)
            position += count
        logits = forward.forward(moved, images)
        return np.mean([np.log(np.exp(f).sum()) - f[y] for f, y in zip(logits, labels, strict=True)])

    for _ in range(3):
        direction = rng.standard_normal(len(matrix))
        h = 1e-4 / np.linalg.norm(direction)
        difference = (loss(h * direction) - 2 * loss(0 * direction) + loss(-h * direction)) / h**2
        assert difference == pytest.approx(direction @ matrix @ direction, rel=1e-4)
