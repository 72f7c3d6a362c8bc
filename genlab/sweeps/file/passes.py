"""What the cells of a sweep must have when it is done, checked.

Planning imports no torch unless the sweep sets options of measures or compresses, which are checked by signatures.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from genlab.claims.derived import derived_problems
from genlab.claims.problems import claim_problems
from genlab.claims.published import published_problems
from genlab.compression.settings import Setting, compress_settings
from genlab.config.schema.bounds import BoundsConfig
from genlab.config.schema.data import DataConfig
from genlab.config.schema.measure import MeasureConfig, Options
from genlab.config.validation import nearest
from genlab.config.yaml_source import Path as KeyPath
from genlab.errors import ConfigError, Problem
from genlab.sweeps.expected_rows import ExpectedRows
from genlab.sweeps.file.bound_rows import bound_problems, bound_request, bound_rows
from genlab.sweeps.file.columns import possible_columns, settings_of
from genlab.sweeps.file.figure_problems import figure_problems
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.file.measure_names import measure_names, names_of
from genlab.sweeps.file.measure_rows import measure_request, measure_rows
from genlab.sweeps.plan import DONE, FAILED, MISSING, PlannedCell, plan

if TYPE_CHECKING:
    from genlab.bounds.request import BoundsRequest
    from genlab.measures.computing.request import Request

Only = Literal["failed", "missing"]


@dataclass(frozen=True)
class Passes:
    """The passes of a sweep, checked.

    Attributes:
        names: of measures; empty for no measuring.
        options: by measure, as the file has them.
        settings: of compression; empty for no compressing.
        measure_at_epochs: whether also at every epoch whose weights a run keeps.
        compress_at_epochs: likewise.
        bounds: which of them, as the file has it; None for none.
    """

    names: frozenset[str]
    options: Options
    settings: tuple[Setting, ...]
    measure_at_epochs: bool = False
    compress_at_epochs: bool = False
    bounds: BoundsConfig | None = None

    @property
    def measures(self) -> bool:
        """Whether anything is measured."""
        return bool(self.names)

    def request(self, rows: Collection[tuple[str, str]]) -> "Request":
        """What is to be measured for these rows, (measure, options) as `expected` has them."""
        return measure_request({name for name, _ in rows}, self.options).of_rows(rows)

    def bounds_request(self, rows: Collection[tuple[str, str]]) -> "BoundsRequest":
        """What is to be bounded for these rows, (bound, options) as `expected` has them."""
        assert self.bounds is not None
        return bound_request(self.bounds).of_rows(rows)

    def expected(self) -> ExpectedRows:
        """The rows that a cell has when its passes are done."""
        rows = measure_rows(self.names, self.options)
        settings = frozenset((setting.method, setting.label) for setting in self.settings)
        return ExpectedRows(
            frozenset(rows),
            settings,
            self.measure_at_epochs,
            self.compress_at_epochs,
            bound_rows(self.bounds),
            self.bounds is not None and self.bounds.at_epochs,
        )


def sweep_passes(sweep: Sweep) -> Passes:
    """The passes of a sweep file, checked before anything runs, and its claims and figures with them.

    Raises:
        ConfigError: unknown measures, options or settings, claims or figures over columns that there cannot be, each
            with where it stands.
    """
    config, source = sweep.config, sweep.loaded.source
    names: frozenset[str] = frozenset()
    options: Options = {}
    problems: list[tuple[KeyPath, Problem]] = []
    if config.measure is not None:
        names = names_of(config.measure.only)
        options = config.measure.options
        problems += measure_problems(config.measure, ("measure",))
    settings: tuple[Setting, ...] = ()
    if config.compress is not None:
        try:
            settings = tuple(compress_settings(config.compress))
        except ConfigError as error:
            problems += [(("compress", *_parts(p.key)), p) for p in error.problems]
    if config.bounds is not None:
        problems += bound_problems(config.bounds, ("bounds",))
    parts = {"measure": config.measure, "compress": config.compress, "bounds": config.bounds}
    at_epochs = {name: part.at_epochs for name, part in parts.items() if part}
    if not any(cell.config.execution.keep_weights_at for cell in sweep.cells):
        message = "no weights are kept at epochs; list them in the base, as execution: {keep_weights_at: [0, 1, 2, 4]}"
        problems += [
            ((name, "at_epochs"), Problem(f"{name}.at_epochs", message)) for name, wanted in at_epochs.items() if wanted
        ]
    columns, of_cells = possible_columns(config), settings_of(sweep.cells, config.derived)
    found = [
        *claim_problems(config.claims, columns, sweep.axes, of_cells, measure_names()),
        *figure_problems(config.figures, columns, measure_names()),
        *published_problems(config.published, columns),
        *derived_problems(config.derived, columns, sweep.axes, of_cells),
    ]
    problems += [(_parts(p.key), p) for p in found]
    if problems:
        raise ConfigError([Problem(p.key, p.message, source.where(_place(sweep, path))) for path, p in problems])
    measured, compressed = (at_epochs.get(name, False) for name in ("measure", "compress"))
    return Passes(names, options, settings, measured, compressed, config.bounds)


def sweep_plan(sweep: Sweep, passes: Passes, *, runs: Path, data_dir: Path) -> list[PlannedCell]:
    """The state of every cell now.

    Raises:
        DataMissingError: the folders of images, or files of labels, of all cells cannot be read.
    """

    def fingerprint(data: DataConfig) -> str | None:
        if data.own_files is None:
            return None
        from genlab.data.build import data_fingerprint

        return data_fingerprint(data, data_dir)

    return plan(sweep, runs, passes.expected(), fingerprint)


def wanted(planned: Sequence[PlannedCell], only: Only | None) -> list[PlannedCell]:
    """The cells that a call is to work on: all that are neither done nor failed, or only the failed or missing ones."""
    if only is not None:
        return [p for p in planned if p.state == {"failed": FAILED, "missing": MISSING}[only]]
    return [p for p in planned if p.state not in (DONE, FAILED)]


def measure_problems(config: MeasureConfig, below: KeyPath = ()) -> list[tuple[KeyPath, Problem]]:
    """Unknown measures and options, with their paths in the file; torch is imported where there are options.

    Args:
        below: the key in the file under which the measure config stands.
    """
    known = sorted(measure_names())
    names = () if isinstance(config.only, str) else config.only
    asked: list[tuple[KeyPath, str]] = [((*below, "only", index), name) for index, name in enumerate(names)]
    asked += [((*below, "options", name), name) for name in config.options]
    problems: list[tuple[KeyPath, Problem]] = [
        (path, Problem(name, f"no measure of this name; {nearest(name, known)}"))
        for path, name in asked
        if name not in known
    ]
    with_options = frozenset(config.options) & measure_names()
    try:
        if with_options:
            measure_request(with_options, config.options)
    except ConfigError as error:
        problems += [((*below, *(config.path_of_options(p.key) or ("options",))), p) for p in error.problems]
    return problems


def _place(sweep: Sweep, path: KeyPath) -> KeyPath:
    """Where a key of a pass stands: in the scale where that has replaced it, else at the top of the file."""
    if sweep.scale is None:
        return path
    positions = sweep.loaded.source.positions
    replaced = ("scales", sweep.scale, *path[:2]) in positions
    alone = ("scales", sweep.scale, *path[:1]) in positions and path[:1] not in positions
    return ("scales", sweep.scale, *path) if replaced or alone else path


def _parts(key: str) -> KeyPath:
    return tuple(int(part) if part.isdecimal() else part for part in key.split("."))
