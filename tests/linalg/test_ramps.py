import numpy as np
import pytest

from genlab.linalg.ramps import ramps_through
from tests.references import kernel_machine


def matrix(z, b):
    return np.maximum(z[:, None] - b, 0)


def test_three_points_worked_by_hand():
    b, w = ramps_through(np.array([1.0, 2.0, 3.0]), np.array([5.0, -1.0, 4.0]))
    assert b.tolist() == [0.5, 1.5, 2.5]
    assert w.tolist() == [10, -32, 54]


def test_one_point_is_one_ramp():
    b, w = ramps_through(np.array([3.0]), np.array([7.0]))
    assert kernel_machine.ramps(3.0, b, w) == 7


def test_it_is_the_solution_of_the_triangular_system():
    generator = np.random.default_rng(0)
    z, y = np.sort(generator.normal(size=40)), generator.normal(size=40)
    b, w = ramps_through(z, y)
    dense = matrix(z, b)
    assert np.array_equal(dense, np.tril(dense))
    assert (np.diag(dense) > 0).all()
    np.testing.assert_allclose(w, np.linalg.solve(dense, y), rtol=1e-6)
    assert [kernel_machine.ramps(z[i], b, w) for i in range(40)] == pytest.approx(y, abs=1e-7)


@pytest.mark.parametrize(("n", "error"), [(100, 1e-8), (1000, 1e-5), (5000, 1e-2)])
def test_labels_come_back_within_the_error_that_is_told(n, error):
    generator = np.random.default_rng(n)
    z, y = np.sort(generator.normal(size=n)), generator.integers(10, size=n).astype(float)
    b, w = ramps_through(z, y)
    off = np.abs(matrix(z, b) @ w - y).max()
    assert 0 < off < error


@pytest.mark.parametrize("z", [[1.0, 1.0], [1.0, np.nextafter(1.0, 2)], [2.0, 1.0]])
def test_points_that_are_not_apart_and_rising_are_refused(z):
    with pytest.raises(ValueError, match="not apart and rising"):
        ramps_through(np.array(z), np.array([0.0, 1.0]))
