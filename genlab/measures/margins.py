"""Margins on the training set. A percentile is interpolated linearly between order statistics (numpy's default)."""

import math

import numpy as np
import pandas as pd
from torch import Tensor

from genlab.measures.computing.registry import NotApplicable, measure

NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"
JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="logit", cost="pass")
def margin_5th_percentile(margins: Tensor) -> float:
    """5th percentile over the training set of f(x)[y] - max_{j != y} f(x)[j]; negative where over 5 % are wrong.

    Of sorted margins m_0..m_{n-1} the p-th percentile is at position p (n-1)/100, between two of them linearly.

    Args:
        margins: `[n]`, sign kept, for the labels as trained on.
    """
    return percentile(margins, 5)


@measure(paper=JIANG, equation="gamma, the 10th percentile", unit="logit", cost="pass")
def margin_10th_percentile(margins: Tensor) -> float:
    """10th percentile of the training margins, as `margin_5th_percentile` otherwise; sign kept.

    Departs from the authors' code, which takes the absolute value and the order statistic below.
    """
    return percentile(margins, 10)


@measure(paper=JIANG, equation="1/gamma^2, gamma the 10th percentile", unit="logit^-2", cost="pass")
def inverse_squared_margin_10(margins: Tensor) -> float:
    """1 / gamma^2, gamma the 10th percentile of the training margins as in `margin_10th_percentile`; > 0.

    Without a value where gamma is not positive: the authors' code squares an absolute value there, so that a net which
    gets everything wrong by a wide margin looks as simple as one which gets everything right.
    """
    return math.exp(-log_squared_margin(margins, 10))


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="logit", cost="pass")
def margin_minimum(margins: Tensor) -> float:
    """Smallest training margin: that of the hard-margin bounds; negative unless every image is classified right."""
    return percentile(margins, 0)


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="logit", cost="pass")
def margin_median(margins: Tensor) -> float:
    """Median training margin, sign kept."""
    return percentile(margins, 50)


@measure(paper=NEYSHABUR, equation="Section 2.2", unit="logit", cost="pass", table=True)
def margin_distribution(margins: Tensor) -> pd.DataFrame:
    """All percentiles 0, 1, ..., 100 of the training margins, sign kept.

    Returns:
        Columns `percentile` and `margin`, 101 rows; 0 is the minimum and 100 the maximum.
    """
    percentiles = np.arange(101)
    values = np.percentile(margins.double().cpu().numpy(), percentiles)
    return pd.DataFrame({"percentile": percentiles, "margin": values})


def percentile(margins: Tensor, p: float) -> float:
    """The p-th percentile of margins `[n]`, interpolated linearly, p in [0, 100]."""
    return float(np.percentile(margins.double().cpu().numpy(), p))


def log_squared_margin(margins: Tensor, p: int = 5) -> float:
    """2 ln gamma, gamma the p-th percentile of the margins.

    Raises:
        NotApplicable: gamma is not positive.
    """
    gamma = percentile(margins, p)
    if not gamma > 0:
        raise NotApplicable(
            f"the {p}th percentile of the margins is {gamma:.6g}, and only a positive margin normalises"
        )
    return 2 * math.log(gamma)
