"""What of a run is handed on: its settings, its curves, its errors and measures; no tool is needed for it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from genlab.report.run_log import SO_FAR, read_log
from genlab.rundir.columns import HISTORY_COLUMNS
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_head, run_row

# Of a row of the history and the timing; what is no curve is left out.
CURVES = {name: f"history/{name}" for name in HISTORY_COLUMNS if name not in ("epoch", "step")}
CURVES |= {name: f"timing/{name}" for name in ("images_per_second", "peak_memory_bytes", SO_FAR)}


@dataclass(frozen=True)
class Point:
    """A row of the history.

    Attributes:
        step: gradient steps done.
        epoch: epochs done.
        time: about when, in seconds since 1970: the start of the run and the seconds of training until then.
        values: by tag, such as `history/test_error`.
    """

    step: int
    epoch: int
    time: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class ExportedRun:
    """A run as other tools think of one.

    Attributes:
        run_id: of genlab.
        name: of the directory.
        group: the name that its config gives it.
        status: as `read_status` says it; a run that has not finished is handed on as far as it is.
        started: seconds since 1970.
        parameters: dotted keys of the scientific config, each a number, a boolean or a word.
        points: along training.
        results: by tag: `final/test_error`, `measure/NAME`, numbers of the net as it ended or is now.
    """

    run_id: str
    name: str
    group: str
    status: str
    started: float
    parameters: Mapping[str, bool | int | float | str]
    points: Sequence[Point]
    results: Mapping[str, float]

    @property
    def content(self) -> str:
        """A hash of all that is handed on, by which what is there already is known."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def exported_run(run: RunDirectory) -> ExportedRun:
    """Read a run.

    Raises:
        GenlabError: it is no run, or a file of it is damaged.
    """
    log = read_log(run)
    status = dict(log.status) | {"path": str(run.path)}
    row = run_row(status, run)
    started = _seconds(status.get("started"))
    points = [
        Point(
            int(one["step"]),
            int(one["epoch"]),
            started + (one.get(SO_FAR) or 0.0),
            {tag: float(one[name]) for name, tag in CURVES.items() if one.get(name) is not None},
        )
        for one in log.epochs
    ]
    results = {
        key.replace(".", "/", 1): float(value)
        for key, value in row.items()
        if key.startswith(("final.", "measure.")) and isinstance(value, int | float)
    }
    parameters = {key: _parameter(value) for key, value in run_head({"config": status["config"]}).items()}
    return ExportedRun(run.run_id, run.path.name, run.name, str(status["status"]), started, parameters, points, results)


def _parameter(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else ("none" if value is None else str(value))


def _seconds(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
