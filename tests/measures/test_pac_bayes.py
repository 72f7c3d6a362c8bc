"""Formulas against their twins, sampling errors against finite differences, reasons where there is no value."""

import math

import pytest
import torch

from genlab.measures import pac_bayes
from genlab.measures.inputs.noisy_bisection import Trial
from genlab.measures.inputs.sigma_search import Sigma
from tests.references import perturbed

EPS = 1e-3


class Found:
    """A search that has found a given sigma."""

    count = 5000

    def __init__(self, sigma=0.02, error=0.001):
        self.found = Sigma(sigma, error, 64, (), 3.0, True)
        self.asked = []

    def sigma(self, *arguments):
        self.asked.append(arguments)
        return self.found


@pytest.fixture
def w():
    return torch.randn(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def w0():
    return 0.3 * torch.randn(200, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def of_search(name, search, w, w0, **options):
    function = getattr(pac_bayes, name)
    if name.endswith(("sigma", "flatness")):
        return function(search, **options)
    if name == "pac_bayes_orig":
        return function(w, search, **options)
    return function(w, w0, search, **options)


def twin(name, sigma, w, w0, m=5000, eps=EPS):
    w, w0 = w.tolist(), w0.tolist()
    length, distance = (math.fsum(v * v for v in vector) for vector in (w, [a - b for a, b in zip(w, w0, strict=True)]))
    match name:
        case "pac_bayes_sigma" | "pac_bayes_mag_sigma":
            return sigma
        case "pac_bayes_flatness" | "pac_bayes_mag_flatness":
            return 1 / sigma**2
        case "pac_bayes_init":
            return perturbed.spherical_bound(w, w0, sigma, m)
        case "pac_bayes_orig":
            return perturbed.spherical_bound(w, [0.0] * len(w), sigma, m)
        case "pac_bayes_mag_init":
            return perturbed.magnitude_bound(w, w0, distance, sigma, m, eps=eps)
        case "pac_bayes_mag_orig":
            return perturbed.magnitude_bound(w, w0, length, sigma, m, eps=eps)


NAMES = [
    f"pac_bayes_{form}"
    for form in ("sigma", "init", "orig", "flatness", "mag_sigma", "mag_init", "mag_orig", "mag_flatness")
]


@pytest.mark.parametrize("sigma", [1e-5, 0.02, 3.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_measure_is_its_formula_with_the_standard_error_of_sigma(name, sigma, w, w0):
    error = 0.01 * sigma
    found = of_search(name, Found(sigma, error), w, w0)
    assert found.value == pytest.approx(twin(name, sigma, w, w0), rel=1e-9)
    up, down = (twin(name, sigma * (1 + step), w, w0) for step in (1e-5, -1e-5))
    assert found.standard_error == pytest.approx(abs(up - down) / (2e-5 * sigma) * error, rel=1e-4)
    assert (found.samples, found.converged) == (64, True)


def test_the_search_is_asked_for_what_the_options_say(w, w0):
    for name in NAMES:
        search = Found()
        eps = {"eps": 0.01} if "_mag_" in name else {}
        of_search(name, search, w, w0, error_increase=0.2, draws=8, images=16, **eps)
        assert search.asked == [(0.2, 8, 16, 0.01) if eps else (0.2, 8, 16)]


def test_eps_is_in_the_formula_too(w, w0):
    found = of_search("pac_bayes_mag_init", Found(), w, w0, eps=0.3)
    assert found.value == pytest.approx(twin("pac_bayes_mag_init", 0.02, w, w0, eps=0.3), rel=1e-9)


def test_a_net_at_its_initialisation_has_no_distance(w):
    found = of_search("pac_bayes_init", Found(), w, w)
    assert found.value == pytest.approx(math.log(5000 / 0.02) + 10)


def test_the_table_has_what_the_search_tried(w):
    search = Found()
    search.found = Sigma(0.02, 0.001, 64, (Trial(0.01, 0.04, 0.002, 4), Trial(0.04, 0.3, 0.01, 8)), 3.0, True)
    table = pac_bayes.pac_bayes_sigma_search(search)
    assert table.to_dict("list") == {
        "sigma": [0.01, 0.04],
        "error_increase": [0.04, 0.3],
        "standard_error": [0.002, 0.01],
        "draws": [4, 8],
        "passes": [3.0, 3.0],
    }
