"""Loss and entropy of a classifier's outputs, one image at a time, in 400 decimal digits: 1 less 1e-88 is not 1."""

from collections.abc import Sequence
from decimal import Decimal, localcontext


def probabilities(logits: Sequence[float]) -> list[Decimal]:
    """exp(f_j) / sum of exp(f_k)."""
    powers = [Decimal(float(value)).exp() for value in logits]
    return [power / sum(powers) for power in powers]


def cross_entropy(logits: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """Mean of -ln p(label)."""
    with localcontext() as context:
        context.prec = 400
        losses = [-probabilities(row)[int(label)].ln() for row, label in zip(logits, labels, strict=True)]
        return float(sum(losses) / len(losses))


def entropy(logits: Sequence[Sequence[float]]) -> float:
    """Mean of -sum p ln p."""
    with localcontext() as context:
        context.prec = 400
        entropies = [-sum(p * p.ln() for p in probabilities(row)) for row in logits]
        return float(sum(entropies) / len(entropies))
