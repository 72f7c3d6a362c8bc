"""Every deterministic measure on five random nets against its slow twin, to 1e-6 relative.

A logarithm is compared to 1e-6 absolute, which is 1e-6 of the number that it is the logarithm of.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
import torch

from genlab.measures import MEASURES
from genlab.measures.inputs import Subject
from genlab.measures.path_norms import log_l1_path_norm, log_l2_path_norm
from genlab.models.mlp import mlp
from genlab.models.traversal import folded
from tests.measures.subjects import SUBJECTS, described, measured, normalised, perturbed
from tests.references import folding, forward, margins, norms, operators, parameter_counts, path_norms, products

TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Twin:
    """A subject as the twins see it."""

    subject: Subject
    net: list[dict]
    plain: list[dict]
    initial: list[dict]
    margins: list[float]

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.subject.dataset.input_shape

    @property
    def gamma(self) -> float:
        return margins.percentile(self.margins, 5)

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


def spectral_distance_operator(twin: Twin) -> dict[str, float]:
    return {
        layer["name"]: operators.largest_singular_value(
            operators.layer_matrix({**layer, "weight": layer["weight"] - initial["weight"]}, shape)
        )
        for layer, shape, initial in twin.layers()
    }


def log_product(layer_norms: Callable[[Twin], dict[str, float]], over_margin: bool = False) -> Callable[[Twin], float]:
    def value(twin: Twin) -> float:
        divisor = twin.gamma if over_margin else 1.0
        return products.log_product_of_squares(list(layer_norms(twin).values()), divisor)

    return value


def log_path_norm(p: int, max_pool: str = "max") -> Callable[[Twin], float]:
    form = path_norms.log_with_max_pools if max_pool == "max" else path_norms.log_by_matrices
    return lambda twin: form(twin.plain, twin.input_shape, p)


def log_path_norm_over_margin(p: int, max_pool: str = "max") -> Callable[[Twin], float]:
    """l1: ln (path norm)^2 / gamma^2; l2: ln of the sum of squares / gamma^2 (Neyshabur et al. 2017, section 2.2)."""
    return lambda twin: 2 / p * log_path_norm(p, max_pool)(twin) - 2 * math.log(twin.gamma)


FROBENIUS = each_weight(norms.frobenius)
KERNEL = each_weight(norms.spectral_of_kernel)
L1_INF = each_weight(norms.l1_inf)

LAYER_TWINS: dict[str, Callable[[Twin], dict[str, float]]] = {
    "layer_parameter_count": lambda twin: {
        layer["name"]: parameter_counts.own_parameters(layer) for layer in twin.net if "name" in layer
    },
    "frobenius_norm": FROBENIUS,
    "spectral_norm_kernel": KERNEL,
    "spectral_norm_operator": spectral_norm_operator,
    "pq_norm": each_weight(pq_2_1),
    "l1_inf_norm": L1_INF,
    "frobenius_distance": each_distance(norms.frobenius),
    "spectral_distance_kernel": each_distance(norms.spectral_of_kernel),
    "spectral_distance_operator": spectral_distance_operator,
    "pq_distance": each_distance(pq_2_1),
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
    "log_l2_norm_over_margin_5": log_product(FROBENIUS, over_margin=True),
    "log_l1_inf_norm_over_margin_5": log_product(L1_INF, over_margin=True),
    "log_spectral_norm_kernel_over_margin_5": log_product(KERNEL, over_margin=True),
    "log_spectral_norm_operator_over_margin_5": log_product(spectral_norm_operator, over_margin=True),
    "log_l1_path_norm": log_path_norm(1),
    "log_l2_path_norm": log_path_norm(2),
    "log_l1_path_norm_over_margin_5": log_path_norm_over_margin(1),
    "log_l2_path_norm_over_margin_5": log_path_norm_over_margin(2),
}

TABLE_TWINS: dict[str, Callable[[Twin], dict[str, float]]] = {
    "margin_distribution": lambda twin: {str(p): margins.percentile(twin.margins, p) for p in range(101)},
}

TWINS = {
    **LAYER_TWINS,
    **{name: lambda twin, value=value: {"": value(twin)} for name, value in NET_TWINS.items()},
    **TABLE_TWINS,
}

# Options that change a number, with the twin of each.
OPTION_TWINS: list[tuple[str, dict, Callable[[Twin], dict[str, float] | float]]] = [
    ("pq_norm", {"p": 3.0, "q": 1.5}, each_weight(lambda weight: norms.pq(weight, 3, 1.5))),
    ("pq_norm", {"p": 1, "q": "inf"}, L1_INF),
    ("pq_distance", {"p": 1.0, "q": 2.0}, each_distance(lambda weight: norms.pq(weight, 1, 2))),
    ("log_l1_path_norm", {"max_pool": "sum"}, log_path_norm(1, "sum")),
    ("log_l2_path_norm", {"max_pool": "sum"}, log_path_norm(2, "sum")),
    ("log_l1_path_norm_over_margin_5", {"max_pool": "sum"}, log_path_norm_over_margin(1, "sum")),
    ("log_l2_path_norm_over_margin_5", {"max_pool": "sum"}, log_path_norm_over_margin(2, "sum")),
]


@cache
def measured_of(case: str) -> dict[str, dict[str, float]]:
    return measured(subject_of(case))


def assert_agree(name: str, found: dict[str, float], expected: dict[str, float]) -> None:
    assert list(found) == list(expected)
    tolerance = {"rel": 0, "abs": TOLERANCE} if MEASURES[name].unit == "log" else {"rel": TOLERANCE, "abs": 0}
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, **tolerance), key


# Measures of some nets only, and sampled ones: compared with their twins in files of their own.
TWINS_ELSEWHERE = {
    *("interlayer_conditions", "interlayer_condition_number", "activation_flips", "activation_flip_constant"),
    *("incoming_norm_constant", "incoming_norms"),  # test_conditions.py
}


def test_every_measure_has_a_twin():
    assert not set(TWINS) & TWINS_ELSEWHERE
    assert set(TWINS) | TWINS_ELSEWHERE == set(MEASURES), (
        "write the twin of a new measure under tests/references and name it here"
    )


@pytest.mark.parametrize("name", sorted(TWINS))
@pytest.mark.parametrize("case", list(SUBJECTS))
def test_a_measure_is_what_its_twin_says(case, name):
    assert_agree(name, measured_of(case)[name], TWINS[name](twin_of(case)))


@pytest.mark.parametrize(("name", "options", "expected"), OPTION_TWINS, ids=[f"{n} {o}" for n, o, _ in OPTION_TWINS])
@pytest.mark.parametrize("case", list(SUBJECTS))
def test_a_measure_with_options_is_what_its_twin_says(case, name, options, expected):
    value = expected(twin_of(case))
    found = measured(subject_of(case), [name], {name: options})[name]
    assert_agree(name, found, value if isinstance(value, dict) else {"": value})


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
