"""The axes of a sweep file at a scale: what varies, where it stands, and what is wrong with it."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlab.config.schema import TrainConfig
from genlab.config.schema.sweep import Axes, Scale, SweepConfig
from genlab.config.validation import known_keys
from genlab.config.yaml_source import Path, Source
from genlab.errors import Problem

NO_AXES = {
    "seed": "it is varied by `seeds`",
    "name": "it is the sweep's",
    "execution": "it is no part of a run's identity",
}


@dataclass(frozen=True)
class Places:
    """Where the keys of a sweep file stand at a scale: in the section of the scale where that has them."""

    source: Source
    scale: str | None

    @property
    def _starts(self) -> tuple[Path, ...]:
        return ((),) if self.scale is None else (("scales", self.scale), ())

    def of(self, section: str, *path: str | int) -> str:
        """A key below a section such as `base`, `zip` or `exclude`, or the nearest above it."""
        for start in self._starts:
            if (*start, section) in self.source.positions:
                whole: Path = (*start, section, *path)
                if whole in self.source.positions or not start:
                    return self.source.where(whole)
        return self.source.where(())

    def of_axis(self, axis: str) -> str:
        """The key of an axis in `grid`, `zip` or `list`."""
        for start in self._starts:
            sections = [(*start, section) for section in ("grid", "zip", "list")]
            for path, where in self.source.positions.items():
                if path[-1:] == (axis,) and path[: len(start) + 1] in sections:
                    return where
        return self.source.where(())


def axes_of(
    config: SweepConfig, scale: Scale
) -> tuple[dict[str, tuple[Any, ...]], tuple[Axes, ...], tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """Grid, zip blocks, listed cells and exclusions after the scale has replaced what it names."""
    cells = config.list if scale.list is None else scale.list
    grid = {} if scale.list else {**config.grid, **scale.grid}
    blocks = config.zip if scale.zip is None else scale.zip
    excluded = config.exclude if scale.exclude is None else scale.exclude
    return {key: values for key, values in grid.items() if values is not None}, () if cells else blocks, cells, excluded


def shape_problems(config: SweepConfig, scale: Scale, places: Places) -> list[Problem]:
    """Axes that the scale would silently not use."""
    cells = config.list if scale.list is None else scale.list
    problems = []
    for section, given in (("grid", {k: v for k, v in scale.grid.items() if v is not None}), ("zip", scale.zip)):
        if cells and given:
            message = "has no effect beside a list of cells; give list: [] in the scale, or no axes"
            problems.append(Problem(f"scales.{places.scale}.{section}", message, places.of(section)))
    problems += [
        Problem(axis, "is taken away and is no axis of the grid", places.of("grid", axis))
        for axis, values in scale.grid.items()
        if values is None and axis not in config.grid
    ]
    return problems


def axis_problems(
    axes: Sequence[str],
    grid: Mapping[str, tuple[Any, ...]],
    blocks: Sequence[Axes],
    excluded: Sequence[Mapping[str, Any]],
    overrides: Sequence[str],
    places: Places,
) -> list[Problem]:
    """Axes that cannot be, blocks of unequal length, exclusions and overrides that clash with the axes."""
    known = sorted({".".join(map(str, key)) for key in known_keys(TrainConfig)})
    problems = []
    for axis in axes:
        if axis not in known:
            what = f"is not a key of a train config; {_nearest_axis(axis, known)}"
        elif axis in NO_AXES:
            what = f"cannot be an axis: {NO_AXES[axis]}"
        elif axis.partition(".")[0] == "execution":
            what = "cannot be an axis: execution is no part of a run's identity"
        else:
            continue
        problems.append(Problem(axis, what, places.of_axis(axis)))
    given = Counter([*grid, *(key for block in blocks for key in block)])
    problems += [
        Problem(axis, f"is an axis {number} times", places.of_axis(axis))
        for axis, number in given.items()
        if number > 1
    ]
    for number, block in enumerate(blocks):
        lengths = {key: len(values) for key, values in block.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            problems.append(
                Problem("zip", f"keys that change together need as many values: {counts}", places.of("zip", number))
            )
    for number, pattern in enumerate(excluded):
        problems += [
            Problem(key, "is in exclude and is no axis", places.of("exclude", number, key))
            for key in pattern
            if key not in axes
        ]
    for override in overrides:
        key = override.partition("=")[0].strip()
        varied = [a for a in (*axes, "seed", "name") if a == key or a.startswith(key + ".") or key.startswith(a + ".")]
        if varied:
            what = "is the sweep's own" if key == "name" else "is varied by the sweep"
            message = f"{what} and cannot be overridden; change the file"
            problems.append(Problem(key, message, f"override {override!r}"))
    return problems


def _nearest_axis(axis: str, known: Sequence[str]) -> str:
    """The nearest key, or one of that last part in whatever section, or the section's keys."""
    close = difflib.get_close_matches(axis, known, n=1, cutoff=0.6)
    section, _, last = axis.rpartition(".")
    same = [key for key in known if key.rpartition(".")[2] == last]
    beside = [key for key in known if key.rpartition(".")[0] == section]
    return f"did you mean {(same or close)[0]}?" if same or close else f"known: {', '.join(beside or known)}"
