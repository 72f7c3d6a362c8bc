"""Published curves of a sweep: which file of `configs/published/` holds them, and what its series are here."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from genlab.config.schema.section import Section


def _one_place(form: str) -> str:
    if form.count("{}") > 1:
        raise ValueError("has one {} at most, for the number that is meant")
    return form


class PublishedSeries(Section):
    """One series of a file."""

    column: str = Field(min_length=1, description="The column that its y is.")
    where: dict[str, Any] = Field(default_factory=dict, description="The settings that it is of, by dotted key.")
    row: dict[str, Any] = Field(
        default_factory=dict, description="Columns of the table's rows and their values, as a layer; not of results."
    )
    times: float = Field(
        1.0, description="By which y is multiplied to be in the column's units, as 2.302585 for log10."
    )
    plus: float = Field(
        0.0, description="What is added to y after that: with times -0.01 an accuracy in percent is an error."
    )
    other_units: bool = Field(
        False, description="Whether y is in units that are not known (scaled to its range, say): no effect is compared."
    )


class PublishedConfig(Section):
    """A file of `configs/published/` as rows of runs, so that claims and figures read it as they read runs."""

    file: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", description="Its name, without ending.")
    table: str = Field(
        "results",
        pattern=r"^(results|history|bounds|measures/[A-Za-z0-9_]+)$",
        description="results, or history, bounds or measures/NAME where its curves go along training or through a net.",
    )
    x: str | None = Field(
        None,
        description="The dotted key or column that its x is a value of; none where it has a value only.",
    )
    x_form: Annotated[str, Field(min_length=1), AfterValidator(_one_place)] | None = Field(
        None,
        description="What its x looks like where it is words, {} for the number in them that is meant: layer {}; "
        "points whose x looks otherwise are left out. Without {} the points that have this x.",
    )
    x_times: float = Field(1.0, gt=0, description="By which x is multiplied to be in the column's units.")
    where: dict[str, Any] = Field(default_factory=dict, description="Settings that all its series have.")
    series: dict[str, PublishedSeries] = Field(min_length=1, description="By the name in the file.")
