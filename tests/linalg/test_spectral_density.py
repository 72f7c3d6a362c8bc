import math

import pytest
import torch

from genlab.linalg import spectral_density
from genlab.linalg.spectral_density import Quadrature, cumulative_share, lanczos_quadrature, smoothed_density


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def with_spectrum(values):
    values = torch.as_tensor(values, dtype=torch.float64)
    n = len(values)
    rotation, _ = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64, generator=generator(2)))
    return rotation * values @ rotation.T


def quadrature_of(matrix, *, steps, probes, seed=1):
    return lanczos_quadrature(lambda x: matrix @ x, len(matrix), steps=steps, probes=probes, generator=generator(seed))


SPECTRUM = [10.0, 7.0, 6.0, *torch.linspace(-1, 1, 597, dtype=torch.float64).tolist()]


def test_few_rows_give_every_eigenvalue_with_equal_weight():
    matrix = with_spectrum([3.0, -1.0, 0.5, 0.5])
    found = quadrature_of(matrix, steps=2, probes=2)
    assert (found.exact, found.products) == (True, 4)
    assert found.nodes[0].tolist() == pytest.approx([-1, 0.5, 0.5, 3], rel=1e-12)
    assert found.weights[0].tolist() == [0.25] * 4
    assert not quadrature_of(with_spectrum([1.0, 2, 3, 4, 5]), steps=2, probes=2).exact


def test_a_matrix_that_takes_too_much_memory_is_not_built(monkeypatch):
    """Four matrices of 8 bytes a number, in 256 MiB: up to 2896 rows. Otherwise Lanczos takes its steps."""
    assert 4 * 8 * 2896**2 <= spectral_density.DENSE_BYTES == 256 * 2**20 < 4 * 8 * 2897**2
    matrix = with_spectrum(SPECTRUM[:10])
    for room, exact in ((4 * 8 * 10**2, True), (4 * 8 * 10**2 - 1, False)):
        monkeypatch.setattr(spectral_density, "DENSE_BYTES", room)
        found = quadrature_of(matrix, steps=4, probes=5)
        assert (found.exact, found.products, len(found.nodes)) == ((True, 10, 1) if exact else (False, 20, 5))


def test_weighted_powers_of_the_nodes_are_those_of_the_start_direction():
    """Exact up to degree 2 steps - 1: the defining property of Gauss quadrature."""
    matrix, steps = with_spectrum(SPECTRUM), 6
    found = quadrature_of(matrix, steps=steps, probes=1)
    start = (2 * torch.randint(0, 2, (600,), generator=generator(1)) - 1).double() / math.sqrt(600)
    vector = start
    for power in range(2 * steps):
        expected = float(start @ vector)
        assert float((found.nodes[0] ** power * found.weights[0]).sum()) == pytest.approx(expected, rel=1e-9, abs=1e-9)
        vector = matrix @ vector


def test_moments_are_the_mean_powers_of_the_eigenvalues_within_their_error():
    found = quadrature_of(with_spectrum(SPECTRUM), steps=10, probes=50)
    assert not found.exact
    values = torch.tensor(SPECTRUM, dtype=torch.float64)
    for power in (1, 2, 3):
        each = torch.stack([(n**power * w).sum() for n, w in zip(found.nodes, found.weights, strict=True)])
        assert abs(float(each.mean() - (values**power).mean())) < 4 * float(each.std()) / math.sqrt(50)


def test_the_density_is_that_of_the_eigenvalues_within_its_standard_error():
    """Smoothed with a sigma that the nodes resolve, and bounded by 4 standard errors at nearly every point."""
    found = quadrature_of(with_spectrum(SPECTRUM), steps=25, probes=20)
    grid, sigma = torch.linspace(-2, 11, 300, dtype=torch.float64), 0.3
    density, error = smoothed_density(found, grid, sigma)
    values = torch.tensor(SPECTRUM, dtype=torch.float64)
    normal = torch.exp(-0.5 * ((grid[:, None] - values) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    off = (density - normal.mean(1)).abs() > 4 * error + 1e-4
    assert float(off.double().mean()) < 0.02
    assert float(torch.trapezoid(density, grid)) == pytest.approx(1, abs=1e-3)


def test_the_share_below_a_point_is_counted_and_not_smoothed():
    found = quadrature_of(with_spectrum(SPECTRUM), steps=25, probes=20)
    points = torch.tensor([-1.5, 0.0, 4.0, 6.5, 11.0], dtype=torch.float64)
    share, error = cumulative_share(found, points)
    expected = torch.tensor([0, 0.49833, 0.995, 0.99667, 1.0], dtype=torch.float64)
    assert float(((share - expected).abs() - 4 * error).max()) < 0.02
    assert share[0] == 0
    assert share[4] == pytest.approx(1, rel=1e-12)


def test_an_exact_spectrum_has_no_error_and_a_single_probe_an_unknown_one():
    grid = torch.linspace(0, 4, 5, dtype=torch.float64)
    exact = quadrature_of(with_spectrum([1.0, 2.0, 3.0]), steps=3, probes=1)
    assert smoothed_density(exact, grid, 0.1)[1].tolist() == [0.0] * 5
    assert cumulative_share(exact, grid + 0.5)[0].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    single = quadrature_of(with_spectrum(SPECTRUM), steps=5, probes=1)
    assert smoothed_density(single, grid, 0.1)[1].isnan().all()


def test_sigma_is_a_standard_deviation():
    one = Quadrature((torch.zeros(1, dtype=torch.float64),), (torch.ones(1, dtype=torch.float64),), 1, True)
    grid = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    density, _ = smoothed_density(one, grid, 0.5)
    assert float(torch.trapezoid(density * grid**2, grid)) == pytest.approx(0.25, rel=1e-6)


def test_a_space_that_closes_early_gives_fewer_nodes_and_no_copy():
    values = [5.0, 3.0, *[0.0] * 98]
    found = quadrature_of(with_spectrum(values), steps=30, probes=2)
    assert all(len(nodes) <= 4 for nodes in found.nodes)
    for nodes, weights in zip(found.nodes, found.weights, strict=True):
        assert float(weights.sum()) == pytest.approx(1, rel=1e-10)
        assert float(nodes[-1]) == pytest.approx(5, rel=1e-10)


def test_the_standard_error_is_that_of_the_mean_over_the_probes():
    """Of two probes with a and 0 it is their standard deviation a / sqrt(2) over sqrt(2)."""
    nodes = (torch.zeros(1, dtype=torch.float64), torch.full((1,), 100.0, dtype=torch.float64))
    two = Quadrature(nodes, (torch.ones(1, dtype=torch.float64),) * 2, 2, False)
    density, error = smoothed_density(two, torch.zeros(1, dtype=torch.float64), 1.0)
    assert float(density[0]) == pytest.approx(0.5 / math.sqrt(2 * math.pi), rel=1e-12)
    assert float(error[0]) == pytest.approx(0.5 / math.sqrt(2 * math.pi), rel=1e-12)


def test_the_range_is_of_all_probes():
    nodes = (torch.tensor([-1.0, 2.0]), torch.tensor([-3.0, 1.0]))
    assert Quadrature(nodes, (torch.ones(2) / 2,) * 2, 4, False).range == (-3.0, 2.0)


def test_what_makes_no_sense_is_refused():
    for settings in ({"steps": 1, "probes": 1}, {"steps": 5, "probes": 0}):
        with pytest.raises(ValueError, match="steps >= 2, probes >= 1"):
            quadrature_of(torch.eye(30, dtype=torch.float64), **settings)
    for n in (3, 30):
        with pytest.raises(ValueError, match="not finite"):
            quadrature_of(torch.full((n, n), torch.nan, dtype=torch.float64), steps=4, probes=1)
