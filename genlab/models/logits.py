"""What is said of an image by the outputs of a classifier and its label."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-ln softmax(f(x))[y] of each image, in nats, `[n]`."""
    return F.cross_entropy(logits, labels, reduction="none")


def margins_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Margins `[n]` of logits `[n, classes]`: that of the label less the largest other one, sign kept.

    Raises:
        ValueError: a single class, which has no other.
    """
    if logits.shape[1] < 2:
        raise ValueError("a margin needs at least two classes")
    index = labels.view(-1, 1)
    own = logits.gather(1, index).squeeze(1)
    return own - logits.scatter(1, index, -torch.inf).amax(1)
