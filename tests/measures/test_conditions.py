import numpy as np
import pytest
import torch
from torch import nn

from genlab.config.vocabulary import Inputs
from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.conditions import (
    PERTURBATIONS,
    activation_flip_constant,
    activation_flips,
    incoming_norm_constant,
    incoming_norms,
    interlayer_condition_number,
    interlayer_conditions,
)
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.models.mlp import mlp
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


@pytest.fixture(scope="module", params=[True, False], ids=["biases", "no biases"])
def case(request):
    one = subject(lambda: mlp((2, 4, 3), 4, [13, 9, 7], bias=request.param), (2, 4, 3), 4)
    inputs = Inputs(one, INPUTS)
    layers, model, sample = (inputs.get(n, "test") for n in ("weight_layers", "folded_model", "image_sample"))
    plain = [
        (m.weight.detach().double().numpy(), None if m.bias is None else m.bias.detach().double().numpy())
        for m in model.modules()
        if isinstance(m, nn.Linear)
    ]
    return layers, model, sample, plain, sample.flatten(1).numpy()


def test_interlayer_conditions_are_what_the_full_products_say(case):
    layers, model, sample, plain, images = case
    expected = [reference.inverse_mus(plain, image) for image in images[:5]]
    table = interlayer_conditions(layers, model, sample)
    assert len(table) == len(expected[0]) == 10
    for row in table.itertuples(index=False):
        values = [one[row[0], row[1], row[2]] for one in expected]
        assert row.median == pytest.approx(np.median(values), rel=1e-9)
        assert row.maximum == pytest.approx(max(values), rel=1e-9)
        assert row.n == 5


def test_interlayer_condition_number_is_the_largest_of_them(case):
    layers, model, sample, plain, images = case
    expected = [reference.inverse_mus(plain, image) for image in images[:5]]
    largest = interlayer_condition_number(layers, model, sample)
    assert largest.value == pytest.approx(max(max(one.values()) for one in expected), rel=1e-9)
    fewer = interlayer_condition_number(layers, model, sample, images=2).value
    assert fewer == pytest.approx(max(max(one.values()) for one in expected[:2]), rel=1e-9)


def test_c1_does_not_see_the_scale_of_a_layer_and_not_the_order_of_units(case):
    layers, model, sample, _, _ = case
    if model[1].bias is not None:
        pytest.skip("with biases a scaled layer is another function")
    before = interlayer_conditions(layers, model, sample)
    with torch.no_grad():
        model[1].weight.mul_(3.0)
        model[3].weight.mul_(0.25)
        order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
        model[3].weight.copy_(model[3].weight[order])
        model[5].weight.copy_(model[5].weight[:, order])
    assert np.allclose(before.to_numpy(), interlayer_conditions(layers, model, sample).to_numpy(), rtol=1e-9)


def test_c1_of_a_net_that_no_path_is_active_through_has_a_reason(case):
    layers, model, sample, _, _ = case
    dead = [torch.zeros_like(sample)]
    if model[1].bias is None:
        with pytest.raises(NotApplicable, match="no path"):
            interlayer_condition_number(layers, model, dead[0])


def test_activation_flips_are_what_counting_says(case):
    layers, model, sample, plain, images = case
    table = activation_flips(layers, model, sample)
    assert len(table) == 3 * len(PERTURBATIONS)
    names = [layer.name for layer in layers]
    for row in table.itertuples(index=False):
        expected = reference.flipped(plain, images, names.index(row.layer), row.perturbation)
        assert row.fraction == pytest.approx(expected, rel=1e-9)


def test_activation_flip_constant_is_the_largest_ratio(case):
    layers, model, sample, plain, images = case
    names = [layer.name for layer in layers]
    constants = activation_flip_constant(layers, model, sample)
    for level, name in enumerate(names[:-1]):
        ratios = [reference.flipped(plain, images, level, delta) / delta for delta in PERTURBATIONS]
        assert constants[name] == pytest.approx(max(ratios), rel=1e-9)


def test_incoming_norm_constant_is_what_loops_say(case):
    layers, _, _, plain, _ = case
    found = incoming_norm_constant(layers)
    for layer, (weight, _) in zip(layers, plain, strict=True):
        assert found[layer.name] == pytest.approx(reference.incoming_norm_constant(weight), rel=1e-9)
        assert 1 < found[layer.name] <= len(weight) ** 0.5


def test_incoming_norms_are_those_of_units_over_their_average(case):
    layers, _, _, plain, _ = case
    table = incoming_norms(layers)
    assert table.groupby("layer")["ratio"].mean().to_numpy() == pytest.approx(np.ones(len(layers)))
    first = np.linalg.norm(plain[0][0], axis=1)
    assert table[table["layer"] == layers[0].name]["ratio"].to_numpy() == pytest.approx(
        sorted(first / first.mean(), reverse=True)
    )


def test_c3_of_equal_rows_is_one():
    class Layer:
        name, matrix = "1", torch.nn.functional.normalize(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)))

    assert incoming_norm_constant([Layer()]) == {"1": pytest.approx(1, rel=1e-6)}
    Layer.matrix = torch.zeros(5, 4)
    with pytest.raises(NotApplicable, match="all weights of layer 1 are zero"):
        incoming_norm_constant([Layer()])


def test_of_other_nets_the_rows_say_why_and_c3_is_of_their_kernels():
    rows = {}
    for row in compute_measures(SUBJECTS["vgg with batch norm"](), NAMES, {}).rows:
        rows.setdefault(row["measure"], row)
    for name in NAMES[:4]:
        assert rows[name]["value"] is None
        assert "perceptron" in rows[name]["reason"]
    assert rows["incoming_norm_constant"]["value"] > 1


def test_no_images_have_a_reason(case):
    layers, model, sample, _, _ = case
    for function in (interlayer_conditions, interlayer_condition_number):
        with pytest.raises(NotApplicable, match="images: 0"):
            function(layers, model, sample, images=0)
