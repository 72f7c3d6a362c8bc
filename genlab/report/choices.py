"""What there is to choose from: nets, data sets, optimisers, measures, compressors, bounds and configs, as rows."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import genlab
from genlab.config.kinds import FOLDERS, KINDS
from genlab.config.load import packaged_configs
from genlab.config.validation import nearest
from genlab.errors import UsageError
from genlab.sweeps.file.bound_names import bound_names
from genlab.sweeps.file.measure_names import measure_names

Row = dict[str, Any]


class Choice(StrEnum):
    """What can be listed."""

    models = "models"
    datasets = "datasets"
    optimisers = "optimisers"
    measures = "measures"
    compressors = "compressors"
    bounds = "bounds"
    configs = "configs"


# What each is for, in the words of who looks for it.
ABOUT: Mapping[Choice, str] = {
    Choice.models: "Nets: the key model.name of a train config.",
    Choice.datasets: "Images: the key data.name of a train config.",
    Choice.optimisers: "How a net is trained: the key training.optimiser.name.",
    Choice.measures: "What is computed of a trained net: genlab measure RUN --only NAME.",
    Choice.compressors: "How a net is made smaller: methods of a compress config.",
    Choice.bounds: "What a net's capacity is compared by: genlab bounds RUN --only NAME.",
    Choice.configs: "Experiments and settings that come with genlab.",
}


def names(kind: str) -> list[str]:
    """The names of one kind, without torch: from the schemas, and of what is registered from the source."""
    from genlab.config.schema.data import DatasetName
    from genlab.config.schema.model import ModelConfig
    from genlab.config.schema.training.gradient import OptimiserConfig

    methods = (Path(genlab.__file__).parent / "compression" / "methods").glob("[!_]*.py")
    found: dict[str, list[str]] = {
        Choice.models: _branches(ModelConfig),
        Choice.datasets: list(get_args(DatasetName)),
        Choice.optimisers: _branches(OptimiserConfig),
        Choice.measures: sorted(measure_names()),
        Choice.compressors: sorted(path.stem for path in methods),
        Choice.bounds: sorted(bound_names()),
        Choice.configs: [name for kind in KINDS for name in packaged_configs(FOLDERS[kind])],
    }
    return found.get(kind, [])


def _branches(union: Any) -> list[str]:
    """The names of the sections of a union."""
    return [get_args(section.model_fields["name"].annotation)[0] for section in get_args(get_args(union)[0])]


def overview() -> list[Row]:
    """Every kind with how many there are of it; torch is not imported to count them."""
    return [{"kind": kind.value, "number": len(names(kind)), "about": ABOUT[kind]} for kind in Choice]


def listed(kind: Choice, where: Sequence[str] = (), search: str | None = None) -> list[Row]:
    """A row for each of a kind; only configs are listed without torch.

    Args:
        where: conditions `COLUMN=VALUE` or `COLUMN!=VALUE`, all of which must hold; case does not matter.
        search: a word that must be somewhere in the row or, of a measure or compressor, in its docstring.

    Raises:
        UsageError: an unknown column, or a value that no row has in it.
    """
    entries = ROWS[kind]()
    rows = [row for row, _ in entries]
    kept = [_fitting(rows, condition) for condition in where]
    found = [row for row in rows if all(row in those for those in kept)]
    if search is None:
        return found
    texts = {row["name"]: f"{text} {' '.join(map(str, row.values()))}".casefold() for row, text in entries}
    return [row for row in found if search.casefold() in texts[row["name"]]]


def _fitting(rows: Sequence[Row], condition: str) -> list[Row]:
    """The rows that meet one condition."""
    match = re.fullmatch(r"([a-z]+)\s*(!?=)\s*(.*)", condition.strip(), re.DOTALL)
    columns = list(rows[0])
    if not match:
        raise UsageError(f"--where {condition!r}: write COLUMN=VALUE or COLUMN!=VALUE, of {', '.join(columns)}")
    column, sign, value = match.groups()
    if column not in columns:
        raise UsageError(f"--where {condition!r}: no column {column!r}; {nearest(column, columns)}")
    values = list(dict.fromkeys(str(row[column]) for row in rows))
    wanted = value.strip().casefold()
    if wanted not in [one.casefold() for one in values]:
        few = values if len(values) <= 12 else values[:11] + ["..."]  # noqa: RUF005 - a list of words
        raise UsageError(f"--where {condition!r}: none has that {column}; they have {', '.join(few)}")
    return [row for row in rows if (str(row[column]).casefold() == wanted) is (sign == "=")]


def _models() -> list[tuple[Row, str]]:
    from genlab.models.catalogue import MODELS

    return [({"name": name, "paper": one.paper, "about": one.about}, "") for name, one in MODELS.items()]


def _datasets() -> list[tuple[Row, str]]:
    from genlab.data.catalogue import DATASETS

    return [({"name": name, "paper": one.paper, "about": one.about}, "") for name, one in DATASETS.items()]


def _optimisers() -> list[tuple[Row, str]]:
    from genlab.training.optimisers.catalogue import OPTIMISERS

    return [({"name": name, "paper": one.paper, "about": one.about}, "") for name, one in OPTIMISERS.items()]


def _compressors() -> list[tuple[Row, str]]:
    from genlab.compression.methods import COMPRESSORS

    return [
        ({"name": name, "paper": one.paper, "about": one.about}, inspect.getdoc(one.function) or "")
        for name, one in COMPRESSORS.items()
    ]


def _measures() -> list[tuple[Row, str]]:
    from genlab.measures import MEASURES

    return [
        (
            {
                "name": one.name,
                "unit": one.unit,
                "cost": one.cost,
                "paper": f"{one.paper}, {one.equation}",
                "about": one.summary,
            },
            f"{one.family} {inspect.getdoc(one.function)}",
        )
        for one in MEASURES.values()
    ]


def _bounds() -> list[tuple[Row, str]]:
    from genlab.bounds import BOUNDS

    return [
        ({"name": name, "formula": one.formula, "paper": f"{one.paper}, {one.equation}", "about": one.summary}, "")
        for name, one in BOUNDS.items()
    ]


def _configs() -> list[tuple[Row, str]]:
    from genlab.config.packaged import packaged

    return [
        (
            {
                "name": one.name,
                "kind": one.kind,
                "takes": one.time,
                "claims": one.claims if one.kind == "sweep" else None,
                "asks": one.asks,
                "command": one.command,
            },
            "",
        )
        for one in packaged()
    ]


ROWS: Mapping[Choice, Callable[[], list[tuple[Row, str]]]] = {
    Choice.models: _models,
    Choice.datasets: _datasets,
    Choice.optimisers: _optimisers,
    Choice.measures: _measures,
    Choice.compressors: _compressors,
    Choice.bounds: _bounds,
    Choice.configs: _configs,
}
