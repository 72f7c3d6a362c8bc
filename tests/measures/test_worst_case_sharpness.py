"""Formulas against their twins, and residuals against finite differences."""

import math

import pytest
import torch

from genlab.measures import worst_case_sharpness
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.worst_case_search import Alpha
from tests.references import perturbed

NAMES = [
    f"sharpness_{form}"
    for form in ("alpha", "init", "orig", "flatness", "mag_alpha", "mag_init", "mag_orig", "mag_flatness")
]
OMEGA, M = 150, 5000


class Found:
    """A search that has found a given alpha."""

    count = M

    def __init__(self, alpha, converged=True):
        self.found, self.asked = Alpha(alpha, 0.01 * alpha, 180, converged), []

    def alpha(self, *arguments):
        self.asked.append(arguments)
        return self.found


@pytest.fixture
def w():
    return torch.randn(OMEGA, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def w0():
    return 0.3 * torch.randn(OMEGA, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def of_search(name, search, w, w0, **options):
    function = getattr(worst_case_sharpness, name)
    if name.endswith(("alpha", "flatness")):
        return function(search, **options)
    if name == "sharpness_orig":
        return function(w, search, **options)
    return function(w, w0, search, **options)


def twin(name, alpha, w, w0):
    w, w0 = w.tolist(), w0.tolist()
    logarithm = math.log(2 * OMEGA)
    length, distance = (math.fsum(v * v for v in vector) for vector in (w, [a - b for a, b in zip(w, w0, strict=True)]))
    # |v_i| <= alpha stands for sigma = alpha / sqrt(ln(2 omega)) in the formula of random noise.
    match name:
        case "sharpness_alpha" | "sharpness_mag_alpha":
            return alpha
        case "sharpness_flatness" | "sharpness_mag_flatness":
            return alpha**-2
        case "sharpness_init":
            return perturbed.spherical_bound(w, w0, alpha / math.sqrt(logarithm), M)
        case "sharpness_orig":
            return perturbed.spherical_bound(w, [0.0] * OMEGA, alpha / math.sqrt(logarithm), M)
        case "sharpness_mag_init":
            return perturbed.magnitude_bound(w, w0, distance, alpha, M, eps=1e-3, addition=4 * logarithm)
        case "sharpness_mag_orig":
            return perturbed.magnitude_bound(w, w0, length, alpha, M, eps=1e-3, addition=4 * logarithm)


@pytest.mark.parametrize("alpha", [1e-5, 0.02, 3.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_measure_is_its_formula_with_the_residual_of_alpha(name, alpha, w, w0):
    found = of_search(name, Found(alpha), w, w0)
    assert found.value == pytest.approx(twin(name, alpha, w, w0), rel=1e-9)
    up, down = (twin(name, alpha * (1 + step), w, w0) for step in (1e-5, -1e-5))
    assert found.residual == pytest.approx(abs(up - down) / 2e-5 * 0.01, rel=1e-4)
    assert (found.iterations, found.converged, found.standard_error) == (180, True, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_is_converged_where_alpha_is(name, w, w0):
    assert [of_search(name, Found(0.1, converged), w, w0).converged for converged in (True, False)] == [True, False]


@pytest.mark.parametrize("eps", [0.0, -1e-3, math.inf])
@pytest.mark.parametrize("name", ["sharpness_mag_init", "sharpness_mag_orig"])
def test_an_eps_that_is_not_positive_and_finite_has_a_reason(name, eps, w, w0):
    search = Found(0.1)
    with pytest.raises(NotApplicable, match="eps is"):
        of_search(name, search, w, w0, eps=eps)
    assert not search.asked, "nothing is sought for an option that is refused"


def test_the_search_is_asked_for_what_the_options_say(w, w0):
    for name in NAMES:
        search = Found(0.1)
        of_search(name, search, w, w0, error_increase=0.2, steps=7, images=16, tries=2, ascent="steady")
        assert search.asked == [(0.2, 7, 16, "_mag_" in name, 2, "steady")]
        of_search(name, search, w, w0)
        assert search.asked[1:] == [(0.1, 40, 128, "_mag_" in name, 3, "falling")]
