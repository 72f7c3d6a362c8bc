"""What a measure gives: a number with what is known of its error, or the reason why there is none."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from genlab.linalg.lanczos import SingularValue


class NotApplicable(Exception):  # noqa: N818 - not an error: a measure says why it has no value here
    """A measure or an input does not exist for this net or run; the message is the reason that the row shows."""


@dataclass(frozen=True)
class Value:
    """A number that was sampled or iterated.

    Attributes:
        value: the number.
        standard_error: of a sampled value.
        residual: of an iterated value, in the unit of the value; its docstring says what it bounds.
        iterations: how many were made; 0 for an exact method.
        samples: how many were drawn.
        converged: whether the iteration met its tolerance.
    """

    value: float
    standard_error: float | None = None
    residual: float | None = None
    iterations: int | None = None
    samples: int | None = None
    converged: bool | None = None

    @classmethod
    def of_singular_value(cls, found: SingularValue) -> "Value":
        """With the residual, the iterations and whether they converged."""
        return cls(found.value, residual=found.residual, iterations=found.iterations, converged=found.converged)

    @classmethod
    def of_singular_values(cls, value: float, residual: float, found: Iterable[SingularValue]) -> "Value":
        """A number made from several, with the sum of their iterations; converged if every one is."""
        found = list(found)
        iterations = sum(each.iterations for each in found)
        return cls(value, residual=residual, iterations=iterations, converged=all(each.converged for each in found))


def require_positive(**options: float) -> None:
    """Raises NotApplicable for the first option that is not positive and finite."""
    for name, value in options.items():
        if not 0 < value < math.inf:
            raise NotApplicable(f"{name} is {value:g}, and has to be positive and finite")
