import math

import pytest
import torch

from genlab.measures.outputs import output_entropy, train_cross_entropy


def test_equal_outputs_are_as_uncertain_as_can_be():
    logits = torch.full((5, 4), 3.0, dtype=torch.float64)
    assert train_cross_entropy(logits, torch.tensor([0, 1, 2, 3, 0])) == pytest.approx(math.log(4))
    assert output_entropy(logits) == pytest.approx(math.log(4))


def test_two_classes_in_closed_form():
    # The odds against the first class are 1 to 3.
    logits = torch.tensor([[math.log(3), 0.0]], dtype=torch.float64)
    assert train_cross_entropy(logits, torch.tensor([0])) == pytest.approx(math.log(4 / 3))
    assert train_cross_entropy(logits, torch.tensor([1])) == pytest.approx(math.log(4))
    assert output_entropy(logits) == pytest.approx(0.75 * math.log(4 / 3) + 0.25 * math.log(4))


def test_both_are_means_over_the_images():
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]], dtype=torch.float64)
    assert train_cross_entropy(logits, torch.tensor([0, 0])) == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)
    assert output_entropy(logits) == pytest.approx(sum(output_entropy(row[None]) for row in logits) / 2)


@pytest.mark.parametrize("gap", [50.0, 300.0])
def test_a_net_that_is_nearly_certain_keeps_its_digits(gap):
    logits = torch.tensor([[gap, 0.0, 0.0]], dtype=torch.float64)
    odds = 2 * math.exp(-gap)
    assert train_cross_entropy(logits, torch.tensor([0])) == pytest.approx(odds, rel=1e-12, abs=0)
    assert output_entropy(logits) == pytest.approx(odds * (1 + gap), rel=1e-12, abs=0)


def test_a_net_that_is_certain_of_the_wrong_class_loses_the_gap():
    assert train_cross_entropy(torch.tensor([[900.0, 0.0]]), torch.tensor([1])) == 900


def test_adding_a_number_to_all_outputs_changes_nothing():
    logits = torch.randn(20, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(20) % 6
    assert train_cross_entropy(logits + 5, labels) == pytest.approx(train_cross_entropy(logits, labels))
    assert output_entropy(logits + 5) == pytest.approx(output_entropy(logits))
    expected = torch.nn.functional.cross_entropy(logits, labels)
    assert train_cross_entropy(logits, labels) == pytest.approx(float(expected))
