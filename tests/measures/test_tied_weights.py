"""Nets that use a weight in two places have reasons, where numbers would be wrong."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import genlab
from tests.measures.computing.test_measure_model import IMAGES, LABELS, values


class Transposed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.into, self.head = nn.Linear(108, 7), nn.Linear(108, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.linear(torch.relu(self.into(x.flatten(1))), self.into.weight.t()))


def tied() -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(108, 7), nn.Linear(7, 7), nn.ReLU(), nn.Linear(7, 7), nn.Linear(7, 3))
    model[4].weight = model[2].weight
    return model


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Transposed(), "the weights of layer into are used by the net itself too"),
        (tied(), "one weight is used by the layers 2 and 4"),
    ],
)
def test_tied_weights_are_told_and_what_needs_no_layers_is_measured(model, why):
    by_layers = ["frobenius_norm", "spectral_norm_operator", "gradient_noise", "squared_fisher_rao_norm"]
    whole = ["margin_median", "hessian_trace", "max_sharpness"]
    frame = genlab.measure(model, IMAGES, LABELS, only=[*by_layers, *whole], options={"max_sharpness": {"steps": 5}})
    for name in by_layers:
        assert set(frame[frame["measure"] == name]["reason"]) == {f"{why}, not by one layer alone"}
    assert all(math.isfinite(values(frame, name)[""]) for name in whole)


def test_a_weight_of_two_layers_is_in_no_block_of_the_hessian():
    names = [f"layer_hessian_{what}" for what in ("top_eigenvalue", "trace", "spectral_density")]
    frame = genlab.measure(tied(), IMAGES, LABELS, only=names)
    assert set(frame["reason"]) == {"2.weight and 4.weight are one parameter: it belongs to no single layer"}
    twice = nn.Linear(6, 6)
    frame = genlab.measure(nn.Sequential(twice, twice, nn.Flatten(), nn.Linear(108, 3)), IMAGES, LABELS, only=names[:2])
    assert set(frame["reason"]) == {""}
