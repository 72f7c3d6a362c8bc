import math
import subprocess
import sys

import pytest
import torch

from genlab.compression.random_signs import FEW, chosen, combination, inner_products, normals, signs, stream_of
from tests.compression.examples import generator
from tests.references import matrix_project as reference


def numbers(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dtype=torch.float64, generator=generator(seed))


def rows(count: int, places: int, seed: int) -> torch.Tensor:
    return torch.tensor(reference.signs(seed, count, places), dtype=torch.float64)


@pytest.mark.parametrize(("count", "places"), [(1, 1), (16, 4), (17, 5), (40, 33), (3, 101)])
def test_products_and_sums_are_those_with_the_signs_written_down(count, places):
    M, a, z = rows(count, places, 7), numbers(places), numbers(count, 1)
    torch.testing.assert_close(inner_products(a, count, stream_of(7)), M @ a)
    torch.testing.assert_close(combination(z, places, stream_of(7)), M.T @ z)


def test_a_vector_of_more_places_than_are_in_memory_at_once_has_the_same_signs(monkeypatch):
    a, z = numbers(50), numbers(20, 1)
    whole = inner_products(a, 20, stream_of(3)), combination(z, 50, stream_of(3))
    monkeypatch.setattr("genlab.compression.random_signs.CHUNK", 8)
    torch.testing.assert_close(inner_products(a, 20, stream_of(3)), whole[0])
    torch.testing.assert_close(combination(z, 50, stream_of(3)), whole[1])


def test_signs_are_the_same_in_every_version():
    """A file holds their seed and not them."""
    expected = [[-1, 1, -1, 1, 1, 1], [1, 1, 1, 1, -1, 1]]
    assert reference.signs(2**62 + 3, 2, 6) == expected
    units = torch.eye(2, dtype=torch.float64)
    assert [combination(unit, 6, stream_of(2**62 + 3)).tolist() for unit in units] == expected


def test_signs_are_as_often_up_as_down_and_go_with_no_others():
    M = rows(64, 2000, 11)
    products = M @ M.T / 2000
    off = products[~torch.eye(64, dtype=torch.bool)]
    assert M.mean().abs() < 4 / math.sqrt(M.numel())
    assert off.abs().max() < 5 / math.sqrt(2000)
    assert off.std() == pytest.approx(1 / math.sqrt(2000), rel=0.1)


@pytest.mark.parametrize("places", [FEW - 1, FEW, FEW + 5])
def test_few_places_and_many_are_summed_by_the_same_signs(places, monkeypatch):
    a, z = numbers(places), numbers(20, 1)
    found = inner_products(a, 20, stream_of(3)), combination(z, places, stream_of(3))
    monkeypatch.setattr("genlab.compression.random_signs.FEW", 0 if places < FEW else 2**20)
    torch.testing.assert_close(inner_products(a, 20, stream_of(3)), found[0])
    torch.testing.assert_close(combination(z, places, stream_of(3)), found[1])


def test_no_matrix_of_signs_is_ever_in_memory():
    """Of 512 rows of 40,000 places, 20 MB as bytes and 82 MB as floats, far less at any time."""
    code = (
        "import resource, torch; torch.set_num_threads(1)\n"
        "from genlab.compression.random_signs import *\n"
        "a = torch.ones(40_000, dtype=torch.float64); inner_products(a, 16, stream_of(1))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "combination(inner_products(a, 512, stream_of(0)), 40_000, stream_of(0))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 12_000, "KiB on Linux"


def test_normals_have_the_moments_of_a_gaussian():
    drawn = normals(200_001, stream_of(5))
    assert drawn.shape == (200_001,)
    assert drawn.isfinite().all()
    moments = [float((drawn**power).mean()) for power in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.05)
    halves = drawn[:100_000], drawn[100_001:]
    assert float((halves[0] * halves[1]).mean()) == pytest.approx(0, abs=0.02)


def test_each_place_is_chosen_as_often_as_any_other():
    counts = torch.zeros(12)
    for seed in range(600):
        found = chosen(5, 12, stream_of(seed))
        assert len(set(found.tolist())) == 5
        assert found.tolist() == sorted(found.tolist())
        counts[found] += 1
    expected = 600 * 5 / 12
    assert (counts - expected).abs().max() < 5 * math.sqrt(expected)


def test_lone_signs_are_signs():
    found = signs(1001, stream_of(2))
    assert found.unique().tolist() == [-1, 1]
    assert abs(float(found.mean())) < 5 / math.sqrt(1001)
