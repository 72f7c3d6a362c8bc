"""Every measure that moves the weights, on three random nets, against slow twins that share no random number with it.

What is sampled agrees within 3 standard errors. What is sought by ascent agrees with another ascent as far as two
searches for the same maximum do.
"""

import math
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import nn

from genlab.measures import MEASURES
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.models.dropout import Chain
from tests.measures.oracles import compares
from tests.measures.subjects import PERTURBING, SUBJECTS, described, normalised, subject
from tests.references import folding, perturbed

ALPHAS = (1e-3, 1e-2)
# Gradients on all images, which no draw of batches is in.
ALL_IMAGES = {"images": 1000, "steps": 60, "learning_rate": 0.003}
DRAWS, EPS = {"mlp": 400, "strided": 300, "deep": 80}, 1e-3


def deep() -> Subject:
    """Six convolutions, three pools and two linear layers, with biases; a twin of a VGG would take minutes."""

    def build() -> nn.Module:
        layers: list[nn.Module] = []
        for k, (inputs, outputs) in enumerate(pairwise((3, 4, 4, 5, 5, 6, 6))):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), *([nn.MaxPool2d(2)] if k % 2 else [])]
        return Chain(*layers, nn.Flatten(), nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 5))

    return subject(build, (3, 16, 16), 5)


# Of linear layers, with strides and batch norm, and deep.
CASES = {"mlp": SUBJECTS["mlp"], "strided": SUBJECTS["strided"], "deep": deep}


@cache
def subject_of(case: str) -> Subject:
    return CASES[case]()


@cache
def results_of(case: str) -> Results:
    """What genlab measures, all at once, since most measures share a search."""
    names = [name for name, measure in MEASURES.items() if measure.family in PERTURBING]
    options = {"expected_sharpness": {"smallest_alpha": ALPHAS[0]}, "max_sharpness_sga": ALL_IMAGES}
    request = Request.of(names, options)
    return compute_measures(subject_of(case), request)


def row_of(results: Results, name: str) -> dict:
    (row,) = [row for row in results.rows if row["measure"] == name]
    assert row["reason"] == "", row
    return row


def value_of(results: Results, name: str) -> float:
    return row_of(results, name)["value"]


class Twin:
    """A subject as the twins see it."""

    def __init__(self, case: str):
        subject = subject_of(case)
        data = subject.dataset
        self.net = perturbed.as_tensors(folding.fold(described(subject.model)))
        self.initial = perturbed.as_tensors(folding.fold(described(subject.initial_model)))
        self.images = torch.tensor(normalised(data.train_images.numpy(), data.normalisation))
        self.labels, self.draws = data.train_labels, DRAWS[case]
        self.w, self.w0 = perturbed.numbers(self.net), perturbed.numbers(self.initial)

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


PAC_BAYES = ("pac_bayes_sigma", "pac_bayes_mag_sigma")
WORST_CASE = ("sharpness_alpha", "sharpness_mag_alpha")
FORMS = ("init", "orig", "flatness", "mag_init", "mag_orig", "mag_flatness")
every_case = pytest.mark.parametrize("case", CASES)


@compares(*PAC_BAYES, case="mlp")
@pytest.mark.parametrize("name", PAC_BAYES)
@every_case
def test_the_error_rises_by_a_tenth_at_sigma(case, name):
    """Three standard errors below it the twin's error rises by less, and three above by more."""
    twin, row = twin_of(case), row_of(results_of(case), name)
    for sign in (-1, 1):
        sigma = row["value"] + sign * 3 * row["standard_error"]
        deviation = perturbed.magnitude_aware(sigma, EPS) if "mag" in name else perturbed.plain(sigma)
        increase, standard_error = twin.increase(deviation)
        assert sign * (increase - 0.1) > -3 * standard_error
    assert row["standard_error"] < 0.15 * row["value"]
    assert row["converged"] == (row["standard_error"] <= 0.05 * row["value"])


@compares(*(f"pac_bayes_{form}" for form in FORMS), case="mlp")
@every_case
def test_pac_bayes_measures_are_their_formulas(case):
    twin, results = twin_of(case), results_of(case)
    sigma, mag_sigma = (value_of(results, name) for name in PAC_BAYES)
    m = len(twin.labels)
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
        assert value_of(results, name) == pytest.approx(value, rel=1e-6), name


@compares("pac_bayes_sigma_search", case="mlp")
@every_case
def test_the_search_passes_the_increases_that_the_twin_finds(case):
    twin, table = twin_of(case), results_of(case).named_tables()["pac_bayes_sigma_search"]
    assert table["sigma"].is_monotonic_increasing
    clear = table[table["draws"] >= 32].iloc[:2].to_dict("records")
    assert len(clear) == 2
    for row in clear:
        increase, standard_error = twin.increase(perturbed.plain(row["sigma"]))
        assert abs(increase - row["error_increase"]) < 3.5 * math.hypot(standard_error, row["standard_error"])
        # Of as many draws of all images, as the twin's.
        same_size = standard_error * math.sqrt(twin.draws / row["draws"])
        assert row["standard_error"] == pytest.approx(same_size, rel=0.6)
    # A draw takes all of so few images, and at rest each goes through the net once.
    assert set(table["passes"]) == {table["draws"].sum() + 1}


@compares(*WORST_CASE, case="mlp")
@pytest.mark.parametrize("name", WORST_CASE)
@every_case
def test_another_ascent_raises_the_error_by_a_tenth_in_nearly_the_same_box(case, name):
    twin, alpha = twin_of(case), value_of(results_of(case), name)

    def box(size):
        return (lambda w: size * w.abs()) if "mag" in name else (lambda w: torch.full_like(w, size))

    assert twin.worst_increase(box(alpha / 1.5)) <= 0.1
    assert twin.worst_increase(box(1.3 * alpha)) > 0.1


@compares(*(f"sharpness_{form}" for form in FORMS), case="mlp")
@every_case
def test_sharpness_measures_are_their_formulas(case):
    twin, results = twin_of(case), results_of(case)
    alpha, mag_alpha = (value_of(results, name) for name in WORST_CASE)
    m = len(twin.labels)
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
        assert value_of(results, name) == pytest.approx(value, rel=1e-6), name


@compares("max_sharpness", case="mlp")
@every_case
def test_max_sharpness_is_what_another_ascent_finds(case):
    twin = twin_of(case)
    at_rest = twin.loss(twin.net)
    highest = twin.loss(perturbed.climbed(twin.net, lambda w: 5e-4 * (w.abs() + 1), twin.mean_loss, 80))
    assert value_of(results_of(case), "max_sharpness") == pytest.approx((highest - at_rest) / (1 + at_rest), rel=0.05)


@compares("max_sharpness_sga", case="mlp")
@every_case
def test_max_sharpness_by_gradient_ascent_is_where_the_same_steps_of_the_twin_end(case):
    """Some of the parameters are at the side of the box by then, and others on their way."""
    twin = twin_of(case)
    at_rest, rate, steps = twin.loss(twin.net), ALL_IMAGES["learning_rate"], ALL_IMAGES["steps"]
    end = perturbed.ascended(twin.net, lambda w: 5e-4 * (w.abs() + 1), twin.mean_loss, rate, steps)
    widths = [5e-4 * (w.abs() + 1) for w in perturbed.parameters(twin.net)]
    moved = [(b - a).abs() for a, b in zip(perturbed.parameters(twin.net), perturbed.parameters(end), strict=True)]
    at_the_side = torch.cat([(m > 0.999 * r).flatten() for m, r in zip(moved, widths, strict=True)]).double().mean()
    assert 0.05 < at_the_side < 0.95
    value = value_of(results_of(case), "max_sharpness_sga")
    assert value == pytest.approx((twin.loss(end) - at_rest) / (1 + at_rest), rel=2e-3)
    assert row_of(results_of(case), "max_sharpness_sga")["iterations"] == steps


@compares("expected_sharpness", case="mlp")
@every_case
def test_expected_sharpness_is_that_of_single_draws(case):
    twin, table = twin_of(case), results_of(case).named_tables()["expected_sharpness"]
    for alpha, row in zip(ALPHAS, (table.iloc[0], table.iloc[-1]), strict=True):
        assert row["alpha"] == pytest.approx(alpha)
        assert row["kl"] == pytest.approx(perturbed.kl_at(twin.w, alpha), rel=1e-6)
        mean, standard_error = perturbed.mean_rise(
            twin.loss, twin.net, lambda w, alpha=alpha: alpha * (10 * w.abs() + 1), twin.draws, seed=2
        )
        assert abs(row["expected_sharpness"] - mean) < 3.5 * math.hypot(standard_error, row["standard_error"])
        # Of directions and their opposites, whose mean varies no more than one of them.
        assert row["samples"] == 50
        assert 0 < row["standard_error"] < 1.6 * standard_error * math.sqrt(twin.draws / row["samples"])


@compares("kl_at_expected_sharpness", case="mlp")
@every_case
def test_kl_at_expected_sharpness_is_where_single_draws_cost_a_twentieth(case):
    """At the alpha that has this KL the twin's loss rises by 0.05; KL falls as 1 / alpha^2, and that as the rise."""
    twin, row = twin_of(case), row_of(results_of(case), "kl_at_expected_sharpness")
    assert row["value"] > 0
    alpha = math.sqrt(perturbed.kl_at(twin.w, 1.0) / row["value"])
    mean, standard_error = perturbed.mean_rise(
        twin.loss, twin.net, lambda w: alpha * (10 * w.abs() + 1), twin.draws, seed=4
    )
    own = row["standard_error"] / row["value"] * 0.05 * slope(twin, alpha)
    assert abs(mean - 0.05) < 3.5 * math.hypot(standard_error, own) + 0.002
    assert own < 0.015
    assert row["samples"] == 20


def slope(twin, alpha) -> float:
    """-d ln rise / d ln KL around an alpha."""
    rises = [
        perturbed.mean_rise(twin.loss, twin.net, lambda w, a=a: a * (10 * w.abs() + 1), twin.draws, seed=4)[0]
        for a in (alpha / 1.1, alpha * 1.1)
    ]
    return math.log(rises[1] / rises[0]) / (2 * 2 * math.log(1.1))
