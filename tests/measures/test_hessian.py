"""Curvature against the dense Hessian of the twin, and the laws that hold for it."""

import copy
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from scipy import integrate
from torch import nn

from genlab.measures import MEASURES
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from tests.measures.oracles import compares
from tests.measures.subjects import SUBJECTS, described, normalised
from tests.references import hessian as twin

CASES = ("mlp", "strided")
NAMES = [name for name, entry in MEASURES.items() if entry.family == "hessian"]
SCALARS = [name for name in NAMES if not MEASURES[name].table]


@cache
def subject_of(case: str) -> Subject:
    return SUBJECTS[case]()


@cache
def dense(case: str) -> np.ndarray:
    subject = subject_of(case)
    images = normalised(subject.dataset.train_images.numpy(), subject.dataset.normalisation)
    return twin.hessian(described(subject.model), images, subject.dataset.train_labels.tolist())


def blocks(case: str) -> dict[str, np.ndarray]:
    """The diagonal block of each layer by the layer's name."""
    model = subject_of(case).model
    names = [name for name, module in model.named_children() if any(True for _ in module.parameters())]
    slices = twin.parameter_slices(described(model))
    return {name: dense(case)[part, part] for name, part in zip(names, slices, strict=True)}


def results_of(subject: Subject, name: str, **options) -> Results:
    """With the net in float64 unless another precision is asked for."""
    return compute_measures(subject, Request.of([name], {name: {"precision": "float64"} | options}))


def rows_of(subject: Subject, name: str, **options) -> dict[str, dict]:
    """By layer."""
    return {row["layer"]: row for row in results_of(subject, name, **options).rows}


def table_of(subject: Subject, name: str, **options):
    return results_of(subject, name, **options).named_tables()[name]


@compares("hessian_top_eigenvalue", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_hessian_top_eigenvalue_is_that_of_the_dense_matrix(case):
    row = rows_of(subject_of(case), "hessian_top_eigenvalue")[""]
    expected = np.linalg.eigvalsh(dense(case))[-1]
    assert row["value"] == pytest.approx(expected, rel=1e-6)
    assert row["converged"]
    assert abs(row["value"] - expected) <= row["residual"] <= 1e-5 * row["value"]
    assert 3 <= row["iterations"] < 40


@compares("layer_hessian_top_eigenvalue", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_layer_hessian_top_eigenvalue_is_that_of_the_block(case):
    rows = rows_of(subject_of(case), "layer_hessian_top_eigenvalue")
    expected = {layer: np.linalg.eigvalsh(block)[-1] for layer, block in blocks(case).items()}
    assert {layer: row["value"] for layer, row in rows.items()} == pytest.approx(expected, rel=1e-6)
    assert all(row["converged"] for row in rows.values())
    assert max(expected.values()) <= rows_of(subject_of(case), "hessian_top_eigenvalue")[""]["value"]


@compares("hessian_trace", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_hessian_trace_is_within_its_standard_error(case):
    row = rows_of(subject_of(case), "hessian_trace", probes=200)[""]
    assert abs(row["value"] - np.trace(dense(case))) < 3 * row["standard_error"]
    matrix = dense(case)
    variance = 2 * (np.sum(matrix**2) - np.sum(np.diag(matrix) ** 2)) / 200
    assert row["standard_error"] == pytest.approx(variance**0.5, rel=0.3)
    assert (row["samples"], row["converged"]) == (200, True)


@compares("layer_hessian_trace", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_layer_hessian_trace_is_within_its_standard_error(case):
    rows = rows_of(subject_of(case), "layer_hessian_trace", probes=200)
    assert list(rows) == list(blocks(case))
    for layer, block in blocks(case).items():
        assert abs(rows[layer]["value"] - np.trace(block)) < 3 * rows[layer]["standard_error"]
        assert rows[layer]["standard_error"] > 0


@pytest.mark.parametrize("case", CASES)
def test_a_trace_with_as_many_probes_as_parameters_is_exact(case):
    row = rows_of(subject_of(case), "hessian_trace", probes=1000)[""]
    assert row["value"] == pytest.approx(np.trace(dense(case)), rel=1e-10)
    assert (row["standard_error"], row["samples"]) == (0, len(dense(case)))
    layers = rows_of(subject_of(case), "layer_hessian_trace", probes=1000)
    expected = {layer: np.trace(block) for layer, block in blocks(case).items()}
    assert {layer: row["value"] for layer, row in layers.items()} == pytest.approx(expected, rel=1e-10)


@compares("hessian_eigenvalues", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_hessian_eigenvalues_are_both_ends_of_the_dense_spectrum(case):
    table = table_of(subject_of(case), "hessian_eigenvalues", largest=6, smallest=3, tolerance=1e-8)
    exact = np.linalg.eigvalsh(dense(case))
    assert table["rank"].tolist() == [1, 2, 3, 4, 5, 6, -1, -2, -3]
    assert table["eigenvalue"].tolist() == pytest.approx([*exact[:-7:-1], *exact[:3]], rel=1e-6)
    assert exact[0] < 0, "negative curvature is told too"
    errors = np.abs(table["eigenvalue"] - [*exact[:-7:-1], *exact[:3]])
    assert (errors <= table["residual"] + 1e-12 * exact[-1]).all()
    assert (table["residual"] <= 1e-8 * exact[-1]).all()
    assert table["converged"].all()
    (products,) = set(table["products"])
    assert 9 <= products <= 300


@compares("hessian_spectral_density", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_hessian_spectral_density_is_exact_where_that_takes_fewer_products(case):
    table = table_of(subject_of(case), "hessian_spectral_density", steps=100, probes=10)
    exact = np.linalg.eigvalsh(dense(case))
    grid, sigma = table["eigenvalue"].to_numpy(), table["sigma"][0]
    assert sigma == pytest.approx(0.01 * (exact[-1] - exact[0]), rel=1e-6)
    normal = np.exp(-0.5 * ((grid[:, None] - exact) / sigma) ** 2).mean(1) / (sigma * np.sqrt(2 * np.pi))
    assert table["density"].to_numpy() == pytest.approx(normal, rel=1e-6, abs=1e-9 * normal.max())
    assert not table["standard_error"].any()
    # Where an eigenvalue is 0 to rounding, the side of a point that it lies on is chance.
    far = np.abs(grid[:, None] - exact).min(1) > 1e-9
    share = (exact <= grid[:, None]).mean(1)
    assert table["cumulative"][far].tolist() == pytest.approx(share[far].tolist(), rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_hessian_spectral_density_sampled_is_near_the_exact_one(case):
    table = table_of(subject_of(case), "hessian_spectral_density", steps=60, probes=9, sigma_over_range=0.05)
    exact = np.linalg.eigvalsh(dense(case))
    grid, sigma = table["eigenvalue"].to_numpy(), table["sigma"][0]
    normal = np.exp(-0.5 * ((grid[:, None] - exact) / sigma) ** 2).mean(1) / (sigma * np.sqrt(2 * np.pi))
    error = table["standard_error"].to_numpy()
    assert error.max() > 0
    assert np.mean(np.abs(table["density"] - normal) > 4 * error + 1e-3 * normal.max()) < 0.05
    assert integrate.trapezoid(table["density"], grid) == pytest.approx(1, abs=0.01)


@compares("layer_hessian_spectral_density", case="mlp")
@pytest.mark.parametrize("case", CASES)
def test_layer_hessian_spectral_density_is_that_of_each_block(case):
    table = table_of(subject_of(case), "layer_hessian_spectral_density", steps=100, probes=10)
    assert list(dict.fromkeys(table["layer"])) == list(blocks(case))
    for layer, block in blocks(case).items():
        exact = np.linalg.eigvalsh(block)
        of_layer = table[table["layer"] == layer]
        grid, sigma = of_layer["eigenvalue"].to_numpy(), of_layer["sigma"].iloc[0]
        normal = np.exp(-0.5 * ((grid[:, None] - exact) / sigma) ** 2).mean(1) / (sigma * np.sqrt(2 * np.pi))
        assert of_layer["density"].to_numpy() == pytest.approx(normal, rel=1e-5, abs=1e-7 * normal.max())
        assert not of_layer["standard_error"].any()
        far = np.abs(grid[:, None] - exact).min(1) > 1e-9
        share = (exact <= grid[:, None]).mean(1)
        assert of_layer["cumulative"][far].tolist() == pytest.approx(share[far].tolist(), rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_the_default_is_float32_and_agrees_to_its_rounding(case):
    exact = np.linalg.eigvalsh(dense(case))
    row = rows_of(subject_of(case), "hessian_top_eigenvalue", precision="float32")[""]
    assert row["value"] == pytest.approx(exact[-1], rel=2e-6)
    assert (row["converged"], row["options"]) == (True, "")
    trace = rows_of(subject_of(case), "hessian_trace", precision="float32", probes=1000)[""]
    assert trace["value"] == pytest.approx(np.trace(dense(case)), abs=2e-6 * exact[-1])
    layers = rows_of(subject_of(case), "layer_hessian_top_eigenvalue", precision="float32")
    expected = {layer: np.linalg.eigvalsh(block)[-1] for layer, block in blocks(case).items()}
    assert {layer: row["value"] for layer, row in layers.items()} == pytest.approx(expected, rel=1e-5)


def test_a_part_of_the_images_is_the_same_for_all_measures():
    subject = subject_of("mlp")
    top = rows_of(subject, "hessian_top_eigenvalue", images=20)[""]["value"]
    table = table_of(subject, "hessian_eigenvalues", images=20, largest=1, smallest=0, tolerance=1e-8)
    assert table["eigenvalue"][0] == pytest.approx(top, rel=1e-6)
    assert abs(top / np.linalg.eigvalsh(dense("mlp"))[-1] - 1) > 0.01


def test_another_loss_has_another_hessian():
    """Of sum_c (f_c - onehot_c)^2: for the biases of the last layer it is 2 on the diagonal, whatever the images."""

    def squared(outputs, labels):
        return (outputs - nn.functional.one_hot(labels, outputs.shape[1])).square().sum(1).mean()

    model = nn.Sequential(nn.Flatten(), nn.Linear(60, 4))
    model[1].weight.requires_grad_(False)
    subject = replace(subject_of("mlp"), model=model, loss=squared)
    for name in ("hessian_top_eigenvalue", "layer_hessian_top_eigenvalue"):
        assert next(iter(rows_of(subject, name).values()))["value"] == pytest.approx(2, rel=1e-10)
    assert rows_of(subject, "hessian_trace")[""]["value"] == pytest.approx(8, rel=1e-10)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hessian_top_eigenvalue", {"images": 0}),
        ("hessian_top_eigenvalue", {"tolerance": 0.0}),
        ("layer_hessian_top_eigenvalue", {"max_products": 0}),
        ("hessian_top_eigenvalue", {"tolerance": math.inf}),
        ("hessian_trace", {"probes": 1}),
        ("hessian_trace", {"tolerance": 0.0}),
        ("layer_hessian_trace", {"tolerance": -0.1}),
        ("layer_hessian_trace", {"tolerance": math.inf}),
        ("hessian_eigenvalues", {"tolerance": math.inf}),
        ("layer_hessian_trace", {"probes": 0}),
        ("hessian_eigenvalues", {"largest": 0, "smallest": 0}),
        ("hessian_spectral_density", {"steps": 1}),
        ("hessian_spectral_density", {"sigma_over_range": 0.0}),
        ("hessian_spectral_density", {"sigma_over_range": math.inf}),
        ("layer_hessian_spectral_density", {"sigma_over_range": 1e308}),
        ("layer_hessian_spectral_density", {"probes": 0}),
    ],
)
def test_an_option_that_makes_no_sense_gives_a_reason_and_the_others_their_values(name, options):
    results = compute_measures(subject_of("mlp"), Request.of([name, "parameter_count"], {name: options}))
    (count, row) = results.rows
    assert count["value"] == 959
    assert row["value"] is None
    assert any(f"{value:g}" in row["reason"] for value in options.values())
    assert "Error" not in row["reason"]


def test_what_did_not_converge_says_so():
    row = rows_of(subject_of("mlp"), "hessian_top_eigenvalue", max_products=3)[""]
    assert (row["converged"], row["iterations"]) == (False, 3)
    assert row["value"] < np.linalg.eigvalsh(dense("mlp"))[-1]
    assert rows_of(subject_of("mlp"), "hessian_trace", tolerance=1e-6)[""]["converged"] is False
    few = table_of(subject_of("mlp"), "hessian_eigenvalues", max_products=12)
    assert not few["converged"].all()


def test_a_net_without_trainable_parameters_has_a_reason():
    model = copy.deepcopy(subject_of("mlp").model).requires_grad_(False)
    results = compute_measures(replace(subject_of("mlp"), model=model), Request.of(NAMES))
    assert {row["reason"] for row in results.rows} == {"the net has no trainable parameter"}


# Laws --------------------------------------------------------------------------------------------------------------

# Exact traces, so that no random numbers are left in them.
EXACT = {name: {"precision": "float64"} | ({"probes": 1000} if "trace" in name else {}) for name in SCALARS}


@cache
def of_few_images(case: str) -> Subject:
    """What holds for a mean over images holds for a mean over a third of them."""
    subject = subject_of(case)
    data = subject.dataset
    few = replace(data, train_images=data.train_images[:15], train_labels=data.train_labels[:15])
    return replace(subject, dataset=few)


@cache
def before(case: str) -> dict[tuple[str, str], float]:
    return scalars(of_few_images(case))


def scalars(subject: Subject) -> dict[tuple[str, str], float]:
    rows = compute_measures(subject, Request.of(SCALARS, EXACT)).rows
    return {(row["measure"], row["layer"]): row["value"] for row in rows}


@pytest.mark.parametrize("case", CASES)
def test_permuting_hidden_units_changes_nothing(case):
    subject = of_few_images(case)
    model = copy.deepcopy(subject.model)
    first, second = [m for m in model if isinstance(m, nn.Linear | nn.Conv2d)][:2]
    order = torch.randperm(len(first.bias), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        first.weight.copy_(first.weight[order].clone())
        first.bias.copy_(first.bias[order].clone())
        second.weight.copy_(second.weight[:, order].clone())
    assert scalars(replace(subject, model=model)) == pytest.approx(before(case), rel=1e-7)


def test_rescaling_two_layers_changes_the_curvature_as_it_must():
    """Layer i times s and layer i + 1 divided by s: the block of weights i by 1/s^2, the function not at all."""
    subject = subject_of("mlp")
    model = copy.deepcopy(subject.model)
    for layer in (module for module in model if isinstance(module, nn.Linear)):
        layer.bias.requires_grad_(False)
    before = scalars(replace(subject, model=copy.deepcopy(model)))
    with torch.no_grad():
        model[1].weight *= 2
        model[1].bias *= 2
        model[3].weight /= 2
    after = scalars(replace(subject, model=model))
    for name in ("layer_hessian_top_eigenvalue", "layer_hessian_trace"):
        assert after[name, "1"] == pytest.approx(before[name, "1"] / 4, rel=1e-6)
        assert after[name, "3"] == pytest.approx(before[name, "3"] * 4, rel=1e-6)
        assert after[name, "5"] == pytest.approx(before[name, "5"], rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_the_images_and_the_seed_change_nothing_where_all_are_used(case):
    subject = of_few_images(case)
    order = torch.randperm(len(subject.dataset.train_labels), generator=torch.Generator().manual_seed(0))
    data = subject.dataset
    shuffled = replace(data, train_images=data.train_images[order], train_labels=data.train_labels[order])
    found = scalars(replace(subject, dataset=shuffled, seed=subject.seed + 1))
    assert found == pytest.approx(before(case), rel=1e-7)


def test_measuring_twice_gives_the_same_bits_in_whatever_mode_and_changes_no_net():
    subject = subject_of("strided")
    state = copy.deepcopy(subject.model.state_dict())
    random_state = torch.get_rng_state()
    first = compute_measures(subject, Request.of(NAMES))
    second = compute_measures(replace(subject, model=copy.deepcopy(subject.model).train()), Request.of(NAMES))
    assert [{**row, "seconds": 0} for row in first.rows] == [{**row, "seconds": 0} for row in second.rows]
    assert all(first.named_tables()[name].equals(second.named_tables()[name]) for name in first.named_tables())
    assert all(torch.equal(state[key], value) for key, value in subject.model.state_dict().items())
    assert all(parameter.grad is None for parameter in subject.model.parameters())
    assert torch.equal(random_state, torch.get_rng_state())
