"""The report of one sweep: tables read, claims checked, figures drawn, page written."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

import genlab
from genlab.claims.published import Published, published_of
from genlab.claims.verdicts import check_claims, check_published
from genlab.config.schema.figure import FigureConfig
from genlab.errors import UsageError
from genlab.report.beside_published import COLUMNS, beside
from genlab.report.drawing.draw import draw
from genlab.report.drawing.files import svg, write_figures
from genlab.report.not_run import not_run_notice
from genlab.report.origin import origin
from genlab.report.page import page
from genlab.report.references import bibtex, measure_sources, referred_to
from genlab.report.report_data import ReportData
from genlab.report.words import readable
from genlab.rundir.atomic import write_text
from genlab.rundir.code_hash import code_hash
from genlab.rundir.command_line import typed_command
from genlab.rundir.measure_column import measure_column
from genlab.rundir.provenance import now
from genlab.rundir.tables import write_table
from genlab.sweeps.file.grid import Sweep
from genlab.sweeps.file.passes import Passes, sweep_passes
from genlab.sweeps.plan import PlannedCell
from genlab.sweeps.results import SweepTables, write_results
from genlab.sweeps.run import collect, sweep_folder


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
    def any_untold(self) -> bool:
        """Whether a claim could not be told (of published curves our own never can), or a cell is not finished."""
        untold = [verdict for verdict in self.data.verdicts if verdict.verdict == "cannot tell"]
        if self.data.without_runs:
            return any(not verdict.ours for verdict in untold)
        return bool(untold) or bool((self.data.results["status"] != "finished").any())

    @property
    def any_fails(self) -> bool:
        """Whether a claim fails."""
        return any(verdict.verdict == "fails" for verdict in self.data.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """Name, scale, verdicts and files, for JSON."""
        return {
            "sweep": self.data.name,
            "scale": self.data.scale,
            "notice": self.data.notice,
            "claims": [asdict(verdict) for verdict in self.data.verdicts],
            "files": {what: str(path) for what, path in self.files.items()},
        }


def report_sweep(sweep: Sweep, *, runs: Path, data_dir: Path) -> Report:
    """Read what there is of a sweep, check its claims, draw its figures and write its page; nothing is trained.

    Everything goes to the sweep's folder: `results.csv`, `report.html`, `references.bib`, and of each figure
    `figures/NAME.png`, `.pdf` and `.csv`.

    Raises:
        ConfigError: the file asks for what cannot be.
        GenlabError: a table of a run is damaged, or a file cannot be written.
    """
    passes = sweep_passes(sweep)
    outcome = collect(sweep, passes, runs=runs, data_dir=data_dir)
    folder = outcome.results.parent
    config = sweep.config
    tables = SweepTables(outcome.planned, config.derived, passes.expected())
    published = published_of(config.published, config.derived, sweep.axes)
    drawn = write_figures(config.figures, folder / "figures", tables, sweep.axes, published)
    sources = measure_sources(passes.names)
    numbers_beside = beside(published, tables("results")) if published else []
    data = _data(sweep, sources)(
        scale=sweep.scale,
        verdicts=check_claims(config.claims, tables, sweep.axes, published),
        figures=[(figure, svg(drawn[figure.name])) for figure in config.figures],
        results=tables("results"),
        axes={axis: _values(sweep, axis) for axis in sweep.axes},
        seeds=_values(sweep, "seed"),
        base=_base(sweep),
        origin=origin([planned.run for planned in outcome.planned]),
        overrides=sweep.overrides,
        published=published.sources if published else {},
        beside=numbers_beside,
        narrow={
            figure.name: svg(draw(stacked, tables, sweep.axes, published))
            for figure in config.figures
            if (stacked := _stacked(figure)) is not None
        },
        asked=_asked(sweep, passes),
        folders=_folders(outcome.planned, folder),
        notice=not_run_notice(sweep, outcome.planned, runs=runs, data_dir=data_dir),
    )
    if numbers_beside:
        write_table(folder / "published.csv", COLUMNS, [one.as_row() for one in numbers_beside])
    return Report(data, {**_write(data, folder), "table": outcome.results})


def report_published(sweep: Sweep, *, runs: Path) -> Report:
    """What the paper's own curves say: each claim put to them by its own rule, and the figures drawn of them alone.

    No run is needed or read. Everything goes to the sweep's folder without a scale, with `-published` at its end.

    Raises:
        UsageError: the sweep has no published curves.
    """
    config = sweep.config
    sweep_passes(sweep)
    published = published_of(config.published, config.derived, sweep.axes)
    if published is None:
        raise UsageError(f"{sweep.name}: has no published curves (`published` in its file)")
    place = sweep_folder(replace(sweep, scale=None, overrides=()), runs)
    folder = place.with_name(f"{place.name}-published")
    rows = published.rows
    axes = [column for column in rows if column in sweep.axes]
    figures = [figure for asked in config.figures if (figure := _of_what_is_published(asked, published)) is not None]
    drawn = write_figures(figures, folder / "figures", published.table, axes)
    data = _data(sweep, {})(
        scale=None,
        verdicts=check_published(config.claims, published, sweep.axes),
        figures=[(figure, svg(drawn[figure.name])) for figure in figures],
        results=rows,
        axes={axis: list(dict.fromkeys(rows[axis].dropna())) for axis in axes},
        seeds=(),
        base="",
        origin=origin([]),
        published=published.sources,
        narrow={
            figure.name: svg(draw(stacked, published.table, axes))
            for figure in figures
            if (stacked := _stacked(figure)) is not None
        },
    )
    table = folder / "results.csv"
    write_results(table, [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False)])
    return Report(data, {**_write(data, folder), "table": table})


def _write(data: ReportData, folder: Path) -> dict[str, Path]:
    """Page and references, by a word for each, with where the figures are."""
    files = {"page": folder / "report.html", "figures": folder / "figures", "references": folder / "references.bib"}
    write_text(files["references"], data.bibtex)
    write_text(files["page"], page(data))
    return files


def _stacked(figure: FigureConfig) -> FigureConfig | None:
    """A figure with its panels one below the other; None where they are so already."""
    if min(len(figure.y), figure.panels_per_row) == 1:
        return None
    return figure.model_copy(update={"panels_per_row": 1})


def _asked(sweep: Sweep, passes: Passes) -> list[str]:
    """The columns of the results that the sweep asks for, its measures in the order of its file."""
    config = sweep.config
    options = dict(passes.expected().measures)
    only = config.measure.only if config.measure is not None else ()
    named = [name for name in only if name in options] if not isinstance(only, str) else []
    columns = [measure_column(name, options[name]) for name in dict.fromkeys([*named, *sorted(options)])]
    for figure in config.figures:
        columns += [*figure.y, figure.x or "", figure.series or ""] if figure.table == "results" else []
    for claim in config.claims:
        columns += [claim.column, claim.along or ""] if claim.table == "results" else []
    return list(dict.fromkeys(filter(None, columns)))


def _folders(planned: Sequence[PlannedCell], folder: Path) -> dict[str, str]:
    """By run id the folder of each run that there is, as a path from the report's own."""
    return {
        one.run.run_id: Path(os.path.relpath(one.run.path, folder)).as_posix()
        for one in planned
        if one.run.path.is_dir()
    }


def _of_what_is_published(figure: FigureConfig, published: Published) -> FigureConfig | None:
    """A figure with the panels for which there are published numbers; None where there are none for any."""
    rows = published.about(figure.table, figure.x, figure.series)(figure.table)
    known = tuple(y for y in figure.y if y in rows and rows[y].notna().any())
    others = {y: f"{figure.labels.get(y, readable(y))} (other units)" for y in known if y in published.other_units}
    return figure.model_copy(update={"y": known, "labels": figure.labels | others}) if known else None


def _data(sweep: Sweep, sources: Mapping[str, str]) -> Callable[..., ReportData]:
    """What all reports of a sweep say, to be completed.

    Args:
        sources: of its measures.
    """
    config = sweep.config
    references = referred_to(config, sources)
    return partial(
        ReportData,
        name=sweep.name,
        paper=config.paper or "",
        source=config.source or "",
        asks=" ".join((config.asks or "").split()),
        command=typed_command(),
        version=genlab.__version__,
        code=code_hash(),
        file=sweep.loaded.path.name,
        packaged=sweep.packaged,
        made=now(),
        references=references,
        sources=sources,
        bibtex=bibtex(references, genlab.__version__),
    )


def _values(sweep: Sweep, key: str) -> list[Any]:
    found: list[Any] = []
    for cell in sweep.cells:
        if key in cell.values and cell.values[key] not in found:
            found.append(cell.values[key])
    return found


def _base(sweep: Sweep) -> str:
    """The config of the first cell: the base at this scale, with the first value of every axis."""
    return yaml.safe_dump(sweep.cells[0].config.model_dump(mode="json"), sort_keys=False, default_flow_style=None)
