"""The gap decomposed at a linear layer, against pairs whose dual weights are put into the net."""

import copy
import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.duality import sharp
from genlab.models.branches import Sum
from genlab.models.dropout import Chain
from genlab.models.mlp import mlp
from tests.measures.chains import inputs_of
from tests.measures.entries import assert_agree, entries, entries_of
from tests.measures.oracles import compares
from tests.measures.subjects import subject
from tests.references import duality as reference

TABLE = "activity_weight_duality"
NUMBERS = ("duality_gap", "duality_gap_estimate", "duality_sharpness", "duality_size", "duality_correlation")
NAMES = (TABLE, *NUMBERS, "sharp_directions")


def perceptron(bias: bool) -> Chain:
    """A net in which no unit is dead, which would leave directions that are all alike."""
    sizes = ((9, 4), (4, 3), (3, 5))
    layers = [part for a, b in sizes for part in (nn.Linear(a, b, bias=bias), nn.LeakyReLU(0.3))]
    return Chain(nn.Flatten(), *layers[:-1])


def convolutional() -> nn.Module:
    """A net with batch norm, a pool and branches before its linear layers, and another function behind them."""
    body = [
        nn.Conv2d(2, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(27, 4),
    ]
    return Chain(
        *body, Sum(Chain(nn.Tanh()), Chain(nn.Linear(4, 4), nn.ReLU())), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 5)
    )


# By name: the net, the size of its images, its classes, and the layer that is looked at, and which one is meant.
CASES = {
    "perceptron": (lambda: perceptron(False), (1, 3, 3), 5, "3"),
    "biases": (lambda: perceptron(True), (1, 3, 3), 5, "3"),
    "convolutions": (convolutional, (2, 6, 6), 5, "7"),
}
every_case = pytest.mark.parametrize("case", CASES)


@cache
def subject_of(case: str):
    build, shape, classes, _ = CASES[case]
    found = subject(build, shape, classes, images=90)
    data = found.dataset
    true = data.train_labels.clone()
    true[:7] = (true[:7] + 1) % classes  # seven are wrong
    more = (data.train_images.flip(0) // 2)[:31]
    return replace(found, dataset=replace(data, true_labels=true, test_images=more, test_labels=true.flip(0)[:31]))


def results_for(subject, options=None, names=NAMES) -> Results:
    return compute_measures(subject, Request.of(names, dict.fromkeys(names, options or {})))


@cache
def results_of(case: str) -> Results:
    return results_for(subject_of(case))


def seen(one):
    """The net in float64 and its correctly labelled training images and test images as it sees them, with labels."""
    data = one.dataset
    clean = torch.nonzero(~data.corrupted).flatten()
    train = data.normalisation(data.train_images[clean], torch.float64)
    test = data.normalisation(data.test_images, torch.float64)
    net = copy.deepcopy(one.model).double().eval()
    return net, train, data.train_labels[clean], test, data.test_labels


@cache
def expected_of(case: str, space: str = "input"):
    return decomposed(subject_of(case), CASES[case][3], space)


def decomposed(one, layer, space="input"):
    net, train, labels, test, test_labels = seen(one)
    return reference.decompose(net, layer, train, labels, test, test_labels, space)


def root(values):
    return math.sqrt(sum(value**2 for value in values))


@compares(TABLE, case="perceptron")
@every_case
def test_each_direction_is_what_the_pairs_say_one_by_one(case):
    rows, _, _ = expected_of(case)
    assert_agree(TABLE, entries_of(results_of(case))[TABLE], entries(rows), rel=1e-6, abs=1e-12)


@compares(*NUMBERS, "sharp_directions", case="perceptron")
@every_case
@pytest.mark.parametrize("name", [*NUMBERS, "sharp_directions"])
def test_the_numbers_are_sums_over_the_directions(case, name):
    rows, losses, _ = expected_of(case)
    both = sum(row["sigma_g"] * row["sigma_w"] for row in rows)
    expected = {
        "duality_gap": sum(losses) / len(losses),
        "duality_gap_estimate": sum(row["estimate"] for row in rows),
        "duality_sharpness": root(row["sigma_g"] for row in rows),
        "duality_size": root(row["sigma_w"] for row in rows),
        "duality_correlation": sum(row["estimate"] for row in rows) / both,
        "sharp_directions": float(sum(row["sharp"] for row in rows)),
    }
    assert_agree(name, entries_of(results_of(case))[name], entries(expected[name]), rel=1e-6)


@every_case
def test_parts_are_the_sums_over_theirs(case):
    rows, _, _ = expected_of(case)
    for part, is_sharp in (("sharp", True), ("flat", False)):
        mine = [row for row in rows if row["sharp"] == is_sharp]
        found = {
            row["measure"]: row["value"] for row in results_for(subject_of(case), {"part": part}, NUMBERS[1:4]).rows
        }
        assert found["duality_gap_estimate"] == pytest.approx(sum(row["estimate"] for row in mine), rel=1e-6)
        assert found["duality_sharpness"] == pytest.approx(root(row["sigma_g"] for row in mine), rel=1e-6)
        assert found["duality_size"] == pytest.approx(root(row["sigma_w"] for row in mine), rel=1e-6)


def test_partners_may_be_near_in_what_the_layer_is_given():
    rows, _, _ = expected_of("biases", "activity")
    found = entries_of(results_for(subject_of("biases"), {"space": "activity"}, (TABLE,)))[TABLE]
    assert_agree(TABLE, found, entries(rows), rel=1e-6, abs=1e-12)
    assert rows != expected_of("biases")[0]


@every_case
def test_the_sum_over_all_directions_is_the_mean_difference_of_the_losses(case):
    """Equation 10, to rounding, which is an identity of the population's moments in any basis."""
    table = results_of(case).named_tables()[TABLE]
    (gap,) = [row["value"] for row in results_of(case).rows if row["measure"] == "duality_gap"]
    assert float(table["gap"].sum()) == pytest.approx(gap, rel=1e-10)


@every_case
def test_the_identities_of_each_pair_hold(case):
    """W* a = W a' gives dl at once, g . dw = dl, and at the dual weights the loss is that of the test image."""
    one, layer = subject_of(case), CASES[case][3]
    found = inputs_of(one).get("duality", "test").directions(layer, 1000, "input")
    assert torch.allclose((found.gradients * found.changes).sum(1), found.losses, rtol=1e-10, atol=1e-14)
    assert found.losses.tolist() == pytest.approx(expected_of(case)[1], rel=1e-10, abs=1e-13)
    assert found.left_out == expected_of(case)[2]


@every_case
def test_the_hessian_is_that_of_autograd(case):
    net, train, labels, _, _ = seen(subject_of(case))
    table = results_of(case).named_tables()[TABLE]
    dense = torch.linalg.eigvalsh(torch.tensor(reference.hessian(net, CASES[case][3], train, labels)))
    assert table["eigenvalue"].tolist() == pytest.approx(dense.flip(0).tolist(), rel=1e-10, abs=1e-14)


def test_the_fisher_matrix_of_the_models_own_labels_is_the_hessian_of_a_relu_net():
    """F = E_x E_{y ~ p(x)} grad grad^T, the labels drawn by the net, of a layer of a net that is piecewise linear."""
    net, train, _, _, _ = seen(subject_of("perceptron"))
    weight = net.get_submodule("3").weight.requires_grad_()
    fisher = torch.zeros(weight.numel(), weight.numel(), dtype=torch.float64)
    for image in train:
        log = net(image[None]).log_softmax(1)[0]
        for part in log:
            (slope,) = torch.autograd.grad(-part, weight, retain_graph=True)
            fisher += part.detach().exp() * torch.outer(slope.flatten(), slope.flatten()) / len(train)
    table = results_of("perceptron").named_tables()[TABLE]
    assert table["eigenvalue"].tolist() == pytest.approx(torch.linalg.eigvalsh(fisher).flip(0).tolist(), rel=1e-9)


def test_rescaling_two_layers_changes_no_product_of_sharpness_and_size():
    """Dinh et al. 2017: sharpness alone is changed at will, and so is size."""
    one = subject_of("perceptron")
    other = copy.deepcopy(one.model)
    with torch.no_grad():
        other.get_submodule("3").weight.mul_(5)
        other.get_submodule("5").weight.div_(5)
    before = results_of("perceptron").named_tables()[TABLE]
    after = results_for(replace(one, model=other)).named_tables()[TABLE]
    for column in ("estimate", "gap", "correlation"):
        assert after[column].tolist() == pytest.approx(before[column].tolist(), rel=1e-4)
    assert after["sigma_g"].tolist() == pytest.approx((before["sigma_g"] / 5).tolist(), rel=1e-4)
    assert after["sigma_w"].tolist() == pytest.approx((before["sigma_w"] * 5).tolist(), rel=1e-4)
    assert after["eigenvalue"].tolist() == pytest.approx((before["eigenvalue"] / 25).tolist(), rel=1e-4)


def test_a_pair_without_an_input_of_the_layer_is_left_out_and_counted():
    one = subject(lambda: mlp((1, 3, 3), 5, [4, 3]), (1, 3, 3), 5, images=90)
    one = replace(one, dataset=replace(subject_of("biases").dataset))
    model = copy.deepcopy(one.model)
    _, train, *_ = seen(one)
    with torch.no_grad():  # of half of the images nothing passes
        model[1].bias -= model[1](train.flatten(1).float()).amax(1).median()
    dark = replace(one, model=model)
    _, losses, left_out = decomposed(dark, "3")
    assert 0 < left_out < 31
    found = inputs_of(dark).get("duality", "test").directions("3", 1000, "input")
    assert (found.left_out, len(found.losses)) == (left_out, len(losses))
    (samples,) = [row["samples"] for row in results_for(dark, None, ("duality_gap",)).rows]
    assert samples == len(losses)


def test_a_test_image_like_its_partner_has_neither_change_nor_gradient():
    one = subject_of("perceptron")
    data = one.dataset
    clean = torch.nonzero(~data.corrupted).flatten()[:5]
    same = replace(
        one, dataset=replace(data, test_images=data.train_images[clean], test_labels=data.train_labels[clean])
    )
    found = inputs_of(same).get("duality", "test").directions("3", 1000, "input")
    assert not found.losses.any()
    assert not found.changes.any()
    assert not found.gradients.any()
    (row,) = results_for(same, None, ("duality_correlation",)).rows
    assert row["reason"] == "neither gradients nor changes of weights vary over the pairs"


def test_dead_inputs_of_the_layer_leave_no_sharp_directions_of_rounding():
    one = subject(lambda: mlp((1, 3, 3), 5, [12, 3]), (1, 3, 3), 5, images=90)
    one = replace(one, dataset=subject_of("biases").dataset)
    model = copy.deepcopy(one.model)
    with torch.no_grad():
        model[1].weight[:8] = 0
        model[1].bias[:8] = -1
    dead = replace(one, model=model)
    table = results_for(dead, None, (TABLE,)).named_tables()[TABLE]
    assert (table["sigma_g"] > 1e-9 * table["sigma_g"].max()).sum() <= 12  # of 36, three for each input that is alive
    assert 1 <= table["sharp"].sum() < 12
    assert table["sigma_g"][table["sharp"]].min() > 1e-4 * table["sigma_g"].max()


def test_a_net_that_changes_its_activations_in_place_is_measured():
    one = subject_of("biases")
    build = Chain(
        nn.Flatten(), nn.Linear(9, 4), nn.ReLU(inplace=True), nn.Linear(4, 3), nn.ReLU(inplace=True), nn.Linear(3, 5)
    )
    build.load_state_dict(one.model.state_dict())
    (row,) = results_for(replace(one, model=build), None, ("duality_gap",)).rows
    assert row["value"] is not None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"layer": "2"}, "the net has no linear layer 2; it has 1, 3, 5"),
        ({"layer": "1"}, "layer 1 has 9,000 weights, and a Hessian is taken of 8,192 at most"),
    ],
)
def test_what_cannot_be_has_a_reason(options, reason):
    one = subject(lambda: mlp((1, 10, 10), 5, [90, 5]), (1, 10, 10), 5)
    assert {row["reason"] for row in results_for(one, options, ("duality_gap", "sharp_directions")).rows} == {reason}


def test_without_a_true_label_there_is_no_partner():
    one = subject_of("perceptron")
    data = one.dataset
    wrong = replace(one, dataset=replace(data, true_labels=(data.train_labels + 1) % 5))
    (row,) = results_for(wrong, None, ("duality_gap",)).rows
    assert "partners are correctly labelled ones" in row["reason"]


def test_another_loss_has_a_reason():
    def halved(outputs, labels):
        return nn.functional.cross_entropy(outputs, labels) / 2

    (row,) = results_for(replace(subject_of("biases"), loss=halved), None, ("duality_gap",)).rows
    assert "another loss" in row["reason"]


def test_sharp_directions_come_before_the_largest_fall():
    found = sharp(torch.tensor([5.0, 1.0, 40.0, 0.9, 0.8, 50.0, 0.7]))
    assert torch.nonzero(found).flatten().tolist() == [2, 5]
    assert sharp(torch.zeros(4)).tolist() == [False] * 4
    assert sharp(torch.tensor([2.0])).tolist() == [True]
