"""Runs as rows that know more as more is asked of them: status first, sizes and measures where needed."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genlab.config.validation import nearest
from genlab.errors import GenlabError, UsageError
from genlab.rundir.conditions import Condition
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import measure_values, run_row
from genlab.rundir.short_names import named_column, short_names
from genlab.rundir.status import all_statuses, read_status

USUAL_COLUMNS = (
    "id",
    "name",
    "status",
    "data.name",
    "data.labels.corruption",
    "model.name",
    "seed",
    "final.epoch",
    "final.train_error",
    "final.test_error",
)
MEASURE = "measure."
SETTINGS = ("data.", "model.", "training.")
EVERYTHING = "`genlab runs ls --columns '*' --json` has all of them"
Row = dict[str, Any]


@dataclass
class RunRows:
    """Rows of runs.

    Attributes:
        rows: what is known of each run, by column.
        damaged: a line for each run whose status or measures cannot be read.
        known: every column that a run has, in the order of the first that has it; filtering takes none away.
    """

    rows: list[Row]
    damaged: list[str] = field(default_factory=list)
    known: dict[str, None] = field(init=False)
    _measured: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        counts = Counter(itertools.chain.from_iterable(self.rows))
        self.known = dict.fromkeys(counts)
        if lacking := {key for key, count in counts.items() if count < len(self.rows) and key.startswith(SETTINGS)}:
            _fill(self.rows, lacking)

    @classmethod
    def of_directory(cls, runs: Path) -> "RunRows":
        """The rows of all runs in a directory."""
        statuses, damaged = all_statuses(runs)
        return cls([run_row(status) for status in statuses], damaged)

    @classmethod
    def of(cls, directories: Iterable[RunDirectory]) -> "RunRows":
        """The rows of some runs; those whose status is damaged are told and left out."""
        rows, damaged = [], []
        for run in directories:
            try:
                rows.append(run_row(read_status(run) | {"path": str(run.path)}))
            except GenlabError as error:
                damaged.append(str(error))
        return cls(rows, damaged)

    def column(self, name: str) -> str:
        """The column that a name stands for, in full; what is not known yet is read, for the runs there are.

        Raises:
            UsageError: no run has it.
        """
        if not self.known:
            return name
        if name == "size":
            self._weigh()
        found = self._known_column(name)
        if found is None:
            self.measure()
            found = self._known_column(name)
        if found is None and (self.rows or not name.startswith(MEASURE)):
            raise UsageError(f"no run has a column {name!r}; {self._remedy(name)}")
        return found or name

    def columns(self, name: str) -> list[str]:
        """The columns that a name stands for, where `*` and `?` stand for any letters: `measure.*`.

        Raises:
            UsageError: no run has such a column.
        """
        if not self.known or not re.search(r"[*?]", name) or name in self.known:
            return [self.column(name)]
        if name.startswith((MEASURE, "*", "?")):
            self.measure()
        # No brackets as in fnmatch: they are those of options.
        pattern = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."))
        found = [column for column in self.known if pattern.fullmatch(column)]
        if not found:
            raise UsageError(f"no run has a column like {name!r}; {EVERYTHING}")
        return found

    def keep(self, where: Sequence[str]) -> None:
        """Keep the rows that fit all conditions; a run without a column does not fit.

        Conditions on measures come last, so that the measures of no other runs are read.

        Raises:
            UsageError: a condition cannot be read, or is of a column that no run has.
        """
        conditions = [Condition.read(text) for text in where]
        early = {condition for condition in conditions if self._known_column(condition.key) is not None}
        for condition in sorted(conditions, key=lambda condition: condition not in early):
            key = self.column(condition.key)
            self.rows = [row for row in self.rows if key in row and condition.fits(row[key])]

    def sort(self, by: str) -> None:
        """Sort by a column, with `-` in front downwards; runs without a value come last.

        Raises:
            UsageError: no run has it.
        """
        key = self.column(by.removeprefix("-"))
        present = [row for row in self.rows if row.get(key) is not None]
        absent = [row for row in self.rows if row.get(key) is None]
        numeric = all(isinstance(row[key], int | float) for row in present)
        present.sort(key=lambda row: row[key] if numeric else str(row[key]), reverse=by.startswith("-"))
        self.rows = present + absent

    def varying(self) -> list[str]:
        """The config keys in whose values the runs differ: the usual ones first, then those that every run has."""
        values: dict[str, set[str]] = {}
        counts: dict[str, int] = {}
        for row in self.rows:
            for key, value in row.items():
                if key == "seed" or key.startswith(SETTINGS):
                    values.setdefault(key, set()).add(repr(value))
                    counts[key] = counts.get(key, 0) + 1
        differ = [key for key, found in values.items() if len(found) > 1 or counts[key] < len(self.rows)]
        usual = {key: place for place, key in enumerate(USUAL_COLUMNS)}
        return sorted(differ, key=lambda key: (usual.get(key, len(usual)), counts[key] < len(self.rows)))

    def measure(self) -> None:
        """Read the measures of the runs there are, those of the whole net as it ended; damaged ones are told."""
        if self._measured:
            return
        self._measured = True
        for row in self.rows:
            if row["status"] == "running":
                continue
            try:
                row.update(measure_values(RunDirectory(Path(row["path"]))))
            except GenlabError as error:
                self.damaged.append(str(error))
            self.known |= dict.fromkeys(row)

    def _remedy(self, name: str) -> str:
        """The nearest column, in full where the name is dotted and in short elsewhere, or how to see all of them."""
        short = sorted(short_names(self.known).values())
        for known in (sorted(self.known), short) if "." in name else (short, sorted(self.known)):
            if (near := nearest(name, known)).startswith("did you mean"):
                return near
        if not any(column.startswith(MEASURE) for column in self.known):
            return "none of them is measured; `genlab measure` does that" if name.startswith(MEASURE) else EVERYTHING
        return EVERYTHING

    def _known_column(self, name: str) -> str | None:
        return named_column(name, self.known) or (name if name in USUAL_COLUMNS else None)

    def _weigh(self) -> None:
        for row in self.rows:
            row["size"] = sum(f.stat().st_size for f in Path(row["path"]).rglob("*") if f.is_file())
        self.known["size"] = None


def _fill(rows: Iterable[Row], keys: Iterable[str]) -> None:
    """Give rows the neutral values of keys that other runs have, so that runs of both can be listed and told apart."""
    from genlab.config.neutral import neutral_values  # the whole schema, which few lists need

    neutral = {key: value for key, value in neutral_values().items() if key in keys}
    for row in rows if neutral else ():
        row.update(neutral | row)
