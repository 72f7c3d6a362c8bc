"""From a sweep file to its cells: base config, scale, overrides, axes and seeds, all resolved and validated at once."""

import copy
import difflib
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from genlab.config.identity import run_id
from genlab.config.load import CONFIG_ROOTS, CROSS_CHECKS, Loaded, find_config, load, packaged_configs
from genlab.config.overrides import apply_overrides, assign, branches_first
from genlab.config.schema import TrainConfig
from genlab.config.schema.sweep import Axes, Scale, SweepConfig
from genlab.config.validation import validated
from genlab.config.yaml_source import Path, Source, parse
from genlab.errors import ConfigError, GenlabError, Problem
from genlab.sweeps.file.axes import Places, axes_of, axis_problems, shape_problems

SHOWN_PROBLEMS = 20
DEFAULT_SCALE = "laptop"


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Attributes:
        config: resolved.
        values: of the axes and the seed, by dotted key.
        silent: keys that go without saying in its label, since another key of their block tells as much.
        words: of axes that are whole sections what their values are called, which tells them apart: by their names, or
            by what else they say.
    """

    config: TrainConfig
    values: dict[str, Any]
    silent: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The values in short, for progress and errors: the last part of each key, or two where that is ambiguous."""
        return group_label([self])


@dataclass(frozen=True)
class Sweep:
    """A sweep file at one scale.

    Attributes:
        name: of the file, without ending.
        scale: a name of its own, such as smoke, laptop or paper; None for a file without scales.
        loaded: the file, with the positions of its keys; its passes are those of the scale.
        cells: in the order of the axes as they stand, seeds running fastest.
        axes: dotted keys that cells differ in, without the seed.
        overrides: of the command line.
    """

    name: str
    scale: str | None
    loaded: Loaded[SweepConfig]
    cells: tuple[Cell, ...]
    axes: tuple[str, ...]
    overrides: tuple[str, ...] = ()

    @property
    def config(self) -> SweepConfig:
        """The validated file."""
        return self.loaded.config

    @property
    def packaged(self) -> bool:
        """Whether the file is one of those that come with genlab, and not one of somebody's own, whatever its name."""
        return self.loaded.path.resolve().parent in [(root / "sweeps").resolve() for root in CONFIG_ROOTS]


def load_sweep(target: str, scale: str | None, overrides: Sequence[str] = (), *, any_scale: bool = False) -> Sweep:
    """A sweep from a file or a packaged name, at a scale, with overrides of the base config.

    Args:
        scale: None for laptop where the file has scales, and for the file as it is where it has none.
        any_scale: whether its last scale does where none is named and there is no laptop, as where nothing is run.

    Raises:
        ConfigError: every problem of the file and of its cells, with file and line, before anything runs.
        UsageError: there is no such file.
    """
    loaded = load(SweepConfig, target, kind="sweep")
    config, source = loaded.config, loaded.source
    asked = scale
    if scale is None and config.scales:
        scale = DEFAULT_SCALE if DEFAULT_SCALE in config.scales or not any_scale else list(config.scales)[-1]
    if scale is not None and scale not in config.scales:
        raise ConfigError([Problem("scales", _no_scale(scale, asked, config.scales), source.where(("scales",)))])
    places = Places(source, scale)
    chosen = Scale() if scale is None else config.scales[scale]
    problems = shape_problems(config, chosen, places)
    if problems:
        raise ConfigError(problems)
    loaded = replace(loaded, config=config.at(chosen))
    grid, blocks, cells, excluded = axes_of(config, chosen)
    axes = list(
        dict.fromkeys([*grid, *(key for block in blocks for key in block), *(k for cell in cells for k in cell)])
    )
    problems = axis_problems(axes, grid, blocks, excluded, overrides, places)
    if problems:
        raise ConfigError(problems)
    base = _base(loaded, chosen, places, overrides)
    seeds = chosen.seeds if chosen.seeds is not None else config.seeds
    combinations = list(cells) if cells else list(_product(grid, blocks))
    kept = [c for c in combinations if not any(_fits(c, exclusion) for exclusion in excluded)]
    if not kept:
        raise ConfigError([Problem("exclude", "leaves no cell", places.of("exclude"))])
    expanded = _expand(base, [values | {"seed": seed} for values in kept for seed in seeds], places, _silent(blocks))
    return Sweep(loaded.path.stem, scale, loaded, expanded, tuple(axes), tuple(overrides))


def _no_scale(scale: str, asked: str | None, scales: Collection[str]) -> str:
    """What to tell of a scale that a file does not have, whether it was asked for or is what is meant."""
    meant = "" if asked else ", which is meant where none is named"
    near = difflib.get_close_matches(scale, scales, n=1)
    if not scales:
        remedy = "it has none, and runs without --scale"
    elif asked:
        remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(scales)}"
    else:
        remedy = f"it has {', '.join(scales)}; name one with --scale"
    return f"there is no scale {scale!r} in this file{meant}; {remedy}"


def group_label(cells: Sequence[Cell]) -> str:
    """The label of a cell, or that of several: how many, and for each key from which value to which.

    As in `12 together: corruption=0..1 seed=0..2`.
    """
    told = [key for key in cells[0].values if key not in cells[0].silent]
    values = {
        key: list(dict.fromkeys(cell.words.get(key) or _shown(cell.values.get(key)) for cell in cells)) for key in told
    }
    last = Counter(key.rpartition(".")[2] for key in values)
    short = {key: ".".join(key.split(".")[-1 if last[key.rpartition(".")[2]] == 1 else -2 :]) for key in values}
    label = " ".join(f"{short[key]}={found[0]}" + f"..{found[-1]}" * (len(found) > 1) for key, found in values.items())
    return label if len(cells) == 1 else f"{len(cells)} together: {label}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return shown_section(value)
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)


def _words(combinations: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """For each cell what its values of whole sections are called, as `Cell.words`: as short as tells them apart."""
    found: list[dict[str, str]] = [{} for _ in combinations]
    for key in dict.fromkeys(key for cell in combinations for key, value in cell.items() if isinstance(value, dict)):
        values = {shown_section(cell[key]): cell[key] for cell in combinations if isinstance(cell.get(key), dict)}
        for shorter in (_name, _without_numbers, shown_section):
            words = {whole: shorter(value) for whole, value in values.items()}
            if len(set(words.values())) == len(words) and all(words.values()):
                break
        for cell, own in zip(combinations, found, strict=True):
            if isinstance(cell.get(key), dict):
                own[key] = words[shown_section(cell[key])]
    return found


def _name(section: Mapping[str, Any]) -> str:
    return str(section.get("name", ""))


def _without_numbers(section: Mapping[str, Any]) -> str:
    """Numbers such as a width multiplier are mostly those of a whole scale."""
    numbers = [key for key, item in section.items() if isinstance(item, int | float) and not isinstance(item, bool)]
    return shown_section({key: item for key, item in section.items() if key not in numbers})


def shown_section(value: Mapping[str, Any]) -> str:
    """A whole section that an axis sets, in short: its name, and in brackets what else it says."""
    rest = " ".join(f"{key}={_shown(item)}" for key, item in value.items() if key != "name")
    name = str(value.get("name", ""))
    return f"{name}[{rest}]" if name and rest else name or f"[{rest}]"


def _base(loaded: Loaded[SweepConfig], scale: Scale, places: Places, overrides: Sequence[str]) -> Source:
    """The base config of a scale as a source whose positions are those of the files its values come from."""
    given = loaded.config.base
    if isinstance(given, str):
        base = _base_file(given, loaded.source.where(("base",)))
    else:
        positions = {path[1:]: where for path, where in loaded.source.positions.items() if path[:1] == ("base",)}
        base = Source(copy.deepcopy(given), positions)
    for path, value in _leaves(scale.base):
        assign(base, path, value, places.of("base", *path))
    apply_overrides(base, overrides)
    base.value["name"] = re.sub(r"[^A-Za-z0-9._-]", "-", loaded.path.stem).lstrip("._-")[:100] or "sweep"
    base.value.pop("seed", None)
    return base


def _base_file(target: str, where: str) -> Source:
    try:
        path = find_config(target, "train")
        base = parse(path.read_text(encoding="utf-8"), str(path))
    except (GenlabError, OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem("base", str(error), where)]) from None
    base.value = base.value if isinstance(base.value, dict) else {}
    return base


def _leaves(mapping: Mapping[str, Any], prefix: Path = ()) -> list[tuple[Path, Any]]:
    """Every value of a nested mapping with its path, those first that choose a branch and drop the old one's keys."""
    found: list[tuple[Path, Any]] = []
    for key, value in mapping.items():
        path: Path = (*prefix, *str(key).split("."))
        found += _leaves(value, path) if isinstance(value, Mapping) else [(path, value)]
    return sorted(found, key=lambda item: branches_first(item[0]))


def _product(grid: Mapping[str, tuple[Any, ...]], blocks: Sequence[Axes]) -> Iterator[dict[str, Any]]:
    """All combinations of the axes; a block of keys that change together counts as one axis."""
    choices = [[{key: value} for value in values] for key, values in grid.items()]
    choices += [
        [dict(zip(block, values, strict=True)) for values in zip(*block.values(), strict=True)] for block in blocks
    ]
    for parts in itertools.product(*choices):
        yield {key: value for part in parts for key, value in part.items()}


def _fits(values: Mapping[str, Any], pattern: Mapping[str, Any]) -> bool:
    """Whether a cell has all values of an exclusion; a whole section may be named by its name."""
    return all(
        key in values
        and (values[key] == wanted or (isinstance(values[key], dict) and values[key].get("name") == wanted))
        for key, wanted in pattern.items()
    )


def _silent(blocks: Sequence[Axes]) -> frozenset[str]:
    """The keys of blocks beside the first one of each that has another value in every row."""
    found: set[str] = set()
    for block in blocks:
        telling = (key for key, values in block.items() if len({_shown(value) for value in values}) == len(values))
        if (first := next(telling, None)) is not None:
            found |= block.keys() - {first}
    return frozenset(found)


def _expand(
    base: Source, combinations: Sequence[dict[str, Any]], places: Places, silent: frozenset[str]
) -> tuple[Cell, ...]:
    cells, problems = [], []
    ids: dict[str, Cell] = {}
    where = {key: places.of_axis(key) if key != "seed" else places.of("seeds") for key in combinations[0]}
    for values, words in zip(combinations, _words(combinations), strict=True):
        cell = Source(copy.deepcopy(base.value), dict(base.positions), list(base.problems))
        # First those that choose a branch, since a new one drops the keys of the old one.
        for key, value in sorted(values.items(), key=lambda item: branches_first(tuple(item[0].split(".")))):
            if key not in where:
                where[key] = places.of_axis(key)
            assign(cell, tuple(key.split(".")), value, where[key])
        try:
            config = validated(TrainConfig, cell)
            found = [problem for check in CROSS_CHECKS for problem in check(config)]
            if found:
                raise ConfigError([Problem(p.key, p.message, cell.where(tuple(p.key.split(".")))) for p in found])
        except ConfigError as error:
            problems += [problem for problem in error.problems if problem not in problems]
            continue
        this = Cell(config, values, silent, words)
        # What the user's own files hold is not known yet; their paths stand for it.
        twin = ids.setdefault(run_id(config, config.data.own_files), this)
        if twin is not this:
            differ = [key for key in values if twin.values.get(key) != values[key]] or ["seed"]
            message = f"the cells ({twin.label}) and ({this.label}) are the same run"
            problems.append(Problem(differ[0], message, where[differ[0]]))
        cells.append(this)
    if problems:
        shown, more = problems[:SHOWN_PROBLEMS], len(problems) - SHOWN_PROBLEMS
        raise ConfigError(
            [*shown, Problem("the file", f"and {more} problems more", where["seed"])] if more > 0 else shown
        )
    return tuple(cells)


def find_sweeps() -> list[str]:
    """Names of the sweeps that come with genlab."""
    return packaged_configs("sweeps")
