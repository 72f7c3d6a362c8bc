"""Measures of the outputs on the training set: the loss, and how certain the net is.

The logarithm of a probability near 1 is taken from the odds against it, so that a loss of 1e-20 keeps its digits.
"""

import torch
from torch import Tensor

from genlab.measures.computing.registry import measure

JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="cross-entropy", unit="nat", cost="pass")
def train_cross_entropy(logits: Tensor, labels: Tensor) -> float:
    """Mean over the training set of -ln p(y|x), p the softmax of the outputs, y the labels as trained on; >= 0.

    Without augmentation and in float64, so it need not be the last loss of the history to its last digit.

    Args:
        logits: `[n, classes]`.
        labels: `[n]`.
    """
    index = labels.view(-1, 1)
    others = (logits - logits.gather(1, index)).scatter(1, index, -torch.inf)
    # -ln p(y) = ln(1 + sum_{j != y} exp(f_j - f_y))
    return float(torch.logaddexp(others.logsumexp(1), torch.zeros_like(others[:, 0])).mean())


@measure(paper=JIANG, equation="output entropy", unit="nat", cost="pass")
def output_entropy(logits: Tensor) -> float:
    """Mean over the training images of -sum_j p_j ln p_j, p the softmax of the outputs; in [0, ln classes].

    Departs from the paper, which takes the negative (from memory), so that a larger value stands for a more complex
    net: the sign is left to whoever ranks.

    Args:
        logits: `[n, classes]`.
    """
    below = logits - logits.amax(1, keepdim=True)
    rest = below.exp().scatter(1, logits.argmax(1, keepdim=True), 0).sum(1, keepdim=True)
    surprise = rest.log1p() - below
    return float(((-surprise).exp() * surprise).sum(1).mean())
