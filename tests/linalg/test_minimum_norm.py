import numpy as np
import pytest
import torch

from genlab.linalg.minimum_norm import gram, minimum_norm, positive_definite_solution
from tests.references.kernel_machine import least_norm


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SHAPES = {"more features": (5, 12), "square": (6, 6), "more rows": (12, 5)}


@pytest.mark.parametrize("ridge", [0.0, 0.7])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_it_is_what_the_pseudo_inverse_gives(shape, ridge):
    x, y = normal(*shape), normal(shape[0], 3, seed=1)
    found = minimum_norm(x, y, ridge)
    np.testing.assert_allclose(found.numpy(), least_norm(x.numpy(), y.numpy(), ridge), atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_of_dependent_rows_and_columns_too_the_smallest_solution_is_found(shape):
    x = normal(shape[0], 3) @ normal(3, shape[1], seed=1)
    x[1] = x[0]
    y = normal(shape[0], 2, seed=2)
    found = minimum_norm(x, y)
    np.testing.assert_allclose(found.numpy(), np.linalg.pinv(x.numpy(), rcond=1e-12) @ y.numpy(), atol=1e-9)


def test_two_equations_by_hand():
    x = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    assert minimum_norm(x, torch.tensor([[3.0], [2.0]])).flatten().tolist() == pytest.approx([3, 1, 1])


def test_the_solution_lies_in_the_span_of_the_rows_and_fits_them():
    x, y = normal(4, 9), normal(4, 2, seed=1)
    w = minimum_norm(x, y)
    outside = torch.linalg.qr(x.T, mode="complete")[0][:, 4:]
    assert (outside.T @ w).abs().max() < 1e-12
    assert (x @ w - y).abs().max() < 1e-12


def test_products_of_rows_are_added_up_in_float64():
    x = normal(7, 2100).float()
    np.testing.assert_allclose(gram(x).numpy(), x.double().numpy() @ x.double().numpy().T, rtol=1e-12)


def test_a_positive_definite_system_is_solved_in_its_own_memory():
    root = normal(6, 6)
    matrix = root @ root.T + torch.eye(6)
    expected = torch.linalg.solve(matrix, normal(6, 2, seed=1))
    place, before = matrix.data_ptr(), matrix.clone()
    found = positive_definite_solution(matrix, normal(6, 2, seed=1))
    assert torch.allclose(found, expected, atol=1e-12)
    assert matrix.data_ptr() == place
    assert not torch.equal(matrix, before)


def test_a_singular_matrix_has_no_factor():
    column = normal(5, 1)
    assert positive_definite_solution(column @ column.T, normal(5, 1, seed=1)) is None
    assert positive_definite_solution(-torch.eye(3, dtype=torch.float64), torch.ones(3, 1).double()) is None
