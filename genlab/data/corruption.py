"""Corrupted labels: each replaced with a given probability by a uniformly random class."""

import torch


def corrupted_labels(
    labels: torch.Tensor, classes: int, probability: float, *, generator: torch.Generator
) -> torch.Tensor:
    """Labels of which each is, independently with `probability`, replaced by a class drawn uniformly from all.

    The "partially corrupted labels" of Zhang et al. 2017 (arXiv:1611.03530, section 2). The new class may be the true
    one, so that a fraction probability * (1 - 1/classes) really changes; probability 1 gives random labels.

    All uniforms and then all replacements are drawn for every image, whatever the probability. So with the same seed
    the corrupted sets are nested in the probability, and a label replaced at two probabilities gets the same class.

    Args:
        labels: int64 `[n]`, on the CPU; the full training set, so that its subsets share their corruption too.
        classes: number of classes.
        probability: in [0, 1].

    Returns:
        int64 `[n]`.
    """
    uniforms = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    replacements = torch.randint(classes, (len(labels),), generator=generator)
    return torch.where(uniforms < probability, replacements, labels)
