"""The tables of a sweep: a row a run in `results.csv`, and the long tables of all its runs."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.config.identity import canonical
from genlab.config.schema.derived import DerivedColumn, derived_column
from genlab.errors import GenlabError
from genlab.rundir.rows import run_head, run_row, without_clock
from genlab.rundir.run_tables import table_rows
from genlab.rundir.status import dotted, read_status
from genlab.rundir.tables import write_table
from genlab.sweeps.expected_rows import ExpectedRows
from genlab.sweeps.plan import PlannedCell

if TYPE_CHECKING:
    import pandas as pd


def results_rows(
    planned: Sequence[PlannedCell], derived: Mapping[str, DerivedColumn] | None = None
) -> list[dict[str, Any]]:
    """One row a cell, in the order of the sweep: id, status, dotted config keys, `final.*` errors, scalar measures.

    After the errors come the columns `derived.NAME` of the sweep, where a run has a value. A measure's column is
    `measure.<name>`, or `measure.<name>[option=value]` where an option differs from its default; of layers and curves
    there are none. No clock is in a row, so that an interrupted sweep gives the same rows as an undisturbed one. A cell
    that has not started has its id and its config.
    """
    axes = _axes(planned)
    rows = [_row(p, axes) for p in planned]
    if not derived:
        return rows
    found = SweepTables(planned, derived)("results")
    own = found[[derived_column(name) for name in derived]]
    known = [{str(key): _whole(value) for key, value in more.dropna().items()} for _, more in own.iterrows()]
    return [row | more for row, more in zip(rows, known, strict=True)]


def write_results(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write `results.csv`: config columns in the order of their first appearance, final errors, derived, then measures.

    Measures stand in alphabetical order, since the order of those in a run tells when they were computed.
    """
    columns = dict.fromkeys(key for row in rows for key in row)
    write_table(path, sorted(columns, key=_place), rows)


def _place(column: str) -> tuple[int, str]:
    if column.startswith("measure."):
        return 3, column
    if column.startswith("derived."):
        return 2, ""
    return (1, "") if column.startswith("final.") else (0, "")


class SweepTables:
    """The tables of a sweep as DataFrames, each read once and only when asked for.

    Args:
        planned: cells with their run directories.
        derived: the columns of the results that the sweep makes of others, which rows of long tables carry as well.
        asked: the rows that the sweep asks for; those of long tables that another sweep of the same runs asked for, or
            somebody, are left out, as those with other options. All where None.
    """

    def __init__(
        self,
        planned: Sequence[PlannedCell],
        derived: Mapping[str, DerivedColumn] | None = None,
        asked: ExpectedRows | None = None,
    ):
        self._planned, self._asked = planned, asked
        self._derived = derived or {}
        self._axes = _axes(planned)
        self._tables: dict[str, pd.DataFrame] = {}

    def __call__(self, name: str) -> "pd.DataFrame":
        """A long table; every row carries `id`, `status`, the dotted config columns of its run, then its own columns.

        Args:
            name: results, history, timing, measures, compression, compression_layers, bounds or measures/NAME.
        """
        import pandas as pd

        if name not in self._tables:
            self._tables[name] = self._results() if name == "results" else pd.DataFrame(list(self._long(name)))
            if self._derived and name != "results" and len(self._tables[name]):
                own = [derived_column(derived) for derived in self._derived]
                more = self("results")[["id", *own]]
                self._tables[name] = self._tables[name].merge(more, on="id", how="left")
        return self._tables[name]

    def _results(self) -> "pd.DataFrame":
        import pandas as pd

        frame = pd.DataFrame(results_rows(self._planned))
        if not self._derived:
            return frame
        from genlab.claims.derived import with_derived

        history = functools.cache(lambda: pd.DataFrame(list(self._long("history"))))
        return with_derived(frame, self._derived, history, self._axes)

    def _long(self, name: str) -> Iterator[dict[str, Any]]:
        for planned in self._planned:
            head = run_head(_status(planned, _known(planned), self._axes))
            for row in table_rows(planned.run, name):
                if self._asked is None or self._asked.has(name, row):
                    yield head | row


def _whole(value: Any) -> Any:
    """A number as it is written, which pandas made a float where another run has none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _axes(planned: Sequence[PlannedCell]) -> list[str]:
    """The keys that cells of a sweep set; of those in a list each may set others."""
    return list(dict.fromkeys(key for p in planned for key in p.cell.values))


def _left_out(planned: PlannedCell, config: dict[str, Any], axes: Sequence[str]) -> dict[str, Any]:
    """The axes that a cell's identity leaves out, because there they have the value at which a run keeps its id.

    An axis that is a whole section, as `data.inputs` by names alone, is the name of its branch.
    """
    left_out = [key for key in axes if key not in config]
    resolved = dotted(planned.cell.config.model_dump(mode="json")) if left_out else {}
    found = {key: resolved.get(key, resolved.get(f"{key}.name")) for key in left_out}
    known = {key: value for key, value in found.items() if key in resolved or value is not None}
    return known | {key: word for key, word in planned.cell.words.items() if key in known}


def _known(planned: PlannedCell) -> dict[str, Any]:
    """The status of a run; empty where it has not started or its file is damaged."""
    try:
        return read_status(planned.run) if planned.run.status.exists() else {}
    except GenlabError:
        return {}


def _status(planned: PlannedCell, known: dict[str, Any], axes: Sequence[str]) -> dict[str, Any]:
    """What is known of a cell, and of one of which nothing is the config that it will have."""
    config = known.get("config") or dotted(canonical(planned.cell.config, None))
    status = {"id": planned.run.run_id, "status": planned.state, "reason": planned.reason}
    return status | without_clock(known) | {"config": config | _left_out(planned, config, axes)}


def _row(planned: PlannedCell, axes: Sequence[str]) -> dict[str, Any]:
    known = _known(planned)
    status = _status(planned, known, axes)
    try:
        return run_row(status, planned.run if known else None)
    except GenlabError as error:
        return run_row(status | {"status": planned.state, "reason": str(error)})
