import math

import pytest
import torch

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.margins import (
    inverse_squared_margin_10,
    log_squared_margin,
    margin_5th_percentile,
    margin_10th_percentile,
    margin_distribution,
    margin_median,
    margin_minimum,
)
from genlab.models.logits import margins_of


def test_a_margin_is_the_label_less_the_best_other_and_keeps_its_sign():
    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 7.0], [-1.0, -1.0, -4.0], [2.0, 9.0, 2.0]])
    margins = margins_of(logits, torch.tensor([0, 1, 0, 1]))
    assert margins.tolist() == [1.0, -2.0, 0.0, 7.0]


def test_the_logits_are_left_as_they_were():
    logits = torch.tensor([[3.0, 1.0]])
    margins_of(logits, torch.tensor([0]))
    assert logits.tolist() == [[3.0, 1.0]]


def test_one_class_has_no_margin():
    with pytest.raises(ValueError, match="two classes"):
        margins_of(torch.zeros(3, 1), torch.zeros(3, dtype=torch.long))


def test_percentiles_are_interpolated_linearly():
    # 0..200 in any order: the p-th percentile is at position p * 200 / 100.
    margins = torch.arange(201.0, dtype=torch.float64).flip(0) - 50
    assert margin_minimum(margins) == -50
    assert margin_5th_percentile(margins) == pytest.approx(-40)
    assert margin_10th_percentile(margins) == pytest.approx(-30)
    assert margin_median(margins) == pytest.approx(50)
    # Two values: the 5th percentile is a twentieth of the way from one to the other.
    assert margin_5th_percentile(torch.tensor([1.0, 3.0])) == pytest.approx(1.1)


def test_one_image_has_every_percentile():
    assert margin_5th_percentile(torch.tensor([-0.25])) == -0.25


def test_the_distribution_runs_from_minimum_to_maximum():
    margins = torch.linspace(-1, 3, 1001, dtype=torch.float64)
    table = margin_distribution(margins)
    assert table["percentile"].tolist() == list(range(101))
    assert table["margin"].to_numpy() == pytest.approx([-1 + 0.04 * p for p in range(101)])


def test_the_squared_margin_enters_as_a_logarithm():
    assert log_squared_margin(torch.full((10,), 2.0)) == pytest.approx(math.log(4))


def test_the_inverse_square_is_of_the_10th_percentile():
    margins = torch.arange(201.0, dtype=torch.float64).flip(0) - 16
    assert inverse_squared_margin_10(margins) == pytest.approx(1 / 16)


@pytest.mark.parametrize("gamma", [0.0, -2.0])
def test_a_negative_margin_is_not_squared_away(gamma):
    with pytest.raises(NotApplicable, match=f"10th percentile of the margins is {gamma:g}"):
        inverse_squared_margin_10(torch.full((10,), gamma))


@pytest.mark.parametrize("gamma", [0.0, -1.5])
def test_a_margin_that_is_not_positive_normalises_nothing_and_is_named(gamma):
    with pytest.raises(NotApplicable, match=f"5th percentile of the margins is {gamma:g}"):
        log_squared_margin(torch.full((10,), gamma))
