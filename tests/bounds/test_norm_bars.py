"""The bars of norms against slow twins, closed forms, and what must not change them."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from genlab.bounds.norm_bars import spec_fro
from genlab.bounds.terms import Bar
from genlab.linalg.lanczos import SingularValue
from genlab.models.dropout import Chain
from genlab.models.folding import folded
from genlab.models.traversal import weight_layers
from tests.bounds.examples import NORM_BARS, gamma_of, net_on_noise, rows_for, term, total, totals
from tests.measures.chains import CASES, plain_of, subject_of
from tests.measures.test_laws import permuted, rescaled, weight_positions
from tests.references import capacity_bars, folding, forward, norms, operators

every_case = pytest.mark.parametrize("case", CASES)


def spectral_norms(case, spectral_norm):
    plain = plain_of(case)
    if spectral_norm == "kernel":
        return [norms.spectral_of_kernel(weight) for weight in folding.weights_of(plain)]
    shapes = forward.input_shapes(plain, subject_of(case).dataset.input_shape)
    pairs = [(layer, shape) for layer, shape in zip(plain, shapes, strict=False) if "weight" in layer]
    return [operators.largest_singular_value(operators.layer_matrix(layer, shape)) for layer, shape in pairs]


@every_case
@pytest.mark.parametrize("spectral_norm", ["operator", "kernel"])
@pytest.mark.parametrize("percent", [5.0, 20.0])
def test_each_bar_is_that_of_its_twin(case, spectral_norm, percent):
    rows = rows_for(subject_of(case), NORM_BARS, spectral_norm=spectral_norm, margin_percent=percent)
    weights, gamma = folding.weights_of(plain_of(case)), gamma_of(case, percent)
    spectral = spectral_norms(case, spectral_norm)
    expected = {
        "l1_inf": capacity_bars.l1_inf(weights, gamma),
        "frobenius": capacity_bars.frobenius(weights, gamma),
        "spec_l12": capacity_bars.spec_l12(weights, spectral, gamma),
        "spec_fro": capacity_bars.spec_fro(weights, spectral, gamma),
    }
    for name, value in expected.items():
        assert total(rows, name)["log10"] == pytest.approx(math.log10(value), rel=0, abs=1e-6)
        assert total(rows, name)["value"] == pytest.approx(value, rel=1e-6)


def test_a_net_whose_norms_are_known_has_the_bars_that_follow():
    net = Chain(nn.Flatten(), nn.Linear(9, 2, bias=False), nn.ReLU(), nn.Linear(2, 2, bias=False))
    subject = net_on_noise(net)
    with torch.no_grad():
        subject.model[1].weight.copy_(torch.eye(2, 9) * torch.tensor([[3.0], [4.0]]))
        subject.model[3].weight.copy_(torch.tensor([[0.0, 2.0], [2.0, 0.0]]))
    layers = weight_layers(subject.model, (1, 3, 3))
    exact = {"1": SingularValue(4.0, 0.0, 0, True), "3": SingularValue(2.0, 0.0, 0, True)}
    spectra = {"1": torch.tensor([4.0, 3.0]), "3": torch.tensor([2.0, 2.0])}
    bar = spec_fro(layers, spectra, exact, subject.model, (1, 3, 3), torch.full((4,), 10.0))
    assert bar.total.value == pytest.approx(64 * (2 * 25 / 16 + 2 * 8 / 4) / 100)
    assert bar.total.holds is True
    late = exact | {"3": replace(exact["3"], converged=False)}
    assert spec_fro(layers, spectra, late, subject.model, (1, 3, 3), torch.full((4,), 10.0)).fails == ("unconverged",)
    assert isinstance(bar, Bar)


@every_case
def test_a_bound_can_be_computed_again_from_its_terms(case):
    rows = rows_for(subject_of(case), NORM_BARS)
    for name in NORM_BARS:
        logs = {key: term(rows, name, key)[""]["log10"] for key in ("norm_product", "margin")}
        more = term(rows, name, "norm_sum")[""]["log10"] if name.startswith("spec") else 0
        assert total(rows, name)["log10"] == pytest.approx(logs["norm_product"] + more - 2 * logs["margin"], abs=1e-12)
    layers = term(rows, "spec_fro", "summand").values()
    assert math.fsum(row["value"] for row in layers) == pytest.approx(term(rows, "spec_fro", "norm_sum")[""]["value"])
    product = math.prod(row["value"] for row in term(rows, "l1_inf", "l1_inf_norm").values())
    assert product == pytest.approx(term(rows, "l1_inf", "norm_product")[""]["value"])


@every_case
def test_rescaling_two_layers_and_permuting_units_changes_no_bar(case):
    subject = subject_of(case)
    model = copy.deepcopy(subject.model).double()
    first, second = weight_positions(model)[:2]
    width = model[first].weight.shape[0]
    order = torch.randperm(width, generator=torch.Generator().manual_seed(1))
    before = totals(rows_for(replace(subject, model=model), NORM_BARS))
    for changed in (
        rescaled(model, first, second, torch.full((width,), 7.0, dtype=torch.float64)),
        permuted(model, first, second, order),
    ):
        after = totals(rows_for(replace(subject, model=changed), NORM_BARS))
        assert after == pytest.approx(before, abs=1e-9)


@every_case
def test_scaling_all_outputs_changes_only_the_bar_that_is_not_squared(case):
    subject = subject_of(case)
    larger = folded(subject.model, subject.dataset.input_shape)
    with torch.no_grad():
        for parameter in larger[weight_positions(larger)[-1]].parameters():
            parameter.mul_(10)
    before, after = (totals(rows_for(one, NORM_BARS)) for one in (subject, replace(subject, model=larger)))
    assert after.pop("l1_inf") == pytest.approx(before.pop("l1_inf") - 1, abs=1e-9)
    assert after == pytest.approx(before, abs=1e-9)
    squares = [totals(rows_for(one, ["l1_inf"], squared=True)) for one in (subject, replace(subject, model=larger))]
    assert squares[0] == pytest.approx(squares[1], abs=1e-9)
    logs = [
        term(rows_for(subject, ["l1_inf"], squared=s), "l1_inf", "norm_product")[""]["log10"] for s in (False, True)
    ]
    assert logs[1] == pytest.approx(2 * logs[0], abs=1e-12)


@every_case
def test_one_spectral_bar_is_never_above_the_other(case):
    bars = totals(rows_for(subject_of(case), ["spec_l12", "spec_fro"]))
    assert bars["spec_l12"] <= bars["spec_fro"]


def test_a_margin_that_is_not_positive_leaves_the_terms_and_a_reason():
    net = Chain(nn.Flatten(), nn.Linear(9, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False))
    subject = net_on_noise(net, wrong=6)
    rows = rows_for(subject, NORM_BARS)
    for name in NORM_BARS:
        row = total(rows, name)
        assert (row["value"], row["log10"], row["holds"], row["fails"]) == (None, None, False, "margin")
        assert row["reason"].startswith("margin is -")
        assert term(rows, name, "norm_product")[""]["value"] > 0


def test_kernels_in_place_of_maps_are_marked_where_the_theorem_is_of_the_map():
    fails = {row["bound"]: row["fails"] for row in rows_for(subject_of("convolutions"), NORM_BARS) if row["fails"]}
    assert fails == {"l1_inf": "biases"} | dict.fromkeys(NORM_BARS[1:], "biases convolutions")


def test_a_layer_of_zeros_has_no_product():
    net = Chain(nn.Flatten(), nn.Linear(9, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False))
    subject = net_on_noise(net)
    nn.init.zeros_(subject.model[1].weight)
    rows = rows_for(subject, NORM_BARS)
    assert [row["reason"] for row in rows] == ["layer 1 has norm 0, so the product is 0 and has no logarithm"] * 4
