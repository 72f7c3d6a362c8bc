"""Sharpness measures of Jiang et al. 2020: PAC-Bayes measures with the worst perturbation in a box for random noise.

w are all parameters of the net with batch norm folded, biases among them, omega in number; w0 those at initialisation;
m the number of training images. alpha is the size of the largest box |v_i| <= alpha in which an ascent of the loss
raises the training error by at most `error_increase`, alpha' that of |v_i| <= alpha' |w_i|; see `worst_case_search`. An
ascent of `steps` steps, each with the gradient on `images` training images, need not find the maximum: so alpha is an
upper bound of the true one, and each measure here a lower bound (but for alpha itself). `iterations` are gradients.
`residual` is half of the last interval of the bisection, times the derivative of the measure: that interval alone, and
nothing of what the ascents missed. `converged` says whether ascents of twice the steps in a box 5 % below the lower end
of the interval find no point that raises the error by more than is allowed; where it is False, raise `steps` or
`tries`. On perceptrons for digits twice the steps move alpha by 2 % at most, and what goes with 1 / alpha^2 by 5 %.

The constants are a choice where no published code was found to hold them against: ln(2 omega) is what ties the largest
of omega normal numbers to their standard deviation at a failure probability of 1, and ln(m / sigma) takes sigma =
alpha / sqrt(ln(2 omega)). alpha' takes no least half-width eps, which as a worst case over all parameters would end
most searches at once; eps remains in the logarithms. As in `pac_bayes`, the error rises by 0.1 where the paper's is
0.1, and the last step sqrt(value / m) is left out.

Invariant under permutation of hidden units but for the choice of images; not under rescaling of layers, but for
alpha' of nets without biases, whose boxes are rescaled with them.
"""

import math
from collections.abc import Callable

from torch import Tensor

from genlab.measures.computing.registry import Value, measure
from genlab.measures.computing.value import require_positive
from genlab.measures.inputs.worst_case_search import Alpha, Ascent, WorstCaseSearch
from genlab.measures.pac_bayes import CONSTANT, flatness, magnitude_aware

JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="appendix on measures, alpha", unit="1", cost="passes")
def sharpness_alpha(
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
) -> Value:
    """The largest alpha > 0 such that no |v_i| <= alpha was found that raises the training error by more than 0.1.

    An upper bound of the true alpha. Scales with the weights.

    Args:
        error_increase: how much the error may rise, in (0, 1).
        steps: of an ascent.
        images: of each gradient.
        tries: ascents in each box, of which the highest counts.
        ascent: falling, or steady, which was the only one before and finds larger alphas; see `worst_case_search`.
    """
    return _of(worst_case_search.alpha(error_increase, steps, images, False, tries, ascent), lambda alpha: (alpha, 1))


@measure(paper=JIANG, equation="appendix on measures, alpha'", unit="1", cost="passes")
def sharpness_mag_alpha(
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
) -> Value:
    """The largest alpha' > 0 such that no |v_i| <= alpha' |w_i| was found that raises the error by more than 0.1.

    An upper bound of the true alpha'.
    """
    return _of(worst_case_search.alpha(error_increase, steps, images, True, tries, ascent), lambda alpha: (alpha, 1))


@measure(paper=JIANG, equation="appendix on measures, sharpness-init", unit="1", cost="passes")
def sharpness_init(
    parameter_vector: Tensor,
    initial_parameter_vector: Tensor,
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
) -> Value:
    """||w - w0||^2 ln(2 omega) / (4 alpha^2) + ln(m sqrt(ln(2 omega)) / alpha) + 10, with w0 at initialisation."""
    square = float((parameter_vector - initial_parameter_vector).square().sum())
    found = worst_case_search.alpha(error_increase, steps, images, False, tries, ascent)
    return _of(found, _spherical(square, len(parameter_vector), worst_case_search.count))


@measure(paper=JIANG, equation="appendix on measures, sharpness-orig", unit="1", cost="passes")
def sharpness_orig(
    parameter_vector: Tensor,
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
) -> Value:
    """||w||^2 ln(2 omega) / (4 alpha^2) + ln(m sqrt(ln(2 omega)) / alpha) + 10, the reference being the origin."""
    square = float(parameter_vector.square().sum())
    found = worst_case_search.alpha(error_increase, steps, images, False, tries, ascent)
    return _of(found, _spherical(square, len(parameter_vector), worst_case_search.count))


@measure(paper=JIANG, equation="appendix on measures, sharpness-flatness", unit="1", cost="passes")
def sharpness_flatness(
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
) -> Value:
    """1 / alpha^2 > 0: small is flat in every direction."""
    return _of(worst_case_search.alpha(error_increase, steps, images, False, tries, ascent), flatness)


@measure(paper=JIANG, equation="appendix on measures, sharpness-mag-init", unit="1", cost="passes")
def sharpness_mag_init(
    parameter_vector: Tensor,
    initial_parameter_vector: Tensor,
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
    eps: float = 1e-3,
) -> Value:
    """1/4 sum_i ln( (eps^2 + (a^2 + 4 ln(2 omega)) ||w-w0||^2/omega) / (eps^2 + a^2 (w_i-w0_i)^2) ) + ln(m/a) + 10.

    a is alpha' of `sharpness_mag_alpha`.

    Args:
        eps: keeps the denominators from 0, > 0; 1e-3 in the paper.
    """
    require_positive(eps=eps)
    difference = (parameter_vector - initial_parameter_vector).square()
    found = worst_case_search.alpha(error_increase, steps, images, True, tries, ascent)
    addition = 4 * math.log(2 * len(difference))
    return _of(found, magnitude_aware(float(difference.sum()), difference, eps, addition, worst_case_search.count))


@measure(paper=JIANG, equation="appendix on measures, sharpness-mag-orig", unit="1", cost="passes")
def sharpness_mag_orig(
    parameter_vector: Tensor,
    initial_parameter_vector: Tensor,
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
    eps: float = 1e-3,
) -> Value:
    """1/4 sum_i ln( (eps^2 + (a^2 + 4 ln(2 omega)) ||w||^2/omega) / (eps^2 + a^2 (w_i-w0_i)^2) ) + ln(m/a) + 10.

    a is alpha' of `sharpness_mag_alpha`. The denominator is of w - w0, so the initial weights are needed here too.
    """
    require_positive(eps=eps)
    difference = (parameter_vector - initial_parameter_vector).square()
    square = float(parameter_vector.square().sum())
    found = worst_case_search.alpha(error_increase, steps, images, True, tries, ascent)
    addition = 4 * math.log(2 * len(difference))
    return _of(found, magnitude_aware(square, difference, eps, addition, worst_case_search.count))


@measure(paper=JIANG, equation="appendix on measures, sharpness-mag-flatness", unit="1", cost="passes")
def sharpness_mag_flatness(
    worst_case_search: WorstCaseSearch,
    error_increase: float = 0.1,
    steps: int = 40,
    images: int = 128,
    tries: int = 3,
    ascent: Ascent = "falling",
) -> Value:
    """1 / alpha'^2 > 0, the measure that correlated best with generalization in the paper."""
    return _of(worst_case_search.alpha(error_increase, steps, images, True, tries, ascent), flatness)


def _spherical(square: float, omega: int, m: int) -> Callable[[float], tuple[float, float]]:
    """The value of `sharpness_init` with a squared distance, and its derivative, of alpha."""
    logarithm = math.log(2 * omega)
    return lambda alpha: (
        square * logarithm / (4 * alpha**2) + math.log(m * math.sqrt(logarithm) / alpha) + CONSTANT,
        -square * logarithm / (2 * alpha**3) - 1 / alpha,
    )


def _of(found: Alpha, function: Callable[[float], tuple[float, float]]) -> Value:
    """A function of alpha, given with its derivative, and the residual that it has from alpha."""
    value, slope = function(found.value)
    return Value(value, residual=abs(slope) * found.residual, iterations=found.steps, converged=found.converged)
