"""Interlayer cushions of nets whose Jacobians are written out as matrices, and what must not change them."""

import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from genlab.errors import ConfigError
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.models.branches import Sum
from genlab.models.dropout import Chain
from genlab.models.mlp import mlp
from tests.measures.chains import CASES, IMAGES, name_of, pairs_of, plain_of, positions_of, subject_of, through
from tests.measures.entries import assert_agree, entries, entries_of
from tests.measures.oracles import compares
from tests.measures.subjects import subject
from tests.references import cushions as reference
from tests.references.margins import percentile

NAMES = (
    "interlayer_cushion",
    "interlayer_cushion_pairs",
    "interlayer_cushions_of_images",
)
BETA = "well_distributed_jacobian"
every_case = pytest.mark.parametrize("case", CASES)


def results_for(subject: Subject, names=NAMES) -> Results:
    return compute_measures(subject, Request.of(names, {name: {"images": IMAGES} for name in names}))


@cache
def results_of(case: str) -> Results:
    return results_for(subject_of(case), (*NAMES, BETA) if case == "convolutions" else NAMES)


@cache
def matrices(case: str) -> dict[tuple[int, int], list[np.ndarray]]:
    """The Jacobians of every pair of layers at each image."""
    plain = plain_of(case)
    return {pair: [reference.jacobian(plain, *pair, inputs) for inputs in through(case)] for pair in pairs_of(case)}


@cache
def values(case: str) -> dict[tuple[int, int], list[float]]:
    """mu of every pair at each image."""
    return {
        (first, last): [
            reference.interlayer_cushion(matrix, inputs[first + 1])
            for matrix, inputs in zip(found, through(case), strict=True)
        ]
        for (first, last), found in matrices(case).items()
    }


@cache
def spreads(case: str) -> dict[int, list[float]]:
    """The largest beta over later layers, by first layer and image."""
    found: dict[int, list[list[float]]] = {}
    for (first, _), ones in matrices(case).items():
        shape = through(case)[0][first + 1].shape
        found.setdefault(first, []).append([reference.spread(matrix, shape) for matrix in ones])
    return {first: np.max(ones, axis=0).tolist() for first, ones in found.items()}


def least(case: str, first: int) -> list[float]:
    return np.min([found for (start, _), found in values(case).items() if start == first], axis=0).tolist()


def compare(name: str, case: str, expected) -> None:
    assert_agree(name, entries_of(results_of(case))[name], entries(expected), rel=1e-9)


@compares("interlayer_cushion", case="biases")
@every_case
def test_an_interlayer_cushion_is_the_least_over_later_layers_and_one_over_the_root_of_the_units(case):
    plain = plain_of(case)
    expected = {}
    for number in reference.positions(plain):
        bound = len(plain[number]["weight"]) ** -0.5
        later = [percentile(least(case, number), 5)] if number in spreads(case) else []
        expected[name_of(case, number)] = min([bound, *later])
    compare("interlayer_cushion", case, expected)


@compares("interlayer_cushion_pairs", case="biases")
@every_case
def test_the_cushions_of_all_pairs_are_what_the_matrices_say(case):
    found = entries_of(results_of(case))["interlayer_cushion_pairs"]
    plain = plain_of(case)
    expected = []
    for first, last in pairs_of(case):
        later = reference.positions(plain)
        neighbours = later.index(last) == later.index(first) + 1
        expected.append(
            {
                "from": name_of(case, first),
                "to": name_of(case, last),
                "from_position": later.index(first) + 1,
                "to_position": later.index(last) + 1,
                **reference.all_statistics(values(case)[first, last], 5),
                "standard_error": 0.0,
                "products": 2 if neighbours else through(case)[0][last + 1].size,
                "exact": True,
            }
        )
    assert_agree("interlayer_cushion_pairs", found, entries(expected), rel=1e-9)


@compares("well_distributed_jacobian")
def test_beta_is_the_largest_part_of_one_cell_and_of_convolutions_alone():
    case = "convolutions"
    maps = [number for number in spreads(case) if through(case)[0][number + 1].ndim == 3]
    compare("well_distributed_jacobian", case, {name_of(case, one): percentile(spreads(case)[one], 95) for one in maps})


def test_a_perceptron_has_no_beta_and_a_reason():
    (row,) = results_for(subject_of("biases"), [BETA]).rows
    assert "no convolution" in row["reason"]


@compares("interlayer_cushions_of_images", case="convolutions")
@every_case
def test_the_table_of_images_has_each_of_them_with_its_place_among_the_training_images(case):
    expected = []
    for position, first in enumerate(spreads(case), start=1):
        to_output = values(case)[first, reference.positions(plain_of(case))[-1]]
        columns = zip(positions_of(case), least(case, first), to_output, spreads(case)[first], strict=True)
        for image, smallest, last, beta in columns:
            row = {"layer": name_of(case, first), "position": position, "image": image, "least": smallest}
            expected.append({**row, "to_output": last, "spread": beta})
    compare("interlayer_cushions_of_images", case, expected)


def test_options_choose_statistic_and_clipping():
    model = subject_of("biases")
    for statistic, of in (("extreme", min), ("mean", np.mean)):
        options = {"images": IMAGES, "statistic": statistic, "clip": False}
        found = compute_measures(model, Request.of(["interlayer_cushion"], {"interlayer_cushion": options}))
        expected = {name_of("biases", first): of(least("biases", first)) for first in spreads("biases")}
        assert_agree("interlayer_cushion", entries_of(found)["interlayer_cushion"], entries(expected), rel=1e-9)


def test_estimates_are_within_their_error_of_what_is_exact():
    """Of the pairs that are no neighbours; signs come in few patterns where there are few outputs."""
    subject = subject_of("biases")
    name = "interlayer_cushion_pairs"
    exact = entries_of(results_of("biases"))[name]
    options = {"images": IMAGES, "exact_up_to": 0, "probes": 2}
    rough = compute_measures(subject, Request.of([name], {name: options})).named_tables()[name]
    assert rough["exact"].tolist() == [True, False, False, True, False, True]
    assert (rough["standard_error"] > 0).tolist() == [False, True, True, False, True, False]
    more = compute_measures(subject, Request.of([name], {name: {**options, "probes": 6}})).named_tables()[name]
    assert not more["exact"].all()
    for row, (mean, error, is_exact) in enumerate(
        zip(more["mean"], more["standard_error"], more["exact"], strict=True)
    ):
        expected = next(v for entry, v in exact.items() if (entry.row, entry.column) == (row, "mean"))
        assert abs(mean - expected) <= (1e-9 if is_exact else 4 * error), row


@pytest.fixture
def doubled():
    """A net and itself with its layers scaled, with biases, so that it is the same function."""
    before = replace(subject_of("biases"), model=copy.deepcopy(subject_of("biases").model).double())
    model = copy.deepcopy(before.model)
    with torch.no_grad():
        model[1].weight.mul_(3), model[1].bias.mul_(3), model[3].weight.div_(3)
        model[5].weight.mul_(0.1), model[5].bias.mul_(0.1), model[7].weight.mul_(10)
    return before, replace(before, model=model)


def test_rescaling_layers_changes_no_cushion(doubled):
    found, expected = (entries_of(results_for(one)) for one in reversed(doubled))
    for name in NAMES:
        assert_agree(name, found[name], expected[name], rel=1e-9)


def test_an_image_without_activations_is_counted_and_left_out():
    subject_ = subject(lambda: mlp((1, 3, 3), 3, [6, 5], bias=False), (1, 3, 3), 3, images=8)
    pixels = subject_.dataset.train_images.clone()
    mean = subject_.dataset.normalisation.mean
    assert mean is not None
    black = replace(subject_.dataset.normalisation, mean=torch.zeros_like(mean))
    pixels[3] = 0
    options = {"images": 8}
    with_black = replace(subject_, dataset=replace(subject_.dataset, train_images=pixels, normalisation=black))
    names = ["interlayer_cushion_pairs", "layer_cushions", "interlayer_cushions_of_images"]
    tables = compute_measures(with_black, Request.of(names, dict.fromkeys(names, options))).named_tables()
    for name in names[:2]:
        assert (tables[name]["left_out"] == 1).all()
        assert (tables[name]["n"] == 7).all()
        assert (tables[name]["minimum"] > 0).all()
    images = tables["interlayer_cushions_of_images"]
    assert images["least"][images["image"] == 3].isna().all()
    assert images["least"][images["image"] != 3].notna().all()


def test_a_net_with_branches_has_layer_cushions_and_a_reason_for_the_rest():
    def build() -> nn.Module:
        return Chain(nn.Flatten(), Sum(nn.Linear(9, 9), nn.Identity()), nn.ReLU(), nn.Linear(9, 3))

    branched = subject(build, (1, 3, 3), 3, images=8)
    names = ["layer_cushion", "activation_contraction", "interlayer_cushion", "inverse_interlayer_smoothness"]
    rows = {row["measure"]: row for row in compute_measures(branched, Request.of(names)).rows}
    assert rows["layer_cushion"]["value"] > 0
    for name in names[1:]:
        assert rows[name]["value"] is None
        assert "chain" in rows[name]["reason"]


def test_a_net_of_one_layer_has_a_reason():
    linear = subject(lambda: mlp((1, 3, 3), 3, []), (1, 3, 3), 3, images=8)
    rows = compute_measures(linear, Request.of(["layer_cushion", "interlayer_cushion"])).rows
    assert rows[0]["value"] > 0
    assert "one layer" in rows[1]["reason"]


@pytest.mark.parametrize(
    ("option", "value"), [("images", 0), ("probes", 1), ("percent", 101), ("statistic", "median"), ("exact_up_to", -1)]
)
def test_an_option_that_cannot_be_is_refused_before_anything_is_computed(option, value):
    with pytest.raises(ConfigError) as refused:
        Request.of(["interlayer_cushion"], {"interlayer_cushion": {option: value}})
    (problem,) = refused.value.problems
    assert problem.key == f"interlayer_cushion.{option}"
