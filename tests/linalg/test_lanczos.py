import pytest
import torch

from genlab.linalg.lanczos import largest_singular_value


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def norm_of(matrix, **settings):
    return largest_singular_value(
        lambda x: matrix @ x, lambda y: matrix.T @ y, tuple(matrix.shape), generator=generator(1), **settings
    )


def with_spectrum(values, rows, columns):
    left, _ = torch.linalg.qr(torch.randn(rows, len(values), dtype=torch.float64, generator=generator(2)))
    right, _ = torch.linalg.qr(torch.randn(columns, len(values), dtype=torch.float64, generator=generator(3)))
    return left * torch.as_tensor(values, dtype=torch.float64) @ right.T


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 300), (300, 2), (150, 200), (400, 130)])
def test_equals_the_dense_decomposition(shape):
    matrix = torch.randn(*shape, dtype=torch.float64, generator=generator())
    found = norm_of(matrix)
    assert found.converged
    assert found.value == pytest.approx(float(torch.linalg.svdvals(matrix)[0]), rel=1e-12)


def test_diagonal_and_orthogonal_matrices_have_a_closed_form():
    assert norm_of(torch.diag(torch.arange(1.0, 200.0, dtype=torch.float64))).value == pytest.approx(199, rel=1e-12)
    orthogonal, _ = torch.linalg.qr(torch.randn(200, 200, dtype=torch.float64, generator=generator()))
    found = norm_of(3 * orthogonal)
    assert found.value == pytest.approx(3, rel=1e-12)
    assert found.iterations <= 2


def test_a_cluster_of_largest_values_is_within_the_tolerance():
    values = [1, 1 - 1e-9, 1 - 1e-7, 1 - 1e-5, 1 - 1e-3, *torch.linspace(0.99, 0.01, 295).tolist()]
    matrix = with_spectrum(values, 400, 350)
    for tolerance in (1e-6, 1e-10):
        found = norm_of(matrix, tolerance=tolerance)
        assert found.converged
        assert found.value == pytest.approx(1, rel=tolerance)


def test_rank_one_takes_two_products():
    found = norm_of(with_spectrum([5.0], 500, 300))
    assert found.value == pytest.approx(5, rel=1e-12)
    assert found.iterations == 2
    assert found.converged


def test_the_zero_operator_has_norm_zero():
    found = norm_of(torch.zeros(30, 40, dtype=torch.float64))
    assert (found.value, found.residual, found.converged) == (0.0, 0.0, True)


def test_restarts_of_the_basis_lose_nothing():
    # A flat spectrum needs more products than the 120 that fill a basis.
    values = torch.linspace(1, 0.95, 1000, dtype=torch.float64)
    matrix = torch.diag(torch.cat([torch.tensor([1.00001], dtype=torch.float64), values]))
    found = norm_of(matrix)
    assert found.iterations > 120
    assert found.converged
    assert found.value == pytest.approx(1.00001, rel=1e-12)


def test_what_did_not_converge_says_so():
    matrix = torch.randn(300, 300, dtype=torch.float64, generator=generator())
    found = norm_of(matrix, max_iterations=6)
    exact = torch.linalg.svdvals(matrix)
    assert not found.converged
    assert found.iterations == 6
    assert found.value < float(exact[0])


def test_some_singular_value_lies_within_the_residual():
    matrix = torch.randn(300, 200, dtype=torch.float64, generator=generator())
    exact = torch.linalg.svdvals(matrix)
    for iterations in range(5, 60, 5):
        found = norm_of(matrix, max_iterations=iterations)
        assert float((exact - found.value).abs().min()) <= found.residual + 1e-12
        assert found.value <= float(exact[0]) + 1e-12


def test_the_residual_is_that_of_the_equation():
    # One product: v is the start vector itself, and the residual can be written down.
    matrix = torch.randn(20, 30, dtype=torch.float64, generator=generator())
    found = norm_of(matrix, max_iterations=1)
    v = torch.randn(30, dtype=torch.float64, generator=generator(1))
    v = v / v.norm()
    u = matrix @ v / (matrix @ v).norm()
    assert found.value == pytest.approx(float((matrix @ v).norm()), rel=1e-12)
    assert found.residual == pytest.approx(float((matrix.T @ u - found.value * v).norm()), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_scale_does_not_matter(scale):
    matrix = torch.randn(150, 140, dtype=torch.float64, generator=generator())
    assert norm_of(scale * matrix).value == pytest.approx(scale * norm_of(matrix).value, rel=1e-10)


def test_the_start_vector_does_not_matter():
    matrix = torch.randn(200, 180, dtype=torch.float64, generator=generator())
    values = [
        largest_singular_value(
            lambda x: matrix @ x, lambda y: matrix.T @ y, (200, 180), generator=generator(seed)
        ).value
        for seed in range(3)
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-12)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        norm_of(torch.full((5, 5), torch.nan, dtype=torch.float64))


def test_an_empty_operator_is_refused():
    with pytest.raises(ValueError, match="0 x 4"):
        norm_of(torch.zeros(0, 4, dtype=torch.float64))
