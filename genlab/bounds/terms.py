"""What a bound is made of: its terms, each a number of the whole net or of a layer, or the reason why there is none."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genlab.measures.computing.value import Value


@dataclass(frozen=True)
class Term:
    """One number of a bound, or one of its preconditions.

    Attributes:
        name: what it is; the same in every bound that has it.
        value: itself; None where `reason` says why, or where it is beyond the largest float.
        log10: its logarithm; None where it is not positive.
        layer: whose it is; empty for the whole net.
        standard_error: of a value that was sampled.
        samples: images, or images times draws, that it is of.
        required: of a precondition, what its value has to be, such as ">= 9".
        holds: of a precondition, whether it is.
        reason: why there is no value.
    """

    name: str
    value: float | None = None
    log10: float | None = None
    layer: str = ""
    standard_error: float | None = None
    samples: int | None = None
    required: str = ""
    holds: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class Bar:
    """A bound as a product of powers of its terms.

    Attributes:
        terms: all there is to show, preconditions among them.
        powers: by name of a term of the whole net, its exponent in the product.
    """

    terms: Sequence[Term]
    powers: Mapping[str, float]

    @property
    def total(self) -> Term:
        """The product, named `bound`; without a value where a factor has none.

        It holds where every precondition does, fails where one does, and is open where there are none or one cannot be
        told.
        """
        factors = {term.name: term for term in self.terms if term.name in self.powers and not term.layer}
        lacking = [factors[name] for name in self.powers if factors[name].log10 is None]
        held = [term.holds for term in self.terms if term.required]
        holds = False if False in held else True if held and all(held) else None
        if lacking:
            first = lacking[0]
            reason = first.reason or f"{first.name} is {first.value:.6g}, and only what is positive has a logarithm"
            return Term("bound", holds=holds, reason=reason)
        found = math.fsum(power * (factors[name].log10 or 0.0) for name, power in self.powers.items())
        # A single number stays what it is, to the last digit.
        value = next(iter(factors.values())).value if [*self.powers.values()] == [1] else None
        return Term("bound", power_of_ten(found) if value is None else value, found, holds=holds)

    @property
    def fails(self) -> tuple[str, ...]:
        """The names of preconditions that do not hold, each once, in the order of the terms."""
        return tuple(dict.fromkeys(term.name for term in self.terms if term.holds is False))


def number(name: str, value: float | Value, layer: str = "") -> Term:
    """A term by its value, with the logarithm of a positive one."""
    found = value if isinstance(value, Value) else Value(float(value))
    log10 = math.log10(found.value) if 0 < found.value < math.inf else None
    return Term(name, found.value, log10, layer, found.standard_error, found.samples)


def product(name: str, log: float) -> Term:
    """A term by its natural logarithm, which may be that of a number too large for a float."""
    log10 = log / math.log(10)
    return Term(name, power_of_ten(log10), log10)


def condition(name: str, value: float, required: str, *, holds: bool, layer: str = "") -> Term:
    """A precondition: a value, what it has to be, and whether it is."""
    plain = number(name, value, layer)
    known = None if value == math.inf else plain.value
    return Term(name, known, plain.log10, layer, required=required, holds=holds)


def power_of_ten(log10: float) -> float | None:
    """10 to the power; None where that is beyond the largest float."""
    return 10.0**log10 if log10 < 308 else None
