"""A claim, of a paper or one's own, as data: what should be seen, in which numbers, and how it is checked."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genlab.config.schema.section import Section

Group = Annotated[dict[str, Any], Field(min_length=1)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class ClaimSection(Section):
    """What every claim says of itself.

    Rows of `table` that fit `where` are compared within equal values of the sweep's other axes and of the seed, or of
    the columns in `pair_by` (and of the seed) where given. Each seed is one observation: what it shows over the other
    axes is averaged. A row of a long table also has the columns of its run in `results`. Below three seeds nothing can
    be told.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Short name, unique in the file.")
    says: str = Field(min_length=1, description="The claim as a sentence.")
    source: str | None = Field(
        None, min_length=1, description="Where it is claimed: paper, figure or section; none for one's own."
    )
    table: str = Field(
        "results",
        pattern=r"^(results|history|measures|compression|bounds|measures/[A-Za-z0-9_]+)$",
        description="results (a row a run), or a table of the runs: history, measures, compression, bounds, "
        "measures/NAME.",
    )
    where: dict[str, Any] = Field(default_factory=dict, description="Columns and the value a row must have in each.")
    column: str = Field(min_length=1, description="The numbers that the claim is about.")
    pair_by: Names | None = Field(
        None, description="Columns whose values compared rows share, beside the seed; the axes if left out."
    )


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
    """`column` increases (decreases) from each value of the column `over` to the next.

    Values of `over` are numbers, or lists of one number such as the widths of a net with one hidden layer.

    Examples:
        - {id: norm-grows, kind: increasing, column: measure.log_l2_path_norm, over: data.train_size,
           where: {data.labels.corruption: 1.0}, says: On random labels the path norm grows with the training set.,
           source: Figure 1}
        - {id: more-data-helps, kind: decreasing, column: final.test_error, over: data.train_size,
           where: {data.labels.corruption: 0.0}, says: The test error falls with the training set., source: Figure 1}
    """

    kind: Literal["increasing", "decreasing"]
    over: str


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
    """Kendall's tau-b between `column` and the column `over` across runs is at least `at_least` (at most `at_most`).

    Examples:
        - {id: path-norm-predicts, kind: correlates, column: measure.log_l2_path_norm, over: final.test_error,
           at_least: 0.3, says: The path norm is larger where the test error is., source: Section 4}
    """

    kind: Literal["correlates"]
    over: str
    at_least: float | None = Field(None, ge=-1, le=1)
    at_most: float | None = Field(None, ge=-1, le=1)

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
