"""The runs of a zoo as one table: from run directories, sweeps, and tables from elsewhere."""

import codecs
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from genlab.config.schema import TrainConfig
from genlab.config.schema.data import KNOWN_TEST_SIZE
from genlab.config.validation import known_keys
from genlab.errors import UsageError, visible
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_row, unconverged_measures, without_clock
from genlab.rundir.selection import select_runs
from genlab.rundir.status import read_status
from genlab.statistics.table import GAP, UNCONVERGED
from genlab.sweeps.file.grid import find_sweeps, load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import UNMEASURED
from genlab.sweeps.results import results_rows
from genlab.sweeps.run import sweep_folder

logger = logging.getLogger(__name__)

# Before its third version pandas read the last digit of a number otherwise, unless told.
EXACT: dict[str, Any] = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}


@dataclass(frozen=True)
class Gathered:
    """Runs as rows.

    Attributes:
        frame: a row a run, with the columns of `results.csv`, and for runs whose files are at hand `unconverged`: the
            columns of measures whose value says that it has not converged.
        folder: where what is made of them goes: the folder of the sweep, where it is one.
    """

    frame: pd.DataFrame
    folder: Path


def gather_runs(targets: Sequence[str], *, scale: str | None, runs: Path, data_dir: Path) -> Gathered:
    """The rows of all targets together; a run that several of them have counts once.

    Args:
        targets: run directories, ids or names, directories of runs, sweep files or names, CSV files with a header and
            a row a run, below notes that start with `#`; `key=value` changes the sweeps.
        scale: of the sweeps; None for laptop, or for files without scales as they are.
        runs: where the runs of sweeps and of names are.

    Raises:
        UsageError: a target is none of these, a CSV file cannot be read, or no run of a sweep is finished.
        GenlabError: a run is damaged.
    """
    overrides = [target for target in targets if "=" in target and not Path(target).exists()]
    named = [target for target in targets if target not in overrides]
    if not named:
        raise UsageError("name runs, a sweep or a CSV file before the changes")
    if overrides and not any(_is_sweep(target) for target in named):
        raise UsageError(f"{overrides[0]}: changes belong to a sweep, and none is named")
    if scale is not None and not any(_is_sweep(target) for target in named):
        raise UsageError(f"--scale {scale}: a scale belongs to a sweep, and none is named")
    parts, folders = [], set()
    for target in named:
        if _is_sweep(target):
            sweep = load_sweep(target, scale, overrides)
            planned = sweep_plan(sweep, sweep_passes(sweep), runs=runs, data_dir=data_dir)
            rows = results_rows(planned)
            if not any(row["status"] == "finished" for row in rows):
                remedy = " ".join(["genlab sweep", target, *overrides, *(["--scale", scale] if scale else [])])
                raise UsageError(f"{target}: none of its {len(rows)} runs is finished in {runs}; `{remedy}` makes them")
            for row in rows:
                if row["status"] == "failed":
                    logger.warning("%s", visible(f"{row['id']}: left out: {row['reason']}"))
            for cell in planned:
                if cell.state == UNMEASURED:
                    logger.warning("%s", visible(f"{cell.run.path}: lacks what the sweep measures; the sweep adds it"))
            parts.append(pd.DataFrame([_marked(row, cell.run) for row, cell in zip(rows, planned, strict=True)]))
            folders.add(sweep_folder(sweep, runs))
        elif target.endswith(".csv"):
            parts.append(_read(Path(target)))
        else:
            parts.append(pd.DataFrame([_row(run) for run in _directories(target, runs)]))
    frame = pd.concat(parts, ignore_index=True)
    if "id" in frame:
        frame = frame[frame["id"].isna() | ~frame["id"].duplicated()].reset_index(drop=True)
    alone = len(folders) == 1 and len(named) == 1
    return Gathered(frame, folders.pop() if alone else runs / "zoo")


def config_columns() -> set[str]:
    """The dotted keys that are settings of a run."""
    keys = {".".join(map(str, key)) for key in known_keys(TrainConfig)}
    return {key for key in keys if key.partition(".")[0] != "execution"}


def known_test_images(frame: pd.DataFrame, target: str) -> int | None:
    """How many test images the target is an error on: of the smallest test set, where all are known; else None."""
    if "data.name" not in frame or not (target == GAP or target.endswith("test_error")):
        return None
    sizes = [KNOWN_TEST_SIZE.get(str(name)) for name in frame["data.name"].unique()]
    known = [size for size in sizes if size is not None]
    column = frame["data.test_size"] if "data.test_size" in frame else pd.Series(dtype=float)
    parts = [int(part) for part in pd.to_numeric(column, errors="coerce").dropna()]
    return min(known + parts) if known and len(known) == len(sizes) else None


def _is_sweep(target: str) -> bool:
    return target.endswith((".yaml", ".yml")) or (target in find_sweeps() and not Path(target).is_dir())


def _row(run: RunDirectory) -> dict[str, Any]:
    return _marked(run_row(without_clock(read_status(run)), run), run)


def _marked(row: dict[str, Any], run: RunDirectory) -> dict[str, Any]:
    return row | {UNCONVERGED: unconverged_measures(run)}


def _directories(target: str, runs: Path) -> list[RunDirectory]:
    path = Path(target)
    if path.is_dir() and not (path / "status.json").exists():
        found = sorted(status.parent for status in path.glob("*/status.json"))
        if not found:
            raise UsageError(f"{target}: holds no runs")
        return [RunDirectory(directory.resolve()) for directory in found]
    return list(select_runs(runs, [target]).runs)


def _read(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype={"id": str}, skiprows=_notes_above(path), **EXACT)  # ids may be digits alone
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # pandas' own errors and those of text encodings are of this kind
        raise UsageError(f"{path}: is not a CSV table: {(str(error).splitlines() or [''])[0]}") from None
    return frame


def _notes_above(path: Path) -> int:
    """How many lines before the header are notes, as a `#` at their start says."""
    with path.open("rb") as file:
        return sum(1 for _ in itertools.takewhile(lambda line: line.removeprefix(codecs.BOM_UTF8)[:1] == b"#", file))
