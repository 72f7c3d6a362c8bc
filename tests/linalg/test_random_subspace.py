import pytest
import torch

import genlab.linalg.random_subspace as module
from genlab.linalg.random_subspace import RandomSubspace


@pytest.fixture(params=["kept", "drawn again"])
def subspace(request, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ROWS", 64)
    if request.param == "drawn again":
        monkeypatch.setattr(module, "KEPT_BYTES", 0)
    return RandomSubspace(300, 7, generator=torch.Generator().manual_seed(0))


def matrix(subspace):
    return torch.stack([subspace.expand(row) for row in torch.eye(7)], dim=1).double()


def test_columns_are_random_of_length_1_and_nearly_orthogonal(subspace):
    a = matrix(subspace)
    assert a.shape == (300, 7)
    torch.testing.assert_close(a.norm(dim=0), torch.ones(7).double(), rtol=1e-6, atol=0)
    products = a.T @ a - torch.eye(7)
    assert 0 < float(products.abs().max()) < 4 / 300**0.5
    # No block is the copy of another, and the shorter last one is there.
    assert float(torch.corrcoef(torch.stack([a[:64, 0], a[64:128, 0], a[128:192, 0]])).tril(-1).abs().max()) < 0.5
    assert bool((a[256:].abs().sum(1) > 0).all())


def test_products_are_those_of_the_matrix(subspace):
    a = matrix(subspace)
    y, x = torch.randn(7, generator=torch.Generator().manual_seed(1)), torch.linspace(-1, 2, 300)
    torch.testing.assert_close(subspace.expand(y).double(), a @ y.double(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(subspace.project(x), a.T @ x.double(), rtol=1e-5, atol=1e-6)


def test_coordinates_are_those_of_the_pseudo_inverse(subspace):
    a, x = matrix(subspace), torch.linspace(-1, 2, 300)
    expected = torch.linalg.pinv(a) @ x.double()
    torch.testing.assert_close(subspace.coordinates(x), expected, rtol=1e-4, atol=1e-6)


def test_what_is_kept_is_what_would_be_drawn_again(monkeypatch):
    kept = RandomSubspace(300, 7, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(module, "KEPT_BYTES", 0)
    drawn = RandomSubspace(300, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(matrix(kept), matrix(drawn))
