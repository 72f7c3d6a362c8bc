"""Conditions on runs, as `--where` has them: a column, a comparison and a value."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genlab.config.values import value_form
from genlab.config.yaml_source import parse_scalar
from genlab.errors import UsageError

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# The options in the column of a measure, as in sharpness[alpha=0.1], are no comparison.
_FORM = re.compile(r"((?:[^=<>!\[\]]|\[[^\[\]]*\])+)(!=|<=|>=|=|<|>)([^=<>].*)?")


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes:
        text: as it was written.
        key: the column, in full or in short.
        sign: one of `COMPARISONS`.
        value: what is compared with, as written.
    """

    text: str
    key: str
    sign: str
    value: str

    @classmethod
    def read(cls, text: str) -> "Condition":
        """The condition that a text says.

        Raises:
            UsageError: it says none.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(f"--where {text!r}: a condition is KEY=VALUE (or !=, <, <=, >, >= in place of =)")
        return cls(text, match[1].strip(), match[2], (match[3] or "").strip())

    def fits(self, found: Any) -> bool:
        """Whether a value of the column is as it should be; values that cannot be compared are not."""
        # An id of digits alone is not the number, and a list of one is that one.
        if self.sign in ("=", "!=") and (str(found) == self.value or value_form(found) == value_form(self.value)):
            return self.sign == "="
        try:
            return COMPARISONS[self.sign](found, parse_scalar(self.value))
        except TypeError:
            return False
