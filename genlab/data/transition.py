"""Labels corrupted by a transition matrix, of which a map of classes is one."""

from collections.abc import Mapping

import torch


def transition_labels(labels: torch.Tensor, matrix: torch.Tensor, *, generator: torch.Generator) -> torch.Tensor:
    """Labels of which each is, independently, replaced by class j with probability T[i, j], i being its own class.

    Two uniforms u, v are drawn for every image: it keeps its label where u >= 1 - T[i, i], and else v chooses among the
    other classes in proportion to T[i, j]. So with the same seed the corrupted sets of (1 - p) I + p Q, with one Q
    whose diagonal is zero, are nested in p, and a label replaced at two p gets the same class. u is that of uniform
    corruption (`corrupted_labels`): a label that this replaces at p is, at equal p, replaced by that too, though maybe
    by its own class.

    Args:
        labels: int64 `[n]`, on the CPU; the full training set, so that its subsets share their corruption too.
        matrix: T, row-stochastic, float64 `[classes, classes]`.

    Returns:
        int64 `[n]`.
    """
    uniforms = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    choices = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    others = matrix.clone()
    others.fill_diagonal_(0)
    leaving = others.sum(1)
    return torch.where(uniforms < leaving[labels], other_classes(others, labels, choices), labels)


def other_classes(weights: torch.Tensor, labels: torch.Tensor, choices: torch.Tensor) -> torch.Tensor:
    """For each label the class at which the cumulated weights of its row, over their sum, pass a number in [0, 1].

    Rounding may leave the last sum below the number: then it is the last class of the row that has a weight.

    Args:
        weights: float64 `[rows, classes]`, not negative; of a row without any the class means nothing.
        labels: int64 `[n]`.
        choices: float64 `[n]`.

    Returns:
        int64 `[n]`.
    """
    cumulative = weights.cumsum(1)
    parts = cumulative / cumulative[:, -1:].clamp(min=torch.finfo(torch.float64).tiny)
    last = (weights > 0).long().mul(torch.arange(weights.shape[1])).max(1).values
    chosen = torch.searchsorted(parts[labels], choices[:, None], right=True).squeeze(1)
    return torch.minimum(chosen, last[labels])


def map_matrix(pairs: Mapping[int, int], probability: float, classes: int) -> torch.Tensor:
    """The transition matrix of a map: class a becomes `pairs[a]` with `probability`, others stay; float64.

    The asymmetric (class-conditional) noise of Patrini et al. 2017 (arXiv:1609.03683, section 5).

    Args:
        pairs: from classes to classes.
        probability: in [0, 1].
        classes: number of classes.
    """
    matrix = torch.eye(classes, dtype=torch.float64)
    for old, new in pairs.items():
        matrix[old, old] -= probability
        matrix[old, new] += probability
    return matrix
