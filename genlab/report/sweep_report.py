"""The report of one sweep: tables read, claims checked, figures drawn, page written."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

import genlab
from genlab.claims.verdicts import check_claims
from genlab.report.drawing.files import svg, write_figures
from genlab.report.origin import origin
from genlab.report.page import ReportData, page
from genlab.rundir.atomic import write_text
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.file.passes import sweep_passes
from genlab.sweeps.results import SweepTables
from genlab.sweeps.run import collect


@dataclass(frozen=True)
class Report:
    """What was found and what was written.

    Attributes:
        data: all that the page says.
        files: page, figures folder and results table, by a word for each.
    """

    data: ReportData
    files: dict[str, Path]

    @property
    def any_fails(self) -> bool:
        """Whether a claim fails."""
        return any(verdict.verdict == "fails" for verdict in self.data.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """Name, scale, verdicts and files, for JSON."""
        return {
            "sweep": self.data.name,
            "scale": self.data.scale,
            "claims": [asdict(verdict) for verdict in self.data.verdicts],
            "files": {what: str(path) for what, path in self.files.items()},
        }


def report_sweep(sweep: Sweep, *, runs: Path, data_dir: Path) -> Report:
    """Read what there is of a sweep, check its claims, draw its figures and write its page; nothing is trained.

    Everything goes to the sweep's folder: `results.csv`, `report.html`, `figures/*.png` and `*.pdf`.

    Raises:
        ConfigError: the file asks for what cannot be.
        GenlabError: a table of a run is damaged, or a file cannot be written.
    """
    outcome = collect(sweep, sweep_passes(sweep), runs=runs, data_dir=data_dir)
    folder = outcome.results.parent
    tables = SweepTables(outcome.planned)
    config = sweep.config
    drawn = write_figures(config.figures, folder / "figures", tables, sweep.axes)
    data = ReportData(
        name=sweep.name,
        paper=config.paper or "",
        source=config.source or "",
        asks=" ".join((config.asks or "").split()),
        scale=sweep.scale,
        verdicts=check_claims(config.claims, tables, sweep.axes),
        figures=[(figure, svg(drawn[figure.name])) for figure in config.figures],
        results=tables("results"),
        axes={axis: _values(sweep, axis) for axis in sweep.axes},
        seeds=_values(sweep, "seed"),
        base=_base(sweep),
        origin=origin([planned.run for planned in outcome.planned]),
        command=" ".join(["genlab", *sys.argv[1:]]),
        version=genlab.__version__,
        overrides=sweep.overrides,
    )
    target = folder / "report.html"
    write_text(target, page(data))
    return Report(data, {"page": target, "figures": folder / "figures", "table": outcome.results})


def _values(sweep: Sweep, key: str) -> list[Any]:
    found: list[Any] = []
    for cell in sweep.cells:
        if key in cell.values and cell.values[key] not in found:
            found.append(cell.values[key])
    return found


def _base(sweep: Sweep) -> str:
    """The config of the first cell: the base at this scale, with the first value of every axis."""
    return yaml.safe_dump(sweep.cells[0].config.model_dump(mode="json"), sort_keys=False, default_flow_style=None)
