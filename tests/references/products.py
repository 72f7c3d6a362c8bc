"""Logarithms of products, in 50 decimal digits and with any exponent."""

from collections.abc import Sequence
from decimal import Decimal, localcontext


def log_product_of_squares(
    values: Sequence[float], divisor: float = 1.0, factors: Sequence[float] | None = None
) -> float:
    """ln( product of f v^2 / divisor^2 ): Neyshabur et al. 2017, section 2.2; factors f of depth and width, or none."""
    with localcontext() as context:
        context.prec = 50
        product = Decimal(1)
        for value, factor in zip(values, factors or [1.0] * len(values), strict=True):
            product *= Decimal(factor) * Decimal(value) ** 2
        return float((product / Decimal(divisor) ** 2).ln())
