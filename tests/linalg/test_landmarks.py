import pytest
import torch

from genlab.linalg.landmarks import LandmarkPreconditioner


def kernel(n=60, dtype=torch.float64):
    x = torch.linspace(0, 3, n, dtype=torch.float64)
    return torch.exp(-3 * (x[:, None] - x).square()).to(dtype)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_it_is_the_inverse_of_the_nystrom_approximation_plus_what_that_leaves(ridge):
    k = kernel()
    landmarks = torch.arange(0, 60, 6)
    columns = k[:, landmarks]
    precondition = LandmarkPreconditioner(columns, landmarks, trace=60.0, ridge=ridge)
    approximation = columns @ torch.linalg.pinv(columns[landmarks], rtol=1e-14, hermitian=True) @ columns.T
    left = max(60 - float(approximation.trace()), 6e-5) / 60 + ridge
    eye = torch.eye(60, dtype=torch.float64)
    assert torch.allclose(precondition(eye), torch.linalg.inv(approximation / left + eye), atol=1e-6)


def test_it_is_symmetric_positive_definite_and_makes_the_spectrum_narrow():
    k = kernel(dtype=torch.float32)
    ridge = 1e-3
    precondition = LandmarkPreconditioner(k[:, ::4], torch.arange(0, 60, 4), trace=60.0, ridge=ridge)
    inverse = precondition(torch.eye(60, dtype=torch.float64))
    assert torch.allclose(inverse, inverse.T, atol=1e-5)
    assert torch.linalg.eigvalsh((inverse + inverse.T) / 2).min() > 0
    full = k.double() + ridge * torch.eye(60, dtype=torch.float64)
    values = torch.linalg.eigvals(inverse @ full).real
    assert values.max() / values.min() < 0.01 * torch.linalg.cond(full)


def test_equal_landmarks_count_once():
    k = kernel()
    twice = LandmarkPreconditioner(k[:, [3, 3, 30]], torch.tensor([3, 3, 30]), trace=60.0, ridge=0.1)
    once = LandmarkPreconditioner(k[:, [3, 30]], torch.tensor([3, 30]), trace=60.0, ridge=0.1)
    vectors = torch.randn(60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.allclose(twice(vectors), once(vectors), atol=1e-9)
