"""PAC-Bayes measures: how far the net is from a reference in units of the noise that its training error endures.

Jiang et al. 2020, whose formulas are given here from the code of Dziugaite et al. 2020; they are stated as they stand
before the last step sqrt(value / m). w are all parameters of the net with batch norm folded, omega in number, biases
among them: noise is on each of them, so a Kullback-Leibler divergence counts each (that code perturbs biases and leaves
them out of its norms). m is the number of training images, w0 are the parameters at initialisation.

sigma is the standard deviation of independent normal noise on every parameter under which the training error rises by
`error_increase` on average, and sigma' that of noise sqrt(sigma'^2 w_i^2 + eps^2) on parameter i. Both are sampled, see
`sigma_search`, once for all measures with the same options: at most `draws` directions, each with `images` training
images; 32 draws are made, and more only until sigma is known to 5 %. A standard error is that of sigma times the
derivative of the measure; `samples` are the draws, `iterations` the sigmas that were tried, and a value is converged
where sigma is known to 5 %. Departs from the paper, in which the error itself is 0.1 at sigma: for nets that fit their
training set the two are one.

None is invariant under rescaling of layers, which changes what noise does; all are under permutation of hidden units,
but for the draws. Values that are not negative are said to be; the others have any sign.
"""

import math
from collections.abc import Callable

import pandas as pd
from torch import Tensor

from genlab.measures.computing.registry import Value, measure
from genlab.measures.inputs.sigma_search import Sigma, SigmaSearch

JIANG = "Jiang et al. 2020, arXiv:1912.02178"
# What the bound's constants come to in the authors' form.
CONSTANT = 10


@measure(paper=JIANG, equation="appendix on measures, sigma", unit="1", cost="passes")
def pac_bayes_sigma(
    sigma_search: SigmaSearch, error_increase: float = 0.1, draws: int = 256, images: int = 128
) -> Value:
    """The standard deviation sigma > 0 of noise on all parameters that raises the training error by 0.1 on average.

    See the head of this file. Scales with the weights.

    Args:
        error_increase: how much the error rises, in (0, 1).
        draws: of noise, at most.
        images: of a draw.
    """
    return _of(sigma_search.sigma(error_increase, draws, images), lambda sigma: (sigma, 1))


@measure(paper=JIANG, equation="appendix on measures, sigma'", unit="1", cost="passes")
def pac_bayes_mag_sigma(
    sigma_search: SigmaSearch, error_increase: float = 0.1, draws: int = 256, images: int = 128, eps: float = 1e-3
) -> Value:
    """The sigma' > 0 with which noise of sqrt(sigma'^2 w_i^2 + eps^2) raises the training error by 0.1 on average.

    Args:
        eps: the least standard deviation of the noise, 1e-3 in the paper; not squared twice, as in public code.
    """
    return _of(sigma_search.sigma(error_increase, draws, images, eps), lambda sigma: (sigma, 1))


@measure(paper=JIANG, equation="appendix on measures, pacbayes-init", unit="1", cost="passes")
def pac_bayes_init(
    parameter_vector: Tensor,
    initial_parameter_vector: Tensor,
    sigma_search: SigmaSearch,
    error_increase: float = 0.1,
    draws: int = 256,
    images: int = 128,
) -> Value:
    """||w - w0||^2 / (4 sigma^2) + ln(m / sigma) + 10, with w0 at initialisation."""
    square = float((parameter_vector - initial_parameter_vector).square().sum())
    return _of(sigma_search.sigma(error_increase, draws, images), spherical(square, sigma_search.count))


@measure(paper=JIANG, equation="appendix on measures, pacbayes-orig", unit="1", cost="passes")
def pac_bayes_orig(
    parameter_vector: Tensor,
    sigma_search: SigmaSearch,
    error_increase: float = 0.1,
    draws: int = 256,
    images: int = 128,
) -> Value:
    """||w||^2 / (4 sigma^2) + ln(m / sigma) + 10, the reference being the origin."""
    square = float(parameter_vector.square().sum())
    return _of(sigma_search.sigma(error_increase, draws, images), spherical(square, sigma_search.count))


@measure(paper=JIANG, equation="appendix on measures, pacbayes-flatness", unit="1", cost="passes")
def pac_bayes_flatness(
    sigma_search: SigmaSearch, error_increase: float = 0.1, draws: int = 256, images: int = 128
) -> Value:
    """1 / sigma^2 > 0, the flatness of the training error in the sense of noise: small is flat."""
    return _of(sigma_search.sigma(error_increase, draws, images), flatness)


@measure(paper=JIANG, equation="appendix on measures, pacbayes-mag-init", unit="1", cost="passes")
def pac_bayes_mag_init(
    parameter_vector: Tensor,
    initial_parameter_vector: Tensor,
    sigma_search: SigmaSearch,
    error_increase: float = 0.1,
    draws: int = 256,
    images: int = 128,
    eps: float = 1e-3,
) -> Value:
    """1/4 sum_i ln( (eps^2 + (s^2 + 1) ||w-w0||^2/omega) / (eps^2 + s^2 (w_i-w0_i)^2) ) + ln(m/s) + 10, s = sigma'."""
    difference = (parameter_vector - initial_parameter_vector).square()
    found = sigma_search.sigma(error_increase, draws, images, eps)
    return _of(found, magnitude_aware(float(difference.sum()), difference, eps, 1.0, sigma_search.count))


@measure(paper=JIANG, equation="appendix on measures, pacbayes-mag-orig", unit="1", cost="passes")
def pac_bayes_mag_orig(
    parameter_vector: Tensor,
    initial_parameter_vector: Tensor,
    sigma_search: SigmaSearch,
    error_increase: float = 0.1,
    draws: int = 256,
    images: int = 128,
    eps: float = 1e-3,
) -> Value:
    """1/4 sum_i ln( (eps^2 + (s^2 + 1) ||w||^2/omega) / (eps^2 + s^2 (w_i-w0_i)^2) ) + ln(m/s) + 10, s = sigma'.

    The denominator is of w - w0, as in `pac_bayes_mag_init`, so the initial weights are needed here too.
    """
    difference = (parameter_vector - initial_parameter_vector).square()
    square = float(parameter_vector.square().sum())
    found = sigma_search.sigma(error_increase, draws, images, eps)
    return _of(found, magnitude_aware(square, difference, eps, 1.0, sigma_search.count))


@measure(paper=JIANG, equation="appendix on measures, pacbayes-mag-flatness", unit="1", cost="passes")
def pac_bayes_mag_flatness(
    sigma_search: SigmaSearch, error_increase: float = 0.1, draws: int = 256, images: int = 128, eps: float = 1e-3
) -> Value:
    """1 / sigma'^2 > 0, flatness under noise in proportion to the parameters: rescaling a layer changes it little."""
    return _of(sigma_search.sigma(error_increase, draws, images, eps), flatness)


@measure(paper=JIANG, equation="appendix on measures, search for sigma", unit="1", cost="passes", table=True)
def pac_bayes_sigma_search(
    sigma_search: SigmaSearch, error_increase: float = 0.1, draws: int = 256, images: int = 128
) -> pd.DataFrame:
    """The increase of the training error under noise at each sigma that the search of `pac_bayes_sigma` tried.

    Returns:
        Columns `sigma` (rising), `error_increase`, `standard_error` and `draws` (fewer than asked for where the
        comparison was clear); and `passes`, the same in each row: images that went through the net in the whole
        search, over the size of the training set.
    """
    found = sigma_search.sigma(error_increase, draws, images)
    rows = [(trial.x, trial.mean, trial.standard_error, trial.count, found.passes) for trial in found.trials]
    return pd.DataFrame(rows, columns=["sigma", "error_increase", "standard_error", "draws", "passes"])


def spherical(square: float, m: int) -> Callable[[float], tuple[float, float]]:
    """square / (4 sigma^2) + ln(m / sigma) + 10 and its derivative, of sigma."""
    return lambda sigma: (
        square / (4 * sigma**2) + math.log(m / sigma) + CONSTANT,
        -square / (2 * sigma**3) - 1 / sigma,
    )


def flatness(sigma: float) -> tuple[float, float]:
    """1 / sigma^2 and its derivative."""
    return 1 / sigma**2, -2 / sigma**3


def magnitude_aware(
    square: float, differences: Tensor, eps: float, addition: float, m: int
) -> Callable[[float], tuple[float, float]]:
    """1/4 sum_i ln( (eps^2 + (s^2 + addition) square/omega) / (eps^2 + s^2 d_i) ) + ln(m/s) + 10, and its derivative.

    Args:
        square: of the length of the parameters from the reference.
        differences: d_i, the squared differences from initialisation, `[omega]`.
        addition: 1 for noise, 4 ln(2 omega) for a worst case.
    """
    mean = square / len(differences)

    def value(s: float) -> tuple[float, float]:
        above, below = eps**2 + (s**2 + addition) * mean, eps**2 + s**2 * differences
        logarithms = len(differences) * math.log(above) - float(below.log().sum())
        slope = len(differences) * mean / above - float((differences / below).sum())
        return logarithms / 4 + math.log(m / s) + CONSTANT, s * slope / 2 - 1 / s

    return value


def _of(found: Sigma, function: Callable[[float], tuple[float, float]]) -> Value:
    """A function of sigma, given with its derivative, and the standard error that it has from sigma."""
    value, slope = function(found.value)
    return Value(
        value,
        standard_error=abs(slope) * found.standard_error,
        iterations=len(found.trials),
        samples=found.draws,
        converged=found.converged,
    )
