"""A sweep: a grid of runs, passes over them, figures and claims; those that come with genlab are of papers."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from genlab.config.schema.bounds import BoundsConfig
from genlab.config.schema.claim import Claim, with_ids
from genlab.config.schema.compress import CompressConfig
from genlab.config.schema.derived import DERIVED_NAME, DerivedColumn
from genlab.config.schema.figure import FigureConfig
from genlab.config.schema.measure import MeasureConfig
from genlab.config.schema.published import PublishedConfig
from genlab.config.schema.section import Section

Axis = Annotated[tuple[Any, ...], Field(strict=False, min_length=1)]
Axes = dict[str, Axis]
Cells = Annotated[tuple[dict[str, Any], ...], Field(strict=False)]
Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=1)]
SCALE_NAME = "^[A-Za-z0-9][A-Za-z0-9-]{0,39}$"


def _scale_name(name: str) -> str:
    if not re.match(SCALE_NAME, name):
        raise ValueError("a scale is named with up to 40 letters, digits and dashes, such as laptop or gpu")
    return name


def _derived_name(name: str) -> str:
    if not re.match(DERIVED_NAME, name):
        raise ValueError("a derived column is named with small letters, digits and underscores, as epochs_to_fit")
    return name


ScaleName = Annotated[str, AfterValidator(_scale_name), WithJsonSchema({"type": "string", "pattern": SCALE_NAME})]
DerivedName = Annotated[str, AfterValidator(_derived_name), WithJsonSchema({"type": "string", "pattern": DERIVED_NAME})]


class CompressKeys(CompressConfig):
    """The keys of a compress config that a scale replaces."""

    methods: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = Field(
        (), description="Methods with their options, in place of those of the file."
    )


class Scale(Section):
    """How a scale differs from the file's top level: `base` is merged into the base config, all else replaces.

    Of `grid` only the axes that are named are replaced; an axis set to null is taken away. Of `measure`, `compress` and
    `bounds` only the keys that are named are replaced, each as a whole; a pass set to null is taken away.
    """

    base: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, Axis | None] = Field(default_factory=dict)
    zip: Annotated[tuple[Axes, ...], Field(strict=False)] | None = None
    list: Cells | None = None
    exclude: Cells | None = None
    seeds: Seeds | None = None
    measure: MeasureConfig | None = None
    compress: CompressKeys | None = None
    bounds: BoundsConfig | None = None
    minutes: str = Field("", description="How long it takes, where and on what, in words.")


PASSES = {"measure", "compress", "bounds"}


class SlurmConfig(Section):
    """How `--launcher slurm` asks for machines."""

    partition: str | None = None
    time_limit: int = Field(60, ge=1, description="Minutes a job; one that needs more is requeued and goes on.")
    gpus: int = Field(0, ge=0, description="GPUs a job.")
    cpus: int = Field(1, ge=1, description="Cores a job.")
    memory: str | None = Field(None, pattern=r"^\d+[KMGT]B?$", description="Memory a job, such as 8GB.")
    at_once: int = Field(64, ge=1, description="Jobs of the array that run at the same time.")
    requeues: int = Field(100, ge=0, description="Times a job is requeued at most.")
    options: dict[str, str | int | bool] = Field(
        default_factory=dict,
        description="More options of sbatch, such as account or qos; true where one takes no value.",
    )


class SweepConfig(Section):
    """A sweep of one's own, or one of a paper: a file under `configs/sweeps/` named after its paper and figure."""

    paper: str | None = Field(
        None, min_length=1, description="Key of a paper that genlab knows, or any other in words; none for one's own."
    )
    source: str | None = Field(None, min_length=1, description="Figure, table or section of the paper.")
    asks: str | None = Field(None, min_length=1, description="The question, as a sentence.")
    base: dict[str, Any] | str = Field(description="A train config, or the name of a packaged one.")
    grid: Axes = Field(default_factory=dict, description="Dotted config keys and the values of each; all combinations.")
    zip: Annotated[tuple[Axes, ...], Field(strict=False)] = Field(
        (), description="Blocks of keys that change together; each block is one more axis of the product."
    )
    list: Cells = Field((), description="Cells given one by one, in place of a grid.")
    exclude: Cells = Field((), description="Combinations that are left out.")
    seeds: Seeds = (0,)
    measure: MeasureConfig | None = None
    compress: CompressConfig | None = None
    bounds: BoundsConfig | None = None
    derived: dict[DerivedName, DerivedColumn] = Field(
        default_factory=dict,
        description="Columns `derived.NAME` of the results that are made of others, which may be derived above.",
    )
    figures: Annotated[tuple[FigureConfig, ...], Field(strict=False)] = ()
    claims: Annotated[tuple[Claim, ...], Field(strict=False), AfterValidator(with_ids)] = ()
    published: Annotated[tuple[PublishedConfig, ...], Field(strict=False)] = Field(
        (), description="The paper's own curves, from `configs/published/`, beside which figures and claims are put."
    )
    slurm: SlurmConfig = Field(default_factory=SlurmConfig)
    scales: dict[ScaleName, Scale] = Field(
        default_factory=dict,
        description="Sizes that the sweep can be run at, by name; laptop is meant where none is named. Without any the "
        "file is run as it is.",
    )

    @model_validator(mode="after")
    def _grid_or_list(self) -> "SweepConfig":
        if self.list and (self.grid or self.zip):
            raise ValueError("give a list of cells, or grid and zip axes, not both")
        return self

    def at(self, scale: Scale) -> "SweepConfig":
        """The same with the passes of a scale: the keys that it names, and all others as they are; none where null."""
        changed = {}
        for name in scale.model_fields_set & PASSES:
            own, asked = getattr(self, name), getattr(scale, name)
            given = {} if asked is None else {key: getattr(asked, key) for key in asked.model_fields_set}
            changed[name] = asked if own is None or asked is None else own.model_copy(update=given)
        return self.model_copy(update=changed)
