import pytest
import torch

from genlab.linalg.symmetric_lanczos import extreme_eigenvalues


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def with_spectrum(values, seed=2):
    values = torch.as_tensor(values, dtype=torch.float64)
    n = len(values)
    rotation, _ = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64, generator=generator(seed)))
    return rotation * values @ rotation.T


def found_in(matrix, seed=1, **settings):
    return extreme_eigenvalues(lambda x: matrix @ x, len(matrix), generator=generator(seed), **settings)


def random_symmetric(n, seed=0):
    matrix = torch.randn(n, n, dtype=torch.float64, generator=generator(seed))
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize("n", [1, 2, 7, 60, 300])
@pytest.mark.parametrize(("largest", "smallest"), [(1, 0), (0, 1), (5, 3), (0, 4)])
def test_equals_the_dense_decomposition(n, largest, smallest):
    matrix = random_symmetric(n)
    exact = torch.linalg.eigvalsh(matrix)
    found = found_in(matrix, largest=largest, smallest=smallest, tolerance=1e-10)
    assert found.converged
    assert found.largest.tolist() == pytest.approx(exact.flip(0)[:largest].tolist(), rel=1e-12, abs=1e-12)
    assert found.smallest.tolist() == pytest.approx(exact[:smallest].tolist(), rel=1e-12, abs=1e-12)


def test_largest_means_with_sign_and_not_by_size():
    found = found_in(torch.diag(torch.linspace(-100, 3, 80, dtype=torch.float64)), smallest=1)
    assert found.largest[0] == pytest.approx(3, rel=1e-9)
    assert found.smallest[0] == pytest.approx(-100, rel=1e-9)
    assert found.scale == pytest.approx(100, rel=1e-9)


@pytest.mark.parametrize("basis_size", [8, 15, 40])
def test_restarts_of_the_basis_lose_nothing(basis_size):
    values = [*torch.linspace(0, 1, 990).tolist(), 1.01, 1.02, 1.04, 1.07, 1.1, -0.02, -0.05, -0.1, -0.2, -0.3]
    found = found_in(with_spectrum(values), largest=5, smallest=4, tolerance=1e-8, basis_size=basis_size)
    assert found.products > basis_size
    assert found.converged
    assert found.largest.tolist() == pytest.approx([1.1, 1.07, 1.04, 1.02, 1.01], rel=1e-12)
    assert found.smallest.tolist() == pytest.approx([-0.3, -0.2, -0.1, -0.05], rel=1e-12)


def test_the_basis_takes_no_more_memory_than_it_may(monkeypatch):
    def vectors_held(**settings):
        held = []

        def matvec(x):
            held.append(x.untyped_storage().nbytes() // (8 * len(x)))
            return torch.linspace(0, 1, 500, dtype=torch.float64) * x

        found = extreme_eigenvalues(matvec, 500, generator=generator(1), tolerance=1e-8, **settings)
        assert float(found.largest[0]) == pytest.approx(1, rel=1e-12)
        return set(held)

    assert vectors_held(basis_size=20) == {21}
    assert vectors_held() == {121}
    monkeypatch.setattr("genlab.linalg.symmetric_lanczos.BASIS_BYTES", 30 * 500 * 8)
    assert vectors_held() == {31}
    monkeypatch.setattr("genlab.linalg.symmetric_lanczos.BASIS_BYTES", 1)
    assert vectors_held() == {14}


def test_power_iteration_that_stops_when_it_hardly_moves_is_low_and_this_is_not():
    """The rule of public code, relative change below 1e-3, leaves the value 0.4 % low and more."""
    values = [1.0, 0.995, 0.99, *torch.linspace(0.98, 0, 397).tolist()]
    matrix = with_spectrum(values)
    v = torch.randn(400, dtype=torch.float64, generator=generator(1))
    before, rayleigh, products = 0.0, 1.0, 0
    while abs(rayleigh - before) > 1e-3 * abs(rayleigh):
        v = v / v.norm()
        image = matrix @ v
        before, rayleigh, v, products = rayleigh, float(v @ image), image, products + 1
    assert rayleigh < 0.996
    found = found_in(matrix, tolerance=1e-6)
    assert found.converged
    assert float(found.largest[0]) == pytest.approx(1, rel=1e-6)


def test_outliers_above_a_bulk_take_a_fraction_of_the_products_of_power_iteration():
    """Nine outliers above a bulk, as the Hessian of a trained net of ten classes has them."""
    values = [10, 9, 7.5, 6, 5, 4, 3, 2.5, 2, *torch.linspace(0.5, -0.1, 991).tolist()]
    matrix = with_spectrum(values)
    v = torch.randn(1000, dtype=torch.float64, generator=generator(1))
    products = 0
    while (v @ matrix @ v) / (v @ v) < 10 * (1 - 1e-4):
        v, products = matrix @ v, products + 1
        v = v / v.norm()
    found = found_in(matrix, tolerance=1e-4)
    assert float(found.largest[0]) == pytest.approx(10, rel=1e-6)
    assert 1.5 * found.products < products


def test_some_eigenvalue_lies_within_the_residual_and_none_is_exceeded():
    matrix = random_symmetric(200)
    exact = torch.linalg.eigvalsh(matrix)
    for products in (1, 3, 10, 30):
        found = found_in(matrix, smallest=1, max_products=products)
        for value, residual in [
            (found.largest[0], found.largest_residuals[0]),
            (found.smallest[0], found.smallest_residuals[0]),
        ]:
            assert float((exact - value).abs().min()) <= float(residual) + 1e-12
            assert exact[0] - 1e-12 <= value <= exact[-1] + 1e-12


def test_the_residual_is_that_of_the_equation():
    matrix = random_symmetric(30)
    found = found_in(matrix, max_products=1)
    v = torch.randn(30, dtype=torch.float64, generator=generator(1))
    v = v / v.norm()
    value = float(v @ matrix @ v)
    assert float(found.largest[0]) == pytest.approx(value, rel=1e-12)
    assert float(found.largest_residuals[0]) == pytest.approx(float((matrix @ v - value * v).norm()), rel=1e-12)


def test_what_did_not_converge_says_so():
    found = found_in(random_symmetric(300), largest=3, max_products=8)
    assert (found.converged, found.products) == (False, 8)
    few = found_in(random_symmetric(300), largest=3, max_products=2)
    assert (few.converged, len(few.largest)) == (False, 2)


def test_the_zero_operator_and_the_identity():
    zero = found_in(torch.zeros(30, 30, dtype=torch.float64))
    assert (float(zero.largest[0]), zero.converged, zero.products) == (0.0, True, 1)
    one = found_in(torch.eye(30, dtype=torch.float64), largest=4)
    assert one.converged
    assert one.largest.tolist() == pytest.approx([1] * 4, rel=1e-12)


def test_a_space_that_closes_early_gives_exact_values():
    values = [5.0, 3.0, *[0.0] * 48]
    found = found_in(with_spectrum(values), largest=2)
    assert found.products <= 4
    assert found.largest.tolist() == pytest.approx([5, 3], rel=1e-12)


def test_more_than_there_are_gives_all():
    found = found_in(torch.diag(torch.arange(1.0, 4.0, dtype=torch.float64)), largest=10, smallest=10)
    assert found.largest.tolist() == pytest.approx([3, 2, 1], rel=1e-12)
    assert found.smallest.tolist() == pytest.approx([1, 2, 3], rel=1e-12)
    assert found.converged


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_scale_does_not_matter(scale):
    matrix = random_symmetric(150)
    expected = found_in(matrix, tolerance=1e-10).largest[0]
    assert float(found_in(scale * matrix, tolerance=1e-10).largest[0]) == pytest.approx(float(scale * expected), 1e-10)


def test_the_start_vector_does_not_matter():
    matrix = random_symmetric(200)
    values = [float(found_in(matrix, seed, tolerance=1e-10).largest[0]) for seed in range(3)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-12)


def test_float32_agrees_to_its_rounding():
    matrix = random_symmetric(200)
    single = matrix.float()
    found = extreme_eigenvalues(lambda x: single @ x, 200, generator=generator(1), dtype=torch.float32)
    assert found.converged
    assert float(found.largest[0]) == pytest.approx(float(torch.linalg.eigvalsh(matrix)[-1]), rel=1e-5)


def test_what_makes_no_sense_is_refused():
    for settings in ({"largest": 0}, {"largest": -1, "smallest": 2}, {"max_products": 0}):
        with pytest.raises(ValueError, match="no eigenvalues to find"):
            found_in(torch.eye(4, dtype=torch.float64), **settings)
    with pytest.raises(ValueError, match="size 0"):
        found_in(torch.zeros(0, 0, dtype=torch.float64))
    with pytest.raises(ValueError, match="not finite"):
        found_in(torch.full((5, 5), torch.nan, dtype=torch.float64))
