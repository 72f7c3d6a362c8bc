import math

import pytest
import torch

from genlab.models.logits import cross_entropy, margins_of


def test_cross_entropy_is_the_negative_logarithm_of_the_probability_of_the_label():
    logits = torch.tensor([[0.0, math.log(3)], [1.0, 1.0]], dtype=torch.float64)
    found = cross_entropy(logits, torch.tensor([0, 1]))
    assert found.tolist() == pytest.approx([math.log(4), math.log(2)])


def test_a_margin_is_that_of_the_label_less_the_largest_other_with_its_sign():
    logits = torch.tensor([[3.0, 1.0, 2.5], [3.0, 1.0, 2.5]])
    assert margins_of(logits, torch.tensor([0, 1])).tolist() == [0.5, -2.0]
