import numpy as np
import pytest
import torch
from torch import nn

from genlab.compression.local_convolution import LocalConvolution
from genlab.compression.methods.matrix_project_conv import (
    LocalKernels,
    Subspace,
    expected_correlation,
    matrix_project_conv,
)
from genlab.compression.random_signs import chosen, signs, stream_of
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import matrix_project_conv as reference


@torch.no_grad()
def kernel(out: int = 2, inputs: int = 3, bias: bool = False) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, out, (2, 2), bias=bias, dtype=torch.float64)
    for parameter in layer.parameters():
        parameter.normal_(0, 1, generator=generator(0))
    return layer


def built(layer: nn.Conv2d, seed: int, *, k: int, p: int, size: tuple[int, int]) -> LocalConvolution:
    found = matrix_project_conv({"0": layer}, {"0": size}, generator(seed), k=k, p=p)["0"]
    return found.form.build(layer, found.stored.tensors)


@pytest.mark.parametrize(("count", "dimension"), [(24, 6), (7, 7), (45, 1)])
def test_the_basis_is_orthonormal_and_is_that_of_cosines_written_down(count, dimension):
    subspace, stream = Subspace(count, dimension, stream_of(3)), stream_of(3)
    turned, rows = signs(count, stream), chosen(dimension, count, stream)
    basis = torch.from_numpy(reference.cosine_rows(count, rows.tolist())) * turned
    torch.testing.assert_close(basis @ basis.T, torch.eye(dimension, dtype=torch.float64))
    a = torch.randn(count, dtype=torch.float64, generator=generator(1))
    torch.testing.assert_close(subspace.coordinates(a), basis @ a)
    y = torch.randn(3, dimension, dtype=torch.float64, generator=generator(2))
    torch.testing.assert_close(subspace.back(y), y @ basis)


def test_kernels_have_the_law_of_the_algorithm_as_it_is_written():
    """Mean square error, and correlation of places, over many subspaces, drawn at once and term by term."""
    layer, k, p, places = kernel(), 3, 2, 4
    A, N, r = layer.weight.detach().flatten().numpy(), 24, 6
    draws = np.random.default_rng(0)
    squares, products, slow_squares, slow_products = [], [], [], []
    for seed in range(800):
        E = built(layer, seed, k=k, p=p, size=(2, 2)).kernels.detach().flatten(1).double().numpy() - A
        squares.append(np.mean([e @ e for e in E]))
        products.append(E[0] @ E[1])
        basis = reference.cosine_rows(N, sorted(draws.choice(N, r, replace=False))) * draws.choice([-1, 1], N)
        E = reference.kernels(A, basis, k, places, draws) - A
        slow_squares.append(np.mean([e @ e for e in E]))
        slow_products.append(E[0] @ E[1])
    size = A @ A
    expected = (N / r) * (r + k + 1) / k - 1
    assert np.mean(squares) / size == pytest.approx(expected, rel=0.07)
    assert np.mean(slow_squares) / size == pytest.approx(expected, rel=0.07)
    assert np.mean(products) / size == pytest.approx(N / r - 1, rel=0.12)
    assert np.mean(slow_products) / size == pytest.approx(N / r - 1, rel=0.12)
    assert expected_correlation(N, k, r) == pytest.approx((N / r - 1) / expected)


def test_places_are_not_independent_as_is_said_of_them():
    """Their correlation, measured pair by pair, is near 1/(p + 1), and far from the 0 of independent kernels."""
    layer, k, p = kernel(8, 32), 20, 3
    found = [built(layer, seed, k=k, p=p, size=(6, 6)) for seed in range(12)]
    measured = [net.correlation_of_places(layer.weight) for net in found]
    expected = expected_correlation(1024, k, k * p)
    assert np.mean(measured) == pytest.approx(expected, rel=0.1)
    assert expected == pytest.approx(1 / (p + 1), rel=0.1)
    errors = (found[0].kernels.flatten(1) - layer.weight.flatten().float()).detach().double().numpy()
    assert measured[0] == pytest.approx(reference.correlation(errors), rel=1e-5)


def test_a_kernel_comes_back_in_the_mean():
    layer, draws = kernel(), 1500
    back = torch.stack([built(layer, seed, k=4, p=2, size=(1, 1)).kernels.detach()[0] for seed in range(draws)])
    A = layer.weight.detach().flatten(1)
    assert float((back.double().mean(dim=0) - A).norm() / A.norm()) < 0.2


def test_stored_are_coordinates_and_a_seed_and_a_kernel_that_is_no_larger_whole():
    layer = kernel(bias=True)
    found = matrix_project_conv({"0": layer}, {"0": (3, 3)}, generator(0), k=3, p=2)["0"]
    assert {name: tensor.numel() for name, tensor in found.tensors.items()} == {"bias": 2, "coordinates": 6, "seed": 1}
    assert (found.parameters, found.bits) == (8, 8 * 32 + 64)
    whole = matrix_project_conv({"0": layer}, {"0": (3, 3)}, generator(0), k=12, p=2)["0"]
    assert (whole.form.code, whole.parameters) == ("dense", 26)
    assert torch.equal(whole.form.build(layer, whole.tensors).weight, layer.weight)
    assert matrix_project_conv({"0": layer}, {"0": (3, 3)}, generator(0), share=0.5, p=2)["0"].form.dimension == 12


def test_a_layer_of_zeros_stays_one():
    layer = kernel()
    with torch.no_grad():
        layer.weight.zero_()
    assert not built(layer, 0, k=3, p=2, size=(2, 2)).kernels.any()


def test_groups_and_tensors_of_another_layer_are_refused():
    grouped = nn.Conv2d(4, 4, 3, groups=2, dtype=torch.float64)
    with pytest.raises(UsageError, match="layer 0: a convolution with 2 groups"):
        matrix_project_conv({"0": grouped}, {"0": (1, 1)}, generator(0), k=2)
    with pytest.raises(UsageError, match="needs one of k and share"):
        matrix_project_conv({"0": kernel()}, {"0": (1, 1)}, generator(0))
    found = matrix_project_conv({"0": kernel()}, {"0": (1, 1)}, generator(0), k=3, p=2)["0"]
    for form in (
        LocalKernels(code="subspace", k=3, dimension=7, size=(1, 1)),
        LocalKernels(code="dense", k=3, dimension=6, size=(1, 1)),
    ):
        with pytest.raises(UsageError, match="are not those of 24 weights"):
            form.build(kernel(), found.tensors)
