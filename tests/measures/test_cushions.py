"""Closed forms and limits of what is measured of one layer at a time; its twins are in test_against_references."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.request import Request
from genlab.models.dropout import Chain
from tests.measures.chains import inputs_of, subject_of
from tests.measures.subjects import SUBJECTS, subject


def values(subject, name, **options) -> dict[str, float]:
    rows = compute_measures(subject, Request.of([name], {name: options})).rows
    assert all(row["reason"] == "" for row in rows)
    return {row["layer"]: row["value"] for row in rows}


def test_a_rotation_has_a_cushion_of_one_over_the_root_of_its_units_and_a_part_of_one_direction_has_one():
    def build() -> nn.Module:
        return Chain(nn.Flatten(), nn.Linear(9, 9, bias=False), nn.ReLU(), nn.Linear(9, 3))

    rotated = subject(build, (1, 3, 3), 3, images=1)
    image = inputs_of(rotated).get("images_at", "test")(torch.tensor([0])).flatten()
    model = copy.deepcopy(rotated.model).double()
    with torch.no_grad():
        model[1].weight.copy_(torch.eye(9).flip(0))
        model[3].weight.copy_(image.flip(0).relu()[None].repeat(3, 1))
    changed = replace(rotated, model=model)
    assert values(changed, "layer_cushion") == pytest.approx({"1": 1 / 3, "3": 1.0})
    assert values(changed, "noise_sensitivity") == pytest.approx({"1": 9.0, "3": 1.0})
    expected = float(image.norm() / image.relu().norm())
    assert values(changed, "activation_contraction") == pytest.approx({"1": expected})


def test_a_constant_image_makes_the_cushion_of_a_convolution_larger_than_one():
    """A kernel of ones, 3x3, on a map of ones whose edges are joined: 9 in each cell, over 3 times 1."""

    def build() -> nn.Module:
        return Chain(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), nn.Flatten(), nn.Linear(25, 3))

    flat = subject(build, (1, 5, 5), 3, images=2)
    pixels = torch.full_like(flat.dataset.train_images, 100)
    model = copy.deepcopy(flat.model)
    with torch.no_grad():
        model[0].weight.fill_(2)
    changed = replace(flat, model=model, dataset=replace(flat.dataset, train_images=pixels))
    assert values(changed, "layer_cushion")["0"] == pytest.approx(3.0)


@pytest.mark.parametrize("case", ["mlp", "strided"])
def test_noise_sensitivity_is_what_gaussian_noise_does_on_average(case):
    """Of each layer and one image, 20,000 draws; the relative standard error of their mean is below 1 %."""
    one = SUBJECTS[case]()
    inputs = inputs_of(one)
    shared = inputs.get("cushion_pass", "test")
    expected = values(one, "noise_sensitivity", images=1, statistic="mean")
    generator = torch.Generator().manual_seed(0)
    for layer, (name, x) in zip(shared.layers, shared.inputs_of_layers(1), strict=True):
        eta = torch.randn(20_000, *x.shape[1:], generator=generator, dtype=torch.float64) * x.norm()
        bias = layer.module.bias
        change = layer.module(eta) - (0 if bias is None else layer.module(torch.zeros_like(x)))
        signal = layer.module(x) - (0 if bias is None else layer.module(torch.zeros_like(x)))
        found = change.flatten(1).square().sum(1).mean() / signal.square().sum()
        assert float(found) == pytest.approx(expected[name], rel=0.04)


def test_with_biases_the_cushion_is_of_what_the_layer_gives():
    one = subject_of("biases")
    with_bias = values(one, "layer_cushion", biases=True, images=3, statistic="extreme")
    norms = inputs_of(one).get("cushion_pass", "test").norms(3)
    for name, found in norms.items():
        assert with_bias[name] == pytest.approx(float((found.outgoing / (found.kernel * found.incoming)).min()))
    assert with_bias != values(one, "layer_cushion", images=3, statistic="extreme")
    assert values(subject_of("no biases"), "layer_cushion", biases=True) == values(
        subject_of("no biases"), "layer_cushion"
    )


def test_a_layer_behind_which_all_is_dead_has_no_contraction():
    one = subject_of("biases")
    model = copy.deepcopy(one.model)
    with torch.no_grad():
        model[1].bias.fill_(-1e6)
    dead = replace(one, model=model)
    assert "1" not in values(dead, "activation_contraction")
    assert "3" not in values(dead, "layer_cushion")
    table = compute_measures(dead, Request.of(["layer_cushions"])).named_tables()["layer_cushions"]
    row = table[(table["layer"] == "1") & (table["quantity"] == "activation_contraction")].iloc[0]
    assert (row["n"], row["left_out"]) == (0, 45)
