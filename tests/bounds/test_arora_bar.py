"""The bar of Arora et al. 2018 against a slow twin, the measures that it is made of, and what must not change it."""

import copy
import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.outputs import training_logits
from genlab.models.branches import Sum
from genlab.models.dropout import Chain
from genlab.models.folding import folded
from tests.bounds.examples import gamma_of, net_on_noise, rows_for, term, total, totals
from tests.measures.chains import CASES, IMAGES, plain_of, positions_of, subject_of
from tests.measures.subjects import normalised
from tests.measures.test_laws import permuted, rescaled, weight_positions
from tests.references import capacity_bars

every_case = pytest.mark.parametrize("case", CASES)
# By statistic, percent of the images that are worse than it.
WORSE = {"quantile": 5, "extreme": 0}


@cache
def rows_of(case, statistic="quantile"):
    return rows_for(subject_of(case), ["arora"], statistic=statistic, jacobian_images=IMAGES)


@cache
def twin_of(case, statistic):
    data = subject_of(case).dataset
    images = list(normalised(data.train_images.numpy(), data.normalisation))
    few = [images[position] for position in positions_of(case)]
    return capacity_bars.effective_parameters(plain_of(case), images, few, WORSE[statistic])


@every_case
@pytest.mark.parametrize("statistic", WORSE)
def test_the_bar_and_the_parameters_of_each_layer_are_those_of_the_twin(case, statistic):
    rows, expected = rows_of(case, statistic), twin_of(case, statistic)
    found = {layer: row["value"] for layer, row in term(rows, "arora", "effective_parameters").items()}
    assert found == pytest.approx(expected, rel=1e-6)
    outputs = training_logits(subject_of(case)).numpy()
    bar = capacity_bars.arora(expected, outputs, gamma_of(case))
    assert total(rows, "arora")["log10"] == pytest.approx(math.log10(bar), rel=0, abs=1e-6)


@every_case
def test_its_terms_are_what_the_measures_say(case):
    options = {"images": IMAGES}
    names = ("interlayer_cushion", "inverse_interlayer_smoothness")
    subject = subject_of(case)
    wanted = dict.fromkeys(names, options)
    measures = compute_measures(subject, Request.of([*names, "layer_cushion"], wanted)).rows
    by_name = {name: {r["layer"]: r for r in measures if r["measure"] == name} for name in (*names, "layer_cushion")}
    rows = rows_of(case)
    for name in ("interlayer_cushion", "layer_cushion"):
        found = term(rows, "arora", name)
        assert {layer: row["value"] for layer, row in found.items()} == {
            k: r["value"] for k, r in by_name[name].items()
        }
        assert [row["standard_error"] for row in found.values()] == [
            r["standard_error"] for r in by_name[name].values()
        ]
    smooth = term(rows, "arora", "interlayer_smoothness")
    inverse = by_name["inverse_interlayer_smoothness"]
    assert {layer: 1 / row["value"] for layer, row in smooth.items()} == pytest.approx(
        {layer: row["value"] for layer, row in inverse.items()}
    )
    layers = len(term(rows, "arora", "weights"))
    for row in smooth.values():
        assert row["required"] == f">= {3 * layers}"
        assert row["holds"] is (row["value"] >= 3 * layers)


@every_case
def test_it_can_be_computed_again_from_its_terms(case):
    rows = rows_of(case)
    of = {name: term(rows, "arora", name) for name in {row["term"] for row in rows}}
    for layer, row in of["effective_parameters"].items():
        mu, onward, c, beta, steps = (
            of[name][layer]["value"]
            for name in (
                "layer_cushion",
                "interlayer_cushion",
                "activation_contraction",
                "well_distributed_jacobian",
                "kernel_steps",
            )
        )
        assert row["value"] == pytest.approx(beta**2 * c**2 * steps / (mu * onward) ** 2, rel=1e-12)
    largest, summed, gamma = (of[name][""]["value"] for name in ("largest_output", "parameter_sum", "margin"))
    assert total(rows, "arora")["value"] == pytest.approx(largest**2 * summed / gamma**2, rel=1e-12)


@every_case
def test_rescaling_permuting_and_scaling_the_outputs_change_nothing(case):
    """Permuting units permutes the noise of rho too, which is no factor of the bar."""
    subject = subject_of(case)
    model = copy.deepcopy(subject.model).double()
    first, second = weight_positions(model)[:2]
    width = model[first].weight.shape[0]
    larger = folded(model, subject.dataset.input_shape)
    with torch.no_grad():
        for parameter in larger[weight_positions(larger)[-1]].parameters():
            parameter.mul_(10)
    order = torch.randperm(width, generator=torch.Generator().manual_seed(1))
    sevens = torch.full((width,), 7.0, dtype=torch.float64)
    for changed in (rescaled(model, first, second, sevens), permuted(model, first, second, order), larger):
        after = rows_for(replace(subject, model=changed), ["arora"], jacobian_images=IMAGES)
        assert totals(after) == pytest.approx(totals(rows_of(case)), abs=1e-9)


def test_what_fails_is_marked_and_the_number_is_there():
    row = total(rows_of("biases"), "arora")
    assert row["holds"] is False
    assert {"biases", "images", "extremes"} <= set(row["fails"].split())
    assert row["log10"] > 0
    assert term(rows_of("biases"), "arora", "images")[""]["value"] == pytest.approx(IMAGES / 45)


def test_a_linear_net_at_all_its_images_meets_every_precondition():
    net = Chain(nn.Flatten(), nn.Linear(9, 4, bias=False), nn.Linear(4, 3, bias=False))
    rows = rows_for(net_on_noise(net), ["arora"], statistic="extreme", margin_percent=0)
    assert (total(rows, "arora")["holds"], total(rows, "arora")["fails"]) == (True, "")
    assert {row["value"] for row in term(rows, "arora", "activation_contraction").values()} == {1.0}


def test_smoothness_below_three_times_the_depth_fails_and_is_named():
    net = Chain(nn.Flatten(), nn.Linear(9, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False))
    rows = rows_for(net_on_noise(net), ["arora"], statistic="extreme", noise=1.0)
    assert total(rows, "arora")["fails"] == "interlayer_smoothness"
    ((layer, row),) = term(rows, "arora", "interlayer_smoothness").items()
    assert (layer, row["required"], row["holds"]) == ("1", ">= 6", False)
    assert row["value"] < 6


@pytest.mark.parametrize(
    ("net", "why"),
    [
        (Chain(nn.Flatten(), nn.Linear(9, 3)), "the net has one layer, and none behind it"),
        (
            Chain(
                nn.Flatten(), nn.Linear(9, 4), Sum(Chain(nn.Linear(4, 4), nn.ReLU()), nn.Identity()), nn.Linear(4, 3)
            ),
            "Jacobians between layers are of nets whose layers are a chain, without branches",
        ),
    ],
)
def test_a_net_that_is_no_chain_of_layers_has_a_reason_and_its_other_bounds(net, why):
    rows = rows_for(net_on_noise(net))
    assert total(rows, "arora")["reason"] == why
    assert all(value is not None for name, value in totals(rows).items() if name != "arora")


def test_a_layer_that_is_silent_at_every_image_is_named():
    net = Chain(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))
    subject = net_on_noise(net)
    with torch.no_grad():
        subject.model[3].weight.zero_()
        subject.model[3].bias.fill_(1.0)
    rows = rows_for(subject, ["arora"], margin_percent=100)
    assert term(rows, "arora", "effective_parameters")["3"]["reason"] == "layer_cushion has no image with a value"
    assert total(rows, "arora")["reason"] == "of layer 3 layer_cushion has no image with a value"


def test_few_parameters_of_a_kernel_with_a_stride():
    """ceil(5/2)^2 and ceil(3/1)^2, and 1 of what is no convolution."""
    steps = term(rows_of("convolutions"), "arora", "kernel_steps")
    assert [row["value"] for row in steps.values()] == [9, 9, 1]
