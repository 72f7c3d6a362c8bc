import math

import pytest
import torch

from genlab.linalg.orthonormal import finite_norm, orthogonalised, random_unit_vector


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_what_is_left_is_orthogonal_and_the_components_give_the_rest_back():
    basis = torch.linalg.qr(torch.randn(50, 6, dtype=torch.float64, generator=generator())).Q.T
    vector = torch.randn(50, dtype=torch.float64, generator=generator(1))
    left, components = orthogonalised(vector, basis)
    assert float((basis @ left).abs().max()) < 1e-15
    assert torch.allclose(left + components @ basis, vector, rtol=0, atol=1e-14)


def test_a_vector_almost_within_the_basis_is_still_made_orthogonal():
    """One pass leaves rounding of the whole vector in what is left of it, here a tenth of it."""
    basis = torch.linalg.qr(torch.randn(50, 6, dtype=torch.float64, generator=generator())).Q.T
    tiny = 1e-14 * torch.randn(50, dtype=torch.float64, generator=generator(2))
    left, _ = orthogonalised(basis.sum(0) + tiny, basis)
    assert float((basis @ left).abs().max()) < 1e-12 * float(left.norm())


def test_no_basis_leaves_the_vector():
    vector = torch.arange(3.0, dtype=torch.float64)
    left, components = orthogonalised(vector, torch.zeros(0, 3, dtype=torch.float64))
    assert torch.equal(left, vector)
    assert components.shape == (0,)


def test_a_norm_that_is_not_finite_is_refused():
    assert finite_norm(torch.tensor([3.0, 4.0])) == 5
    for entry in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not finite"):
            finite_norm(torch.tensor([1.0, entry]))


def test_a_direction_has_length_one_and_comes_from_the_generator():
    drawn = [random_unit_vector(40, generator=generator(s), dtype=torch.float64, device="cpu") for s in (3, 3, 4)]
    assert float(drawn[0].norm()) == pytest.approx(1, rel=1e-15)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
