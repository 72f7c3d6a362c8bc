"""Of perceptrons with and without biases, against products that are written out and units that are counted."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from genlab.config.vocabulary import Inputs
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.computing.request import Request
from genlab.measures.conditions import (
    PERTURBATIONS,
    incoming_norm_constant,
    interlayer_condition_number,
    interlayer_conditions,
)
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.models.mlp import mlp
from tests.measures.entries import assert_agree, entries, entries_of
from tests.measures.oracles import compares
from tests.measures.subjects import SUBJECTS, subject
from tests.references import conditions as reference

NAMES = (
    "interlayer_conditions",
    "interlayer_condition_number",
    "activation_flips",
    "activation_flip_constant",
    "incoming_norm_constant",
    "incoming_norms",
)
BIASES = {"biases": True, "no biases": False}
every_case = pytest.mark.parametrize("case", BIASES)


@cache
def subject_of(case: str) -> Subject:
    return subject(lambda: mlp((2, 4, 3), 4, [13, 9, 7], bias=BIASES[case]), (2, 4, 3), 4)


@cache
def results_of(case: str) -> Results:
    return compute_measures(subject_of(case), Request.of(NAMES))


def layers_of(case: str) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """Name, weight and bias of each layer, as the twins take them."""
    return [
        (name, m.weight.detach().double().numpy(), None if m.bias is None else m.bias.detach().double().numpy())
        for name, m in subject_of(case).model.named_modules()
        if isinstance(m, nn.Linear)
    ]


def plain(case: str) -> list[tuple[np.ndarray, np.ndarray | None]]:
    return [(weight, bias) for _, weight, bias in layers_of(case)]


def images_of(case: str) -> np.ndarray:
    """The sample as rows of inputs."""
    return Inputs(subject_of(case), INPUTS).get("image_sample", "test").flatten(1).numpy()


def inverse_mus(case: str, images: int) -> list[dict]:
    return [reference.inverse_mus(plain(case), image) for image in images_of(case)[:images]]


def inputs_of(case: str) -> tuple:
    """What the measures of C1 are called with."""
    inputs = Inputs(subject_of(case), INPUTS)
    return tuple(inputs.get(name, "test") for name in ("weight_layers", "folded_model", "image_sample"))


def compare(name: str, case: str, expected) -> None:
    assert_agree(name, entries_of(results_of(case))[name], entries(expected), rel=1e-9)


@compares("interlayer_conditions", case="biases")
@every_case
def test_interlayer_conditions_are_what_the_full_products_say(case):
    expected = []
    found = inverse_mus(case, 5)
    for a, c, b in found[0]:
        values = [one[a, c, b] for one in found]
        expected.append({"from": a, "at": c, "to": b, "median": np.median(values), "maximum": max(values), "n": 5})
    assert len(expected) == 10
    compare("interlayer_conditions", case, expected)


@compares("interlayer_condition_number", case="biases")
@every_case
def test_interlayer_condition_number_is_the_largest_of_them(case):
    largest = max(max(one.values()) for one in inverse_mus(case, 5))
    compare("interlayer_condition_number", case, largest)
    fewer = interlayer_condition_number(*inputs_of(case), images=2).value
    assert fewer == pytest.approx(max(max(one.values()) for one in inverse_mus(case, 2)), rel=1e-9)


def test_c1_does_not_see_the_scale_of_a_layer_and_not_the_order_of_units():
    """Without biases: with them a scaled layer is another function."""
    model = mlp((2, 4, 3), 4, [13, 9, 7], bias=False).eval()
    model.load_state_dict(subject_of("no biases").model.state_dict())
    with torch.no_grad():
        model[1].weight.mul_(3.0)
        model[3].weight.mul_(0.25)
        order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
        model[3].weight.copy_(model[3].weight[order].clone())
        model[5].weight.copy_(model[5].weight[:, order].clone())
    changed = compute_measures(replace(subject_of("no biases"), model=model), Request.of(NAMES[:2]))
    before = entries_of(results_of("no biases"))
    for name, found in entries_of(changed).items():
        assert_agree(name, found, before[name], rel=1e-6)


@every_case
def test_c1_of_a_net_that_no_path_is_active_through_has_a_reason(case):
    """Images of zeros, and units whose biases, where there are any, keep them all inactive."""
    layers, model, sample = inputs_of(case)
    for layer in layers:
        if layer.module.bias is not None:
            layer.module.bias.data.fill_(-1.0)
    with pytest.raises(NotApplicable, match="no path"):
        interlayer_condition_number(layers, model, torch.zeros_like(sample))


@compares("activation_flips", case="biases")
@every_case
def test_activation_flips_are_what_counting_says(case):
    images, expected = images_of(case), []
    for level, (name, _, _) in enumerate(layers_of(case)[:-1]):
        for delta in PERTURBATIONS:
            fraction, error = reference.flipped(plain(case), images, level, delta)
            row = {"layer": name, "perturbation": delta, "fraction": fraction, "standard_error": error}
            expected.append({**row, "n": len(images)})
    compare("activation_flips", case, expected)


@compares("activation_flip_constant", case="biases")
@every_case
def test_activation_flip_constant_is_the_largest_ratio(case):
    def constant(level):
        return max(reference.flipped(plain(case), images_of(case), level, delta)[0] / delta for delta in PERTURBATIONS)

    expected = {name: constant(level) for level, (name, _, _) in enumerate(layers_of(case)[:-1])}
    compare("activation_flip_constant", case, expected)


@compares("incoming_norm_constant", case="biases")
@every_case
def test_incoming_norm_constant_is_what_loops_say(case):
    expected = {name: reference.incoming_norm_constant(weight) for name, weight, _ in layers_of(case)}
    compare("incoming_norm_constant", case, expected)
    assert all(1 < expected[name] <= len(weight) ** 0.5 for name, weight, _ in layers_of(case))


@compares("incoming_norms", case="biases")
@every_case
def test_incoming_norms_are_those_of_units_over_their_average(case):
    expected = [
        {"layer": name, "rank": rank, "ratio": ratio}
        for name, weight, _ in layers_of(case)
        for rank, ratio in enumerate(reference.incoming_ratios(weight), start=1)
    ]
    compare("incoming_norms", case, expected)


def test_c3_of_equal_rows_is_one():
    class Layer:
        name, matrix = "1", torch.nn.functional.normalize(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)))

    assert incoming_norm_constant([Layer()]) == {"1": pytest.approx(1, rel=1e-6)}
    Layer.matrix = torch.zeros(5, 4)
    with pytest.raises(NotApplicable, match="all weights of layer 1 are zero"):
        incoming_norm_constant([Layer()])


def test_of_other_nets_the_rows_say_why_and_c3_is_of_their_kernels():
    rows = {}
    for row in compute_measures(SUBJECTS["vgg with batch norm"](), Request.of(NAMES)).rows:
        rows.setdefault(row["measure"], row)
    for name in NAMES[:4]:
        assert rows[name]["value"] is None
        assert "perceptron" in rows[name]["reason"]
    assert rows["incoming_norm_constant"]["value"] > 1


@every_case
def test_no_images_have_a_reason(case):
    for function in (interlayer_conditions, interlayer_condition_number):
        with pytest.raises(NotApplicable, match="images: 0"):
            function(*inputs_of(case), images=0)
