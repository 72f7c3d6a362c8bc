import pytest
import torch

from genlab.linalg.singular_values import singular_values


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(5, 40), (40, 5), (7, 7)])
def test_squares_are_the_eigenvalues_of_the_gram_matrix(shape):
    matrix = random(*shape)
    gram = matrix @ matrix.T if shape[0] <= shape[1] else matrix.T @ matrix
    expected = torch.linalg.eigvalsh(gram).flip(0).sqrt()
    torch.testing.assert_close(singular_values(matrix), expected, rtol=1e-10, atol=1e-12)


def test_small_values_are_right_too():
    left, _ = torch.linalg.qr(random(6, 6))
    right, _ = torch.linalg.qr(random(9, 6))
    values = torch.tensor([1, 1e-3, 1e-6, 1e-9, 1e-12, 1e-14], dtype=torch.float64)
    torch.testing.assert_close(singular_values(left * values @ right.T), values, rtol=1e-1, atol=1e-15)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        singular_values(torch.tensor([[1.0, torch.inf]]))
