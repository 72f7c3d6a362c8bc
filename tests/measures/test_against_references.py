"""Every deterministic measure on five random nets against its slow twin, to 1e-6 relative.

A logarithm is compared to 1e-6 absolute, which is 1e-6 of the number that it is the logarithm of.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import torch

from genlab.measures import MEASURES
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.measures.path_norms import log_l1_path_norm, log_l2_path_norm
from genlab.models.folding import folded
from genlab.models.mlp import mlp
from tests.measures import cushion_twins
from tests.measures.entries import assert_agree, entries, entries_of
from tests.measures.oracles import compares
from tests.measures.subjects import STEADY, SUBJECTS, described, normalised, perturbed
from tests.references import (
    folding,
    forward,
    gradients,
    history,
    margins,
    norms,
    operators,
    outputs,
    parameter_counts,
    path_norms,
    products,
    spectral_complexity,
    vc_dimension,
)

TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Twin:
    """A subject as the twins see it."""

    subject: Subject
    net: list[dict]
    plain: list[dict]
    initial: list[dict]
    logits: list[list[float]]
    margins: list[float]

    @property
    def labels(self) -> list[int]:
        return self.subject.dataset.train_labels.tolist()

    @property
    def history(self) -> list[dict]:
        return self.subject.history.to_dict("records")

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.subject.dataset.input_shape

    @property
    def gamma(self) -> float:
        return self.gamma_of(5)

    def gamma_of(self, percent: int) -> float:
        return margins.percentile(self.margins, percent)

    def layers(self) -> list[tuple[dict, tuple[int, ...], dict]]:
        """Each layer with weights, the shape that it sees, and the same layer at initialisation."""
        shapes = forward.input_shapes(self.plain, self.input_shape)
        triples = zip(self.plain, shapes, self.initial, strict=True)
        return [(layer, shape, initial) for layer, shape, initial in triples if "weight" in layer]


@cache
def subject_of(case: str) -> Subject:
    return SUBJECTS[case]()


@cache
def twin_of(case: str) -> Twin:
    subject = subject_of(case)
    net = described(subject.model)
    images = normalised(subject.dataset.train_images.numpy(), subject.dataset.normalisation)
    logits = forward.forward(net, images)
    return Twin(
        subject=subject,
        net=net,
        plain=folding.fold(net),
        initial=folding.fold(described(subject.initial_model)),
        logits=logits.tolist(),
        margins=margins.margins(logits.tolist(), subject.dataset.train_labels.tolist()),
    )


def each_weight(norm: Callable) -> Callable[[Twin], dict[str, float]]:
    return lambda twin: {layer["name"]: norm(layer["weight"]) for layer, _, _ in twin.layers()}


def each_distance(norm: Callable) -> Callable[[Twin], dict[str, float]]:
    return lambda twin: {
        layer["name"]: norm(layer["weight"] - initial["weight"]) for layer, _, initial in twin.layers()
    }


def pq_2_1(weight):
    return norms.pq(weight, 2, 1)


@cache
def spectral_norm_operator(twin: Twin) -> dict[str, float]:
    return {
        layer["name"]: operators.largest_singular_value(operators.layer_matrix(layer, shape))
        for layer, shape, _ in twin.layers()
    }


@cache
def spectral_norm_circular(twin: Twin) -> dict[str, float]:
    return {
        layer["name"]: operators.largest_singular_value(operators.circular_layer_matrix(layer, shape))
        for layer, shape, _ in twin.layers()
    }


@cache
def spectral_distance_operator(twin: Twin) -> dict[str, float]:
    return {
        layer["name"]: operators.largest_singular_value(
            operators.layer_matrix({**layer, "weight": layer["weight"] - initial["weight"]}, shape)
        )
        for layer, shape, initial in twin.layers()
    }


Norms = Callable[[Twin], dict[str, float]]


def log_product(
    layer_norms: Norms, over_margin: int | None = None, factor: Callable[[Any], float] | None = None
) -> Callable[[Twin], float]:
    """`over_margin`: the percentile of the margins; `factor`: of a layer, from its weights."""

    def value(twin: Twin) -> float:
        divisor = twin.gamma_of(over_margin) if over_margin else 1.0
        factors = [factor(layer["weight"]) for layer, _, _ in twin.layers()] if factor else None
        return products.log_product_of_squares(list(layer_norms(twin).values()), divisor, factors)

    return value


def log_path_norm(p: int, max_pool: str = "max", factors: bool = False) -> Callable[[Twin], float]:
    form = path_norms.log_with_max_pools if max_pool == "max" else path_norms.log_by_matrices
    return lambda twin: form(path_norms.with_factors(twin.plain, p) if factors else twin.plain, twin.input_shape, p)


def log_path_norm_over_margin(
    p: int, max_pool: str = "max", percent: int = 5, factors: bool = False
) -> Callable[[Twin], float]:
    """l1: ln (path norm)^2 / gamma^2; l2: ln of the sum of squares / gamma^2 (Neyshabur et al. 2017, section 2.2)."""
    return lambda twin: 2 / p * log_path_norm(p, max_pool, factors)(twin) - 2 * math.log(twin.gamma_of(percent))


def log_balanced_sum(layer_norms: Norms, over_margin: int | None = None) -> Callable[[Twin], float]:
    return lambda twin: spectral_complexity.log_balanced_sum(
        list(layer_norms(twin).values()), twin.gamma_of(over_margin) if over_margin else 1.0
    )


def log_complexity(numerators: Norms, layer_norms: Norms) -> Callable[[Twin], float]:
    return lambda twin: spectral_complexity.log_complexity(
        list(numerators(twin).values()), list(layer_norms(twin).values()), twin.gamma_of(10)
    )


def ratio_sum(numerators: Norms, layer_norms: Norms) -> Callable[[Twin], float]:
    return lambda twin: spectral_complexity.ratio_sum(list(numerators(twin).values()), list(layer_norms(twin).values()))


def sum_of_squares(layer_norms: Norms) -> Callable[[Twin], float]:
    return lambda twin: sum(norm**2 for norm in layer_norms(twin).values())


@cache
def sample_gradients(twin: Twin) -> list[dict]:
    images = normalised(twin.subject.dataset.train_images.numpy(), twin.subject.dataset.normalisation)
    return gradients.of_each_image(twin.plain, images, twin.labels)


FROBENIUS = each_weight(norms.frobenius)
KERNEL = each_weight(norms.spectral_of_kernel)
L1_INF = each_weight(norms.l1_inf)
FROBENIUS_DISTANCE = each_distance(norms.frobenius)
KERNEL_DISTANCE = each_distance(norms.spectral_of_kernel)
OPERATOR = spectral_norm_operator

LAYER_TWINS: dict[str, Callable[[Twin], dict[str, float]]] = {
    "layer_parameter_count": lambda twin: {
        layer["name"]: parameter_counts.own_parameters(layer) for layer in twin.net if "name" in layer
    },
    "frobenius_norm": FROBENIUS,
    "spectral_norm_kernel": KERNEL,
    "spectral_norm_operator": spectral_norm_operator,
    "pq_norm": each_weight(pq_2_1),
    "l1_inf_norm": L1_INF,
    "spectral_norm_circular": spectral_norm_circular,
    "frobenius_distance": FROBENIUS_DISTANCE,
    "spectral_distance_kernel": KERNEL_DISTANCE,
    "spectral_distance_operator": spectral_distance_operator,
    "pq_distance": each_distance(pq_2_1),
    "stable_rank_kernel": each_weight(lambda weight: (norms.frobenius(weight) / norms.spectral_of_kernel(weight)) ** 2),
    "layer_cushion": cushion_twins.quantity("layer_cushion"),
    "activation_contraction": cushion_twins.quantity("activation_contraction"),
    "noise_sensitivity": cushion_twins.quantity("noise_sensitivity"),
    "gradient_noise": lambda twin: gradients.noise(sample_gradients(twin)),
}

NET_TWINS: dict[str, Callable[[Twin], float]] = {
    "parameter_count": lambda twin: parameter_counts.parameters(twin.net),
    "weight_count": lambda twin: parameter_counts.weights(twin.net),
    "margin_5th_percentile": lambda twin: margins.percentile(twin.margins, 5),
    "margin_10th_percentile": lambda twin: margins.percentile(twin.margins, 10),
    "margin_minimum": lambda twin: min(twin.margins),
    "margin_median": lambda twin: margins.percentile(twin.margins, 50),
    "log_l2_norm": log_product(FROBENIUS),
    "log_l1_inf_norm": log_product(L1_INF),
    "log_spectral_norm_kernel": log_product(KERNEL),
    "log_spectral_norm_operator": log_product(spectral_norm_operator),
    "log_l2_norm_over_margin_5": log_product(FROBENIUS, 5),
    "log_l1_inf_norm_over_margin_5": log_product(L1_INF, 5),
    "log_spectral_norm_kernel_over_margin_5": log_product(KERNEL, 5),
    "log_spectral_norm_operator_over_margin_5": log_product(OPERATOR, 5),
    "log_l1_path_norm": log_path_norm(1),
    "log_l2_path_norm": log_path_norm(2),
    "log_l1_path_norm_over_margin_5": log_path_norm_over_margin(1),
    "log_l2_path_norm_over_margin_5": log_path_norm_over_margin(2),
    "vc_dimension_bound": lambda twin: vc_dimension.bound(twin.plain, twin.input_shape, 1),
    "train_cross_entropy": lambda twin: outputs.cross_entropy(twin.logits, twin.labels),
    "output_entropy": lambda twin: outputs.entropy(twin.logits),
    "inverse_squared_margin_10": lambda twin: 1 / twin.gamma_of(10) ** 2,
    "sum_squared_frobenius_norms": sum_of_squares(FROBENIUS),
    "sum_squared_frobenius_distances": sum_of_squares(FROBENIUS_DISTANCE),
    "sum_squared_spectral_distances_kernel": sum_of_squares(KERNEL_DISTANCE),
    "sum_squared_spectral_distances_operator": sum_of_squares(spectral_distance_operator),
    "weight_norm": lambda twin: math.sqrt(sum_of_squares(FROBENIUS)(twin)),
    "weight_distance": lambda twin: math.sqrt(sum_of_squares(FROBENIUS_DISTANCE)(twin)),
    "log_l2_norm_over_margin_10": log_product(FROBENIUS, 10),
    "log_spectral_norm_kernel_over_margin_10": log_product(KERNEL, 10),
    "log_spectral_norm_operator_over_margin_10": log_product(OPERATOR, 10),
    "log_spectral_norm_circular": log_product(spectral_norm_circular),
    "log_spectral_norm_circular_over_margin_10": log_product(spectral_norm_circular, 10),
    "log_l2_path_norm_over_margin_10": log_path_norm_over_margin(2, percent=10),
    "log_balanced_sum_frobenius": log_balanced_sum(FROBENIUS),
    "log_balanced_sum_frobenius_over_margin_10": log_balanced_sum(FROBENIUS, 10),
    "log_balanced_sum_spectral_kernel": log_balanced_sum(KERNEL),
    "log_balanced_sum_spectral_kernel_over_margin_10": log_balanced_sum(KERNEL, 10),
    "log_balanced_sum_spectral_operator": log_balanced_sum(OPERATOR),
    "log_balanced_sum_spectral_operator_over_margin_10": log_balanced_sum(OPERATOR, 10),
    "log_spectral_init_kernel_over_margin_10": log_complexity(FROBENIUS_DISTANCE, KERNEL),
    "log_spectral_init_operator_over_margin_10": log_complexity(FROBENIUS_DISTANCE, OPERATOR),
    "log_spectral_orig_kernel_over_margin_10": log_complexity(FROBENIUS, KERNEL),
    "log_spectral_orig_operator_over_margin_10": log_complexity(FROBENIUS, OPERATOR),
    "frobenius_over_spectral_kernel": ratio_sum(FROBENIUS, KERNEL),
    "frobenius_over_spectral_operator": ratio_sum(FROBENIUS, OPERATOR),
    "squared_fisher_rao_norm": lambda twin: gradients.squared_fisher_rao(twin.plain, sample_gradients(twin)),
    "steps_to_loss": lambda twin: history.reached(twin.history, 0.1, "step"),
    "epochs_to_loss": lambda twin: history.reached(twin.history, 0.1, "epoch"),
    "steps_between_losses": lambda twin: (
        history.reached(twin.history, 0.01, "step") - history.reached(twin.history, 0.1, "step")
    ),
}

# The whole table, row by row, with all of its columns.
TABLE_TWINS: dict[str, Callable[[Twin], list[dict[str, Any]]]] = {
    "margin_distribution": lambda twin: [
        {"percentile": p, "margin": margins.percentile(twin.margins, p)} for p in range(101)
    ],
    "layer_cushions": cushion_twins.all_quantities,
    "layer_cushions_of_images": cushion_twins.each_image,
    "singular_alignment": cushion_twins.alignments,
}

TWINS: dict[str, Callable[[Twin], Any]] = {**LAYER_TWINS, **NET_TWINS, **TABLE_TWINS}

FACTORS = {"factors": True}

# Options that change a number, with the twin of each.
OPTION_TWINS: list[tuple[str, dict, Callable[[Twin], dict[str, float] | float]]] = [
    ("pq_norm", {"p": 3.0, "q": 1.5}, each_weight(lambda weight: norms.pq(weight, 3, 1.5))),
    ("pq_norm", {"p": 1, "q": "inf"}, L1_INF),
    ("pq_distance", {"p": 1.0, "q": 2.0}, each_distance(lambda weight: norms.pq(weight, 1, 2))),
    ("log_l1_path_norm", {"max_pool": "sum"}, log_path_norm(1, "sum")),
    ("log_l2_path_norm", {"max_pool": "sum"}, log_path_norm(2, "sum")),
    ("log_l1_path_norm_over_margin_5", {"max_pool": "sum"}, log_path_norm_over_margin(1, "sum")),
    ("log_l2_path_norm_over_margin_5", {"max_pool": "sum"}, log_path_norm_over_margin(2, "sum")),
    ("log_l2_path_norm_over_margin_10", {"max_pool": "sum"}, log_path_norm_over_margin(2, "sum", 10)),
    ("log_l2_norm", FACTORS, log_product(FROBENIUS, factor=lambda weight: 4)),
    ("log_l2_norm_over_margin_5", FACTORS, log_product(FROBENIUS, 5, factor=lambda weight: 4)),
    ("log_spectral_norm_kernel", FACTORS, log_product(KERNEL, factor=len)),
    ("log_spectral_norm_kernel_over_margin_5", FACTORS, log_product(KERNEL, 5, factor=len)),
    ("log_l1_path_norm", FACTORS, log_path_norm(1, factors=True)),
    ("log_l2_path_norm", FACTORS, log_path_norm(2, factors=True)),
    ("log_l1_path_norm_over_margin_5", FACTORS, log_path_norm_over_margin(1, factors=True)),
    ("log_l2_path_norm_over_margin_5", FACTORS, log_path_norm_over_margin(2, factors=True)),
    ("log_l2_path_norm", {"max_pool": "sum", **FACTORS}, log_path_norm(2, "sum", factors=True)),
    ("vc_dimension_bound", {"p": 2}, lambda twin: vc_dimension.bound(twin.plain, twin.input_shape, 2)),
    ("steps_to_loss", {"loss": 0.4}, lambda twin: history.reached(twin.history, 0.4, "step")),
    ("epochs_to_loss", {"loss": 1}, lambda twin: history.reached(twin.history, 1, "epoch")),
    ("steps_between_losses", {"first": 0.7, "second": 0.1}, lambda twin: 30.0),
]


@cache
def results_of(case: str) -> Results:
    return compute_measures(subject_of(case), Request.of(STEADY))


def compare(name: str, results: Results, twin: Any) -> None:
    """A number, numbers by layer, or a table of a twin is what genlab has computed, in every entry."""
    tolerance = {"rel": 0.0, "abs": TOLERANCE} if MEASURES[name].unit == "log" else {"rel": TOLERANCE}
    assert_agree(name, entries_of(results)[name], entries(twin), **tolerance)


def test_every_measure_has_a_twin():
    """Those of the other families are compared in files of their own."""
    assert set(TWINS) == set(STEADY), "write the twin of a new measure under tests/references and name it here"


@compares(*TWINS, case="mlp")
@pytest.mark.parametrize("name", sorted(TWINS))
@pytest.mark.parametrize("case", list(SUBJECTS))
def test_a_measure_is_what_its_twin_says(case, name):
    compare(name, results_of(case), TWINS[name](twin_of(case)))


@pytest.mark.parametrize(("name", "options", "expected"), OPTION_TWINS, ids=[f"{n} {o}" for n, o, _ in OPTION_TWINS])
@pytest.mark.parametrize("case", list(SUBJECTS))
def test_a_measure_with_options_is_what_its_twin_says(case, name, options, expected):
    results = compute_measures(subject_of(case), Request.of([name], {name: options}))
    compare(name, results, expected(twin_of(case)))


def test_paths_of_an_mlp_counted_one_by_one():
    model = perturbed(mlp((1, 2, 2), 3, [5, 4]), generator=torch.Generator().manual_seed(2))
    weights = [layer["weight"] for layer in described(model) if "weight" in layer]
    plain = folded(model, (1, 2, 2))
    for p, log_path_norm_of in ((1, log_l1_path_norm), (2, log_l2_path_norm)):
        expected = path_norms.log_by_enumeration(weights, p)
        assert log_path_norm_of(plain, (1, 2, 2)) == pytest.approx(expected, rel=0, abs=TOLERANCE)


def test_the_subjects_are_not_initial_nets_and_have_a_positive_margin_with_wrong_answers():
    for case in SUBJECTS:
        twin = twin_of(case)
        assert min(twin.margins) < 0 < twin.gamma
        kinds = [layer["kind"] for layer in twin.net]
        assert all(abs(layer["mean"]).min() > 0 for layer in twin.net if layer["kind"] == "batch_norm")
        assert ("batch_norm" in kinds) == (case not in ("mlp", "vgg without batch norm"))
