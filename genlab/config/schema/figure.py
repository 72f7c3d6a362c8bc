"""A figure of a sweep as data: which columns against which, and how they are drawn."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from genlab.config.schema.section import Section

Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
Scale = Literal["linear", "log", "symlog"]


@dataclass(frozen=True)
class FigureKind:
    """What a sweep file may ask of a kind of figure; how it is drawn is the file of its name in `report/figures/`.

    Attributes:
        about: what it shows, in a line.
        needs: fields of the config that it cannot be drawn without; of those in one tuple, one is enough.
    """

    about: str
    needs: tuple[tuple[str, ...], ...] = ()


FIGURE_KINDS: dict[str, FigureKind] = {
    "curves": FigureKind("the mean over seeds along x with a band, a line a series", needs=(("x",),)),
    "points": FigureKind("a marker a run, grouped along x", needs=(("x", "series"),)),
    "histogram": FigureKind("how the values of y are spread, a step line a series"),
    "spectrum": FigureKind("the values of y in falling order on log axes, a line a series"),
    "heatmap": FigureKind("y as colour over x and series", needs=(("x",), ("series",))),
    "bars": FigureKind("y by x, series side by side", needs=(("x",),)),
    "scatter": FigureKind("y against x, a marker a run, with Kendall's tau", needs=(("x",),)),
    "sharpness_curve": FigureKind(
        "y (KL) against x (expected sharpness) on log axes, the curves of the seeds averaged at the same x",
        needs=(("x",),),
    ),
}


class FigureConfig(Section):
    """One figure: a panel for each column in `y`."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="File name without ending.")
    kind: Literal[tuple(FIGURE_KINDS)] = Field(  # type: ignore[valid-type]
        description="; ".join(f"{name}: {kind.about}" for name, kind in FIGURE_KINDS.items()) + "."
    )
    title: str = ""
    caption: str = Field("", description="Printed under the figure in the report.")
    table: str = Field(
        "results", pattern=r"^(results|history|measures|compression|compression_layers|bounds|measures/[A-Za-z0-9_]+)$"
    )
    where: dict[str, Any] = Field(default_factory=dict, description="Columns and the value a row must have in each.")
    x: str | None = Field(None, description="Column along the horizontal axis.")
    y: Names = Field(description="Columns; a panel each.")
    series: str | None = Field(None, description="Column that tells lines or colours apart.")
    labels: dict[str, str] = Field(default_factory=dict, description="What to print for a column name or series value.")
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    panels_per_row: int = Field(4, ge=1, le=6)
