import math

import pytest
import torch

from genlab.linalg.hutchinson import traces


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def symmetric(n, seed=0):
    matrix = torch.randn(n, n, dtype=torch.float64, generator=generator(seed))
    return (matrix + matrix.T) / 2


def estimated(matrix, sizes, *, probes, seed=0):
    return traces(lambda x: matrix @ x, sizes, probes=probes, generator=generator(seed))


def test_a_diagonal_matrix_is_exact_from_any_probe():
    whole, parts = estimated(torch.diag(torch.arange(1.0, 101.0, dtype=torch.float64)), [40, 60], probes=2)
    assert whole.value == pytest.approx(5050, rel=1e-14)
    assert [part.value for part in parts] == pytest.approx([820, 4230], rel=1e-14)
    assert (whole.standard_error, whole.exact) == (0.0, False)


def test_no_more_rows_than_probes_gives_the_exact_sum_of_the_diagonal():
    matrix = symmetric(12)
    whole, parts = estimated(matrix, [5, 7], probes=12)
    assert (whole.exact, whole.probes, whole.standard_error) == (True, 12, 0.0)
    assert whole.value == pytest.approx(float(matrix.trace()), rel=1e-13)
    assert parts[0].value == pytest.approx(float(matrix[:5, :5].trace()), rel=1e-13)
    assert not estimated(matrix, [12], probes=11)[0].exact


def test_the_estimate_is_unbiased_and_its_standard_error_is_that_of_the_formula():
    """Var z^T A z = 2 (||A||_F^2 - sum A_ii^2), over 400 estimates of 20 probes each."""
    matrix = symmetric(60)
    variance = 2 * float(matrix.square().sum() - matrix.diagonal().square().sum()) / 20
    found = [estimated(matrix, [60], probes=20, seed=seed)[0] for seed in range(400)]
    errors = torch.tensor([trace.value for trace in found]) - float(matrix.trace())
    assert abs(float(errors.mean())) < 3 * math.sqrt(variance / 400)
    assert float(errors.square().mean()) == pytest.approx(variance, rel=0.2)
    assert sum(trace.standard_error**2 for trace in found) / 400 == pytest.approx(variance, rel=0.1)
    outside = sum(abs(float(e)) > 3 * t.standard_error for e, t in zip(errors, found, strict=True))
    assert outside <= 8


def test_the_number_of_probes_is_what_was_asked_for_however_well_the_first_agree():
    """A rule that stops when two running means agree would stop at once here, and miss the rare large terms."""
    calls = []

    def matvec(x):
        calls.append(x)
        return torch.full_like(x, 1.0 if len(calls) < 20 else 50.0) * x

    whole, _ = traces(matvec, [100], probes=25, generator=generator())
    assert (len(calls), whole.probes) == (25, 25)
    assert whole.value == pytest.approx((19 * 100 + 6 * 5000) / 25)
    assert whole.standard_error > 300


def test_blocks_are_the_parts_of_the_diagonal_whatever_lies_beside_them():
    matrix = symmetric(60)
    _, parts = estimated(matrix, [10, 50], probes=55)
    for part, block in zip(parts, (matrix[:10, :10], matrix[10:, 10:]), strict=True):
        assert abs(part.value - float(block.trace())) < 4 * part.standard_error
        assert part.standard_error > 0


def test_the_parts_sum_to_the_whole():
    whole, parts = estimated(symmetric(60), [10, 20, 30], probes=7)
    assert sum(part.value for part in parts) == pytest.approx(whole.value, rel=1e-12)


def test_one_probe_has_no_standard_error_and_is_refused():
    with pytest.raises(ValueError, match="at least 2 probes, not 1"):
        estimated(symmetric(5), [5], probes=1)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        estimated(torch.full((5, 5), torch.nan, dtype=torch.float64), [5], probes=3)
