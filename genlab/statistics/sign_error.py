"""The robust sign error of Dziugaite et al. 2020: in which environments a measure orders runs the wrong way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlab.statistics.coupled_pairs import CoupledPairs, coupled_pairs

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

LEAST_PAIRS = 12.0
DIRECTIONS = 2  # from the one configuration to the other, and back


@dataclass(frozen=True)
class Environments:
    """Pairs of configurations that differ in one hyperparameter, each with all pairs of their runs.

    Attributes:
        pairs: of runs, whatever their seeds.
        environment: of each pair, from 0, [pairs].
        axis: the hyperparameter that an environment changes, [environments].
    """

    pairs: CoupledPairs
    environment: Codes
    axis: Codes


@dataclass(frozen=True)
class SignErrors:
    """The sign error of a measure in the environments where it can be told, each counted in both directions.

    Attributes:
        values: in [0, 1], [environments that count].
        axis: the hyperparameter that each changes, the same length.
        left_out: number of environments with too little weight.
        fullest: pairs of runs in the environment with most of them, whether they have values or not.
    """

    values: Floats
    axis: Codes
    left_out: int
    fullest: int

    def quantile(self, part: float) -> float | None:
        """Of the errors over environments, linear between neighbours: 0.5 is the median, 1 the worst (robust) one."""
        return float(np.quantile(self.values, part)) if len(self.values) else None

    @property
    def mean(self) -> float | None:
        """Over environments, each counting once."""
        return float(self.values.mean()) if len(self.values) else None

    def along(self, axis: int) -> "SignErrors":
        """Those of the environments that change this hyperparameter; the number left out is of all."""
        of_axis = self.axis == axis
        return SignErrors(self.values[of_axis], self.axis[of_axis], self.left_out, self.fullest)


def environments(settings: Codes) -> Environments:
    """All environments of the runs.

    Args:
        settings: equal numbers for equal values of a hyperparameter, [runs, hyperparameters].
    """
    pairs = coupled_pairs(settings)
    configuration = np.unique(settings, axis=0, return_inverse=True)[1].reshape(-1)
    ends = np.sort(np.column_stack([configuration[pairs.first], configuration[pairs.second]]), axis=1)
    _, where, environment = np.unique(ends, axis=0, return_index=True, return_inverse=True)
    return Environments(pairs, environment.reshape(-1).astype(np.int64), pairs.axis[where])


def hoeffding_weights(difference: ArrayLike, test_images: int) -> Floats:
    """max(0, max(0, 1 - 2 exp(-2 n (|d| / 2)^2))^2 - 1/2): how surely two errors that differ by d really differ.

    In [0, 1/2): 0 for |d| up to 2 sqrt(ln(2 / (1 - sqrt(1/2))) / 2n), 0.0196 for n = 10,000 images. The bound takes the
    two nets for tested on different images; tested on the same ones, as here, they are told apart sooner.

    Args:
        difference: of errors or generalization gaps, as fractions.
        test_images: n, 1 or more.
    """
    d = np.abs(np.asarray(difference, dtype=np.float64))
    surely = np.maximum(0.0, 1.0 - 2.0 * np.exp(-2.0 * test_images * (d / 2) ** 2)) ** 2
    return np.maximum(0.0, surely - 0.5)


def sign_errors(
    x: ArrayLike,
    target: Floats,
    found: Environments,
    test_images: int | None = None,
    least_pairs: float = LEAST_PAIRS,
) -> SignErrors:
    r"""The sign error in every environment (Dziugaite et al. 2020), whose largest is the robust one.

    \sum_pairs w (1 - sign(x_a - x_b) sign(y_a - y_b)) / 2 / \sum_pairs w, over all pairs of a run of the one and a run
    of the other configuration, w the `hoeffding_weights` of y_a - y_b. 0 where the measure always orders the two as the
    target does, 1/2 where it is tied, 1 where it always is wrong. Unchanged by increasing maps of the measure.

    An environment counts where its effective number of pairs, (\sum w)^2 / \sum w^2, is at least 12 as in the authors'
    code. That is never more than the number of its pairs, so none counts with 3 seeds, which make 9 pairs. Each is
    counted from either configuration, as there too, which doubles the counts and moves a percentile a little.

    Args:
        x: the measure, NaN where a run has none, [runs].
        target: [runs].
        test_images: the target is a difference of errors on so many images; where not given all pairs that are not
            tied in the target weigh the same.
        least_pairs: effective ones that an environment needs, for zoos with few seeds.
    """
    values = np.asarray(x, dtype=np.float64)
    first, second = found.pairs.first, found.pairs.second
    difference = target[first] - target[second]
    w = (difference != 0).astype(np.float64) if test_images is None else hoeffding_weights(difference, test_images)
    w *= ~(np.isnan(values[first]) | np.isnan(values[second]))
    wrong = (1 - _sign(values[first], values[second]) * np.sign(difference)) / 2
    count = len(found.axis)
    weight, squares, error = (np.bincount(found.environment, part, count) for part in (w, w * w, w * wrong))
    effective = np.divide(weight**2, squares, out=np.zeros(count), where=squares > 0)
    counts = (effective > 0) & (effective >= least_pairs * (1 - 1e-9))
    return SignErrors(
        np.repeat(error[counts] / weight[counts], DIRECTIONS),
        np.repeat(found.axis[counts], DIRECTIONS),
        DIRECTIONS * int((~counts).sum()),
        int(np.bincount(found.environment, minlength=1).max()),
    )


def _sign(a: Floats, b: Floats) -> Floats:
    # Comparisons and not differences: infinities and tiny numbers have no difference.
    return (a > b).astype(np.float64) - (a < b)
