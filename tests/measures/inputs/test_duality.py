"""Which layer is meant and which image is the nearest; the decomposition is compared beside its measures."""

import pytest
import torch

from genlab.measures.inputs.duality import Duality, _nearest
from genlab.models.mlp import mlp
from tests.measures.subjects import subject


@pytest.mark.parametrize(
    ("widths", "layer"), [([30, 30], "3"), ([], "1"), ([70], "3"), ([4], "1"), ([4, 5, 6], "5"), ([100, 50], "5")]
)
def test_the_layer_that_is_meant_is_the_linear_one_before_the_last(widths, layer):
    one = subject(lambda: mlp((1, 8, 8), 10, widths), (1, 8, 8), 10)
    assert Duality(one, None).layer("") == layer


def test_the_nearest_is_found_among_points_that_are_nearly_the_same():
    """Where products of numbers of a thousand leave no digit of a difference of 1e-9."""
    generator = torch.Generator().manual_seed(0)
    points = 1000 + torch.randn(40, 6, generator=generator, dtype=torch.float64)
    twins = torch.cat([points[:5] + 3e-9, points, points[:5] + 1e-9])
    distance, which = _nearest(points[:5] + 1.2e-9, twins)
    assert which.tolist() == [45, 46, 47, 48, 49]
    assert distance.tolist() == pytest.approx([0.2e-9 * 6**0.5] * 5, rel=1e-3)


def test_the_nearest_of_random_points_is_that_of_all_distances():
    generator = torch.Generator().manual_seed(1)
    points, queries = (torch.rand(n, 12, generator=generator, dtype=torch.float64) for n in (300, 50))
    distance, which = _nearest(queries, points)
    every = (queries[:, None] - points).norm(dim=2)
    assert which.tolist() == every.argmin(1).tolist()
    assert distance.tolist() == pytest.approx(every.amin(1).tolist(), rel=1e-12)


def test_of_equal_ones_the_first_is_taken_and_few_points_will_do():
    points = torch.tensor([[2.0, 0.0], [1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    assert _nearest(points[:1] * 0, points)[1].tolist() == [1]
