"""A figure of a sweep as data: which columns against which, and how they are drawn."""

from typing import Annotated, Any, Literal

from pydantic import Field

from genlab.config.schema.section import Section

Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
Scale = Literal["linear", "log", "symlog"]


class FigureConfig(Section):
    """One figure: a panel for each column in `y` (or one panel for the histogram and heat map of each).

    Kinds: curves (mean over seeds with a band, a line a series), points (a marker a run, grouped along x), histogram
    (of y, a step line a series), spectrum (y in falling order on log axes), heatmap (y over x and `series`), bars (y by
    x, on a log scale where said), scatter (y against x with Kendall's tau).
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="File name without ending.")
    kind: Literal["curves", "points", "histogram", "spectrum", "heatmap", "bars", "scatter"]
    title: str = ""
    caption: str = Field("", description="Printed under the figure in the report.")
    table: str = Field("results", pattern=r"^(results|history|measures|compression|bounds|measures/[A-Za-z0-9_]+)$")
    where: dict[str, Any] = Field(default_factory=dict, description="Columns and the value a row must have in each.")
    x: str | None = Field(None, description="Column along the horizontal axis.")
    y: Names = Field(description="Columns; a panel each.")
    series: str | None = Field(None, description="Column that tells lines or colours apart.")
    labels: dict[str, str] = Field(default_factory=dict, description="What to print for a column name or series value.")
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    panels_per_row: int = Field(4, ge=1, le=6)
