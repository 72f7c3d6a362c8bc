"""What Jiang et al. 2020 make of layer norms, in 50 decimal digits and with any exponent."""

from collections.abc import Sequence
from decimal import Decimal, localcontext


def log_complexity(numerators: Sequence[float], norms: Sequence[float], margin: float) -> float:
    """ln( product of norm^2 times sum of numerator^2 / norm^2, over margin^2 )."""
    with localcontext() as context:
        context.prec = 50
        product, total = Decimal(1), Decimal(0)
        for numerator, norm in zip(numerators, norms, strict=True):
            product *= Decimal(norm) ** 2
            total += Decimal(numerator) ** 2 / Decimal(norm) ** 2
        return float((product * total / Decimal(margin) ** 2).ln())


def ratio_sum(numerators: Sequence[float], norms: Sequence[float]) -> float:
    """Sum of numerator^2 / norm^2."""
    return sum(a * a / (b * b) for a, b in zip(numerators, norms, strict=True))


def log_balanced_sum(norms: Sequence[float], margin: float = 1.0) -> float:
    """ln of the sum of squared norms when each layer is scaled until all have the same one, the product kept.

    The product is divided by the squared margin before.
    """
    with localcontext() as context:
        context.prec = 50
        product = Decimal(1) / Decimal(margin) ** 2
        for norm in norms:
            product *= Decimal(norm) ** 2
        each = (product.ln() / len(norms)).exp()
        return float(sum(each for _ in norms).ln())
