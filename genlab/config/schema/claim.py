"""A claim, of a paper or one's own, as data: what should be seen, in which numbers, and how it is checked."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from genlab.config.schema.section import Section

# What a condition may say of a column of numbers besides its one value.
RANGE = {"at_least", "at_most", "place"}


def is_range(asked: object) -> bool:
    """Whether a condition asks for a range of numbers and not for one value."""
    return isinstance(asked, dict)


def one_value(asked: object) -> bool:
    """Whether a condition leaves one value of its column: a value or a place does, a range between ends does not."""
    return not isinstance(asked, dict) or "place" in asked


def _conditions(conditions: dict[str, Any]) -> dict[str, Any]:
    for column, asked in conditions.items():
        if not is_range(asked):
            continue
        ends = [asked[end] for end in ("at_least", "at_most") if end in asked]
        if not asked or not asked.keys() <= RANGE or ("place" in asked) == bool(ends):
            raise ValueError(f"{column} has one value, or {{at_least: ..., at_most: ...}}, or {{place: first}} or last")
        if asked.get("place", "first") not in ("first", "last"):
            raise ValueError(f"the place in {column} is first or last")
        if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
            raise ValueError(f"at_least and at_most of {column} are numbers")
        if len(ends) > 1 and ends[0] > ends[1]:
            raise ValueError(f"at_least of {column} is above at_most, so that no number fits")
    return conditions


Conditions = Annotated[dict[str, Any], AfterValidator(_conditions)]
Group = Annotated[dict[str, Any], Field(min_length=1), AfterValidator(_conditions)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class ClaimSection(Section):
    """What every claim says of itself.

    Rows of `table` that fit `where` are compared within equal values of the sweep's other axes and of the seed, or of
    the columns in `pair_by` (and of the seed) where given. Each seed is one observation: what it shows over the other
    axes is averaged. A row of a long table also has the columns of its run in `results`. Below three seeds nothing can
    be told.

    In `where`, `a` and `b` a column has one value, or a mapping that says which: `{at_least: 1000}`, `{at_most: 5000}`,
    both, or `{place: first}` and `{place: last}` of the numbers that the rows have in it.
    """

    id: str = Field(
        "",
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="Short name, unique in the file; made of the words of the sentence where it is left out.",
    )
    says: str = Field(min_length=1, description="The claim as a sentence.")
    source: str | None = Field(
        None, min_length=1, description="Where it is claimed: paper, figure or section; none for one's own."
    )
    table: str = Field(
        "results",
        pattern=r"^(results|history|measures|compression|compression_layers|bounds|measures/[A-Za-z0-9_]+)$",
        description="results (a row a run), or a table of the runs: history, measures, compression, "
        "compression_layers, bounds, "
        "measures/NAME.",
    )
    where: Conditions = Field(default_factory=dict, description="Columns and the value a row must have in each.")
    column: str = Field(min_length=1, description="The numbers that the claim is about.")
    pair_by: Names | None = Field(
        None, description="Columns whose values compared rows share, beside the seed; the axes if left out."
    )

    @property
    def sides(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The groups of rows that are compared, with their names; none where all rows are one group."""
        found = ((name, getattr(self, name, None)) for name in ("a", "b"))
        return tuple((name, group) for name, group in found if group is not None)

    @property
    def along(self) -> str | None:
        """The column `over` that the claim goes along, or is compared with."""
        return getattr(self, "over", None)


class OrderClaim(ClaimSection):
    """`column` is higher (lower) in the rows of `a` than in the paired rows of `b`.

    Examples:
        - {id: random-higher, kind: higher, column: final.test_error, a: {data.labels.corruption: 1.0},
           b: {data.labels.corruption: 0.0}, says: Random labels have the higher test error., source: Figure 1c}
        - {id: true-learned-first, kind: lower, table: history, where: {epoch: 10}, column: train_error,
           a: {data.labels.corruption: 0.0}, b: {data.labels.corruption: 1.0},
           says: After ten epochs more of the true labels are learned., source: Figure 1a}
    """

    kind: Literal["higher", "lower"]
    a: Group
    b: Group


class TrendClaim(ClaimSection):
    """`column` increases (decreases) along the column `over`; with `a` and `b`, its difference a - b does.

    Values of `over` are numbers, or lists of one number such as the widths of a net with one hidden layer. A trend is
    that of the straight line through the points, which count as equally far apart; `..._at_every_step` asks for more.

    Examples:
        - {id: norm-grows, kind: increasing, column: measure.log_l2_path_norm, over: data.train_size,
           where: {data.labels.corruption: 1.0}, says: On random labels the path norm grows with the training set.,
           source: Figure 1}
        - {id: more-data-helps, kind: decreasing, column: final.test_error, over: data.train_size,
           where: {data.labels.corruption: 0.0}, says: The test error falls with the training set., source: Figure 1}
        - {id: gap-grows, kind: increasing, column: measure.log_l2_path_norm, over: data.train_size,
           a: {data.labels.corruption: 1.0}, b: {data.labels.corruption: 0.0},
           says: The difference between random and true labels grows., source: Figure 1}
        - {id: no-step-back, kind: decreasing_at_every_step, column: final.test_error, over: model.widths,
           where: {model.widths: {at_most: 128}}, says: Each doubling up to 128 hidden units lowers the test error.,
           source: Figure 4}
        - {id: never-shrinks, kind: increasing_at_every_step, column: measure.log_l2_norm, over: model.widths,
           says: Each wider net has the larger norm., source: Figure 4}
    """

    kind: Literal["increasing", "decreasing", "increasing_at_every_step", "decreasing_at_every_step"]
    over: str
    a: Group | None = None
    b: Group | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> "TrendClaim":
        if (self.a is None) != (self.b is None):
            raise ValueError("a difference needs both a and b")
        return self


class RatioClaim(ClaimSection):
    """The ratio of `column` in the rows of `a` to that in the paired rows of `b` lies between `low` and `high`.

    Both must be positive; the mean of ratios is the geometric one.

    Examples:
        - {id: slowdown, kind: ratio_between, column: final.epoch, a: {data.labels.corruption: 1.0},
           b: {data.labels.corruption: 0.0}, low: 1, high: 5,
           says: Random labels take at most five times as long to fit., source: Figure 1b}
    """

    kind: Literal["ratio_between"]
    a: Group
    b: Group
    low: float
    high: float

    @model_validator(mode="after")
    def _low_below_high(self) -> "RatioClaim":
        if self.low >= self.high:
            raise ValueError("low must be below high")
        if self.high <= 0:
            raise ValueError("high must be above 0, as ratios are")
        return self


class CloseClaim(ClaimSection):
    """`column` is within `tolerance` of the published number `target`.

    Examples:
        - {id: table-1, kind: close_to, column: final.test_error, target: 0.1425, tolerance: 0.01,
           where: {data.labels.corruption: 0.0}, says: The test error is 14.25 %., source: Table 1}
    """

    kind: Literal["close_to"]
    target: float
    tolerance: float = Field(gt=0)


class CorrelationClaim(ClaimSection):
    """The rank correlation of `column` and the column `over` across runs is at least `at_least` (at most `at_most`).

    `coefficient` is tau (the mean of sign products over all pairs of runs), or psi: the mean over the axes of the sweep
    of the tau among runs that differ in that axis alone (Jiang et al. 2020), in which an axis that moves everything
    weighs no more than the others. A limit is a relation that is claimed, so it is above 0 (`at_least`) or below
    (`at_most`).

    Examples:
        - {id: path-norm-predicts, kind: correlates, column: measure.log_l2_path_norm, over: final.test_error,
           at_least: 0.3, says: The path norm is larger where the test error is., source: Section 4}
    """

    kind: Literal["correlates"]
    over: str
    coefficient: Literal["tau", "psi"] = "tau"
    at_least: float | None = Field(None, gt=0, le=1)
    at_most: float | None = Field(None, ge=-1, lt=0)

    @model_validator(mode="after")
    def _one_limit(self) -> "CorrelationClaim":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("correlates needs either at_least or at_most")
        return self


class CrossingClaim(ClaimSection):
    """Along the column `over` the difference of `column` between `a` and `b` changes its sign, within `low` and `high`.

    Without `low` or `high` that end is open.

    Examples:
        - {id: late-crossing, kind: crosses, table: history, column: test_error, over: epoch,
           a: {data.labels.corruption: 0.5}, b: {data.labels.corruption: 0.0}, low: 1, high: 20,
           says: The noisy labels are ahead only in the first epochs., source: Figure 7}
    """

    kind: Literal["crosses"]
    over: str
    a: Group
    b: Group
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _low_below_high(self) -> "CrossingClaim":
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be below high")
        return self


Claim = Annotated[
    OrderClaim | TrendClaim | RatioClaim | CloseClaim | CorrelationClaim | CrossingClaim, Field(discriminator="kind")
]

AnyClaim = TypeVar("AnyClaim", bound=ClaimSection)
LONGEST_ID = 48


def with_ids(claims: Sequence[AnyClaim]) -> tuple[AnyClaim, ...]:
    """Claims of one file in which those without an id have one that is made of their sentence.

    It depends on the sentence alone, so that a claim keeps it when others come or go; only of several that would have
    the same one, or where another claim gives itself that one, those further down get a number at their end.
    """
    taken = {claim.id for claim in claims}
    found = []
    for claim in claims:
        if not claim.id:
            words = _id_of(claim.says)
            number = next(n for n in range(1, len(claims) + 2) if _numbered(words, n) not in taken)
            claim = claim.model_copy(update={"id": _numbered(words, number)})  # noqa: PLW2901 - the same claim
            taken.add(claim.id)
        found.append(claim)
    return tuple(found)


def _id_of(sentence: str) -> str:
    """The words of a sentence, as many as fit; of one that has no Latin letters or digits a hash."""
    plain = unicodedata.normalize("NFKD", sentence).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    while len(words) > 1 and len("-".join(words)) > LONGEST_ID:
        words.pop()
    return "-".join(words)[:LONGEST_ID] or f"claim-{hashlib.sha256(sentence.encode()).hexdigest()[:8]}"


def _numbered(words: str, number: int) -> str:
    return words if number == 1 else f"{words}-{number}"
