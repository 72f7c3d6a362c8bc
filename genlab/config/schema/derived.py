"""Columns of a sweep's results that are made of others: from histories, differences, ratios and names."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from genlab.config.schema.claim import Conditions, Group, is_range
from genlab.config.schema.section import Section


def _single(settings: dict[str, Any]) -> dict[str, Any]:
    ranges = [column for column, asked in settings.items() if is_range(asked)]
    if ranges:
        raise ValueError(f"{ranges[0]} has one value here, since a ratio is to one run")
    return settings


def _no_place(conditions: dict[str, Any]) -> dict[str, Any]:
    places = [column for column, asked in conditions.items() if is_range(asked) and "place" in asked]
    if places:
        raise ValueError(f"{places[0]} has no place here; `take` says first or last")
    return conditions


class HistoryColumn(Section):
    """A value of a run's history: that of `column` in the first or last row that meets `where`, or the least or
    greatest of those rows; empty where none does.

    Rows are evaluations (`training.evaluate_every`), the first of them before training.

    Examples:
        - epochs_to_fit: {kind: history, take: first, column: epoch, where: {train_loss: {at_most: 0.05}}}
        - best_test_error: {kind: history, take: least, column: test_error}
    """

    kind: Literal["history"]
    take: Literal["first", "last", "least", "greatest"]
    column: str = Field(min_length=1, description="Of history.csv, such as epoch.")
    where: Annotated[Conditions, AfterValidator(_no_place)] = Field(
        default_factory=dict, description="Columns of history.csv and what a row has in each, but no `place`."
    )


class DifferenceColumn(Section):
    """`column` minus the column `minus`.

    Examples:
        - generalization_error: {kind: difference, column: final.test_error, minus: final.train_error}
    """

    kind: Literal["difference"]
    column: str = Field(min_length=1)
    minus: str = Field(min_length=1)


class RatioColumn(Section):
    """`column` over that of the run with the settings `to`, which are of axes, and with the same seed and other axes.

    Axes that go with one of `to`, as in a block of `zip`, are not other ones. Empty where there is no such run, or its
    value is 0.

    Examples:
        - slowdown: {kind: ratio, column: derived.epochs_to_fit, to: {data.labels.corruption: 0.0}}
    """

    kind: Literal["ratio"]
    column: str = Field(min_length=1)
    to: Annotated[Group, AfterValidator(_single)]


class NameColumn(Section):
    """A name for runs by their settings: the first of `names` whose conditions a run meets; empty where it meets none.

    Examples:
        - setting: {kind: name, names: {true labels: {data.labels.corruption: 0}, random labels: {}}}
    """

    kind: Literal["name"]
    names: dict[str, Conditions] = Field(min_length=1, description="Conditions by name, as in claims.")


DerivedColumn = Annotated[HistoryColumn | DifferenceColumn | RatioColumn | NameColumn, Field(discriminator="kind")]
DERIVED_NAME = "^[a-z][a-z0-9_]*$"


def derived_column(name: str) -> str:
    """The column of results that a derived one is."""
    return f"derived.{name}"
