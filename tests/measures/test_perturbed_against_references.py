"""Every measure that moves the weights, on three random nets, against slow twins that share no random number with it.

What is sampled agrees within 3 standard errors. What is sought by ascent agrees with another ascent as far as two
searches for the same maximum do.
"""

import math
from functools import cache

import pytest
import torch

from genlab.measures import MEASURES
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.inputs.subject import Subject
from tests.measures import test_sharpness
from tests.measures.subjects import PERTURBING, SUBJECTS, described, normalised
from tests.references import folding, perturbed

ALPHAS = (1e-3, 1e-2)
# Of linear layers, with strides and batch norm, and deep; a twin of the other VGGs would take minutes.
CASES = ("mlp", "strided", "vgg without batch norm")
DRAWS, EPS = {"mlp": 400, "strided": 300, "vgg without batch norm": 80}, 1e-3


class Twin:
    """A subject as the twins see it, with what genlab measures."""

    def __init__(self, case: str):
        subject: Subject = SUBJECTS[case]()
        data = subject.dataset
        self.net = perturbed.as_tensors(folding.fold(described(subject.model)))
        self.initial = perturbed.as_tensors(folding.fold(described(subject.initial_model)))
        self.images = torch.tensor(normalised(data.train_images.numpy(), data.normalisation))
        self.labels, self.draws = data.train_labels, DRAWS[case]
        self.w, self.w0 = perturbed.numbers(self.net), perturbed.numbers(self.initial)
        names = [name for name, measure in MEASURES.items() if measure.family in PERTURBING]
        self.found: Results = compute_measures(subject, names, {"expected_sharpness": {"smallest_alpha": ALPHAS[0]}})

    def row(self, name: str) -> dict:
        (row,) = [row for row in self.found.rows if row["measure"] == name]
        assert row["reason"] == "", row
        return row

    def value(self, name: str) -> float:
        return self.row(name)["value"]

    def error(self, net) -> float:
        return perturbed.error(net, self.images, self.labels)

    def loss(self, net) -> float:
        return perturbed.loss(net, self.images, self.labels)

    def increase(self, deviation) -> tuple[float, float]:
        return perturbed.mean_rise(self.error, self.net, deviation, self.draws, seed=1)

    def smoothed_error(self, net) -> torch.Tensor:
        return torch.sigmoid(-self.margins(net) / self.margins(self.net).abs().mean()).mean()

    def margins(self, net) -> torch.Tensor:
        logits = perturbed.outputs(net, self.images)
        own = logits.gather(1, self.labels[:, None])[:, 0]
        return own - logits.scatter(1, self.labels[:, None], -math.inf).amax(1)

    def mean_loss(self, net) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(perturbed.outputs(net, self.images), self.labels)

    def worst_increase(self, half_width) -> float:
        return self.error(perturbed.climbed(self.net, half_width, self.smoothed_error, 40)) - self.error(self.net)


@cache
def twin_of(case: str) -> Twin:
    return Twin(case)


@pytest.fixture(params=CASES)
def twin(request) -> Twin:
    return twin_of(request.param)


@pytest.mark.parametrize("name", ["pac_bayes_sigma", "pac_bayes_mag_sigma"])
def test_the_error_rises_by_a_tenth_at_sigma(twin, name):
    """Three standard errors below it the twin's error rises by less, and three above by more."""
    row = twin.row(name)
    for sign in (-1, 1):
        sigma = row["value"] + sign * 3 * row["standard_error"]
        deviation = perturbed.magnitude_aware(sigma, EPS) if "mag" in name else perturbed.plain(sigma)
        increase, standard_error = twin.increase(deviation)
        assert sign * (increase - 0.1) > -3 * standard_error
    assert row["standard_error"] < 0.15 * row["value"]
    assert row["converged"] == (row["standard_error"] <= 0.05 * row["value"])


def test_pac_bayes_measures_are_their_formulas(twin):
    sigma, mag_sigma, m = twin.value("pac_bayes_sigma"), twin.value("pac_bayes_mag_sigma"), len(twin.labels)
    length = math.fsum(a * a for a in twin.w)
    distance = math.fsum((a - b) ** 2 for a, b in zip(twin.w, twin.w0, strict=True))
    expected = {
        "pac_bayes_init": perturbed.spherical_bound(twin.w, twin.w0, sigma, m),
        "pac_bayes_orig": perturbed.spherical_bound(twin.w, [0.0] * len(twin.w), sigma, m),
        "pac_bayes_flatness": sigma**-2,
        "pac_bayes_mag_init": perturbed.magnitude_bound(twin.w, twin.w0, distance, mag_sigma, m, eps=EPS),
        "pac_bayes_mag_orig": perturbed.magnitude_bound(twin.w, twin.w0, length, mag_sigma, m, eps=EPS),
        "pac_bayes_mag_flatness": mag_sigma**-2,
    }
    for name, value in expected.items():
        assert twin.value(name) == pytest.approx(value, rel=1e-6), name


def test_the_search_passes_the_increases_that_the_twin_finds(twin):
    table = twin.found.tables["pac_bayes_sigma_search"]
    assert table["sigma"].is_monotonic_increasing
    for row in table[table["draws"] >= 32].iloc[:2].to_dict("records"):
        increase, standard_error = twin.increase(perturbed.plain(row["sigma"]))
        assert abs(increase - row["error_increase"]) < 3.5 * math.hypot(standard_error, row["standard_error"])


@pytest.mark.parametrize("name", ["sharpness_alpha", "sharpness_mag_alpha"])
def test_another_ascent_raises_the_error_by_a_tenth_in_nearly_the_same_box(twin, name):
    alpha = twin.value(name)

    def box(size):
        return (lambda w: size * w.abs()) if "mag" in name else (lambda w: torch.full_like(w, size))

    assert twin.worst_increase(box(alpha / 1.5)) <= 0.1
    assert twin.worst_increase(box(1.3 * alpha)) > 0.1


def test_sharpness_measures_are_their_formulas(twin):
    alpha, mag_alpha, m = twin.value("sharpness_alpha"), twin.value("sharpness_mag_alpha"), len(twin.labels)
    logarithm = math.log(2 * len(twin.w))
    sigma, addition = alpha / math.sqrt(logarithm), 4 * logarithm
    length = math.fsum(a * a for a in twin.w)
    distance = math.fsum((a - b) ** 2 for a, b in zip(twin.w, twin.w0, strict=True))
    bound = perturbed.magnitude_bound
    expected = {
        "sharpness_init": perturbed.spherical_bound(twin.w, twin.w0, sigma, m),
        "sharpness_orig": perturbed.spherical_bound(twin.w, [0.0] * len(twin.w), sigma, m),
        "sharpness_flatness": alpha**-2,
        "sharpness_mag_init": bound(twin.w, twin.w0, distance, mag_alpha, m, eps=EPS, addition=addition),
        "sharpness_mag_orig": bound(twin.w, twin.w0, length, mag_alpha, m, eps=EPS, addition=addition),
        "sharpness_mag_flatness": mag_alpha**-2,
    }
    for name, value in expected.items():
        assert twin.value(name) == pytest.approx(value, rel=1e-6), name


def test_max_sharpness_is_what_another_ascent_finds(twin):
    at_rest = twin.loss(twin.net)
    highest = twin.loss(perturbed.climbed(twin.net, lambda w: 5e-4 * (w.abs() + 1), twin.mean_loss, 80))
    assert twin.value("max_sharpness") == pytest.approx((highest - at_rest) / (1 + at_rest), rel=0.05)


def test_expected_sharpness_is_that_of_single_draws(twin):
    table = twin.found.tables["expected_sharpness"]
    for alpha, row in zip(ALPHAS, (table.iloc[0], table.iloc[-1]), strict=True):
        assert row["alpha"] == pytest.approx(alpha)
        assert row["kl"] == pytest.approx(perturbed.kl_at(twin.w, alpha), rel=1e-6)
        mean, standard_error = perturbed.mean_rise(
            twin.loss, twin.net, lambda w, alpha=alpha: alpha * (10 * w.abs() + 1), twin.draws, seed=2
        )
        assert abs(row["expected_sharpness"] - mean) < 3.5 * math.hypot(standard_error, row["standard_error"])


# By measure, the test that compares it: here, or with brute force in a file of its own. Each names its measures.
HERE = {
    **dict.fromkeys(("pac_bayes_sigma", "pac_bayes_mag_sigma"), test_the_error_rises_by_a_tenth_at_sigma),
    **{
        f"pac_bayes_{form}": test_pac_bayes_measures_are_their_formulas
        for form in ("init", "orig", "flatness", "mag_init", "mag_orig", "mag_flatness")
    },
    "pac_bayes_sigma_search": test_the_search_passes_the_increases_that_the_twin_finds,
    **dict.fromkeys(
        ("sharpness_alpha", "sharpness_mag_alpha"),
        test_another_ascent_raises_the_error_by_a_tenth_in_nearly_the_same_box,
    ),
    **{
        f"sharpness_{form}": test_sharpness_measures_are_their_formulas
        for form in ("init", "orig", "flatness", "mag_init", "mag_orig", "mag_flatness")
    },
    "max_sharpness": test_max_sharpness_is_what_another_ascent_finds,
    "max_sharpness_subspace": test_sharpness.test_max_sharpness_subspace_is_the_best_corner_of_the_box_of_y,
    "expected_sharpness": test_expected_sharpness_is_that_of_single_draws,
}


def test_every_measure_that_moves_weights_has_a_twin():
    assert set(HERE) == {name for name, measure in MEASURES.items() if measure.family in PERTURBING}
