"""Published curves and tables: read from `configs/published/`, and as rows that claims and figures read like runs."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from genlab.claims.derived import with_derived
from genlab.config.load import CONFIG_ROOTS
from genlab.config.schema.derived import DerivedColumn, NameColumn, derived_column
from genlab.config.schema.published import PublishedConfig
from genlab.config.validation import nearest
from genlab.config.values import value_form
from genlab.errors import GenlabError, Problem, UsageError

FOLDER = "published"
SEED = "published"
NUMBER = r"([+-]?\d+(?:\.\d+)?)"
COLUMNS = ("series", "x", "y")


@dataclass(frozen=True)
class Published:
    """What a sweep has of a paper's own curves.

    Attributes:
        rows: like those of results.csv, one for each different setting: `id`, `status`, `seed` (the word published),
            dotted keys, and columns of numbers, the derived ones of the sweep among them.
        long: by table likewise the points of curves along training or through a net, with the `id` of the row of their
            settings.
        settings: by the `id` of a row of `rows` what it is of.
        columns: of `rows` that are numbers, published or derived of them, and no settings.
        other_units: columns whose published numbers are in units of their own.
        sources: by file the first line that it says of itself.
    """

    rows: pd.DataFrame
    other_units: frozenset[str]
    sources: dict[str, str]
    long: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()

    def table(self, name: str) -> pd.DataFrame:
        """A table by name; empty where nothing of it is published."""
        return self.rows if name == "results" else self.long.get(name, pd.DataFrame())

    def about(self, table: str, *columns: str | None) -> Callable[[str], pd.DataFrame]:
        """The tables of what is published, of `table` the rows that have a value in each of some columns.

        Papers do not plot everything at every setting, and a setting that is not published is no run that failed.
        """
        rows = self.table(table)
        for column in filter(None, columns):
            rows = rows[rows[column].notna()] if column in rows else rows.iloc[:0]
        # Of a table along training the settings that have a curve there.
        results = self.rows if table == "results" or rows.empty else self.rows[self.rows["id"].isin(rows["id"])]
        return lambda name: rows if name == table else results if name == "results" else pd.DataFrame()


def published(name: str) -> pd.DataFrame:
    """A published curve or table: columns `series`, `x`, `y` (and more where the file has them).

    What the file says of its source and of how it was read is in `attrs["source"]`.

    Args:
        name: of a file of `configs/published/` without ending, such as "neyshabur2017-figure1".

    Raises:
        UsageError: there is none of that name.
        GenlabError: the file is damaged.
    """
    path = _path(name)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
        frame = pd.read_csv(path, skiprows=count)
    except (OSError, ValueError) as error:
        raise GenlabError(f"{path}: is not a published table: {error}") from None
    if lacking := set(COLUMNS) - set(frame.columns):
        raise GenlabError(f"{path}: is not a published table: it has no column {', '.join(sorted(lacking))}")
    frame.attrs["source"] = _sentences(lines[:count])
    return frame


def published_names() -> list[str]:
    """All names that `published` knows."""
    return sorted({file.stem for root in CONFIG_ROOTS for file in (root / FOLDER).glob("*.csv")})


def published_of(
    configs: Sequence[PublishedConfig],
    derived: Mapping[str, DerivedColumn] | None = None,
    axes: Sequence[str] = (),
) -> Published | None:
    """The published curves of a sweep as rows; None where it has none.

    Args:
        derived: the columns that the sweep makes of others, which are made of published ones as well, where nothing is
            published for them themselves.
        axes: dotted keys in which the sweep's cells differ.

    Raises:
        UsageError: a file that there is not; `published_problems` says so with its place.
        GenlabError: a file is damaged.
    """
    if not configs:
        return None
    rows = _Rows()
    points: dict[str, _Rows] = {}
    others: set[str] = set()
    sources: dict[str, str] = {}
    for config in configs:
        frame = published(config.file)
        sources[config.file] = frame.attrs["source"].partition("\n")[0]
        for name, series in config.series.items():
            mine = frame[frame["series"].astype(str) == name]
            if series.other_units:
                others.add(series.column)
            settings = config.where | series.where
            for x, y in _points(mine, config.x_form):
                place = {} if config.x is None else {config.x: _place(config, x)}
                value = {series.column: float(y) * series.times + series.plus}
                if config.table == "results":
                    rows.at(settings | place).update(value)
                else:
                    long = points.setdefault(config.table, _Rows())
                    long.at(settings | series.row | place).update({"id": rows.at(settings)["id"]} | value)
    frames = {name: long.frame() for name, long in points.items()}
    history = frames.get("history", pd.DataFrame())
    table = with_derived(rows.frame(), derived or {}, lambda: history, [*axes, *rows.keys()])
    own = ["id", *map(derived_column, derived or {})]
    for name, frame in frames.items():
        # Of a derived setting that a series is of, the points have it themselves.
        frames[name] = frame.merge(table[[c for c in own if c == "id" or c not in frame]], on="id")
    made = {derived_column(name) for name, column in (derived or {}).items() if not isinstance(column, NameColumn)}
    columns = {series.column for config in configs for series in config.series.values() if config.table == "results"}
    return Published(table, frozenset(others), sources, frames, rows.settings(), frozenset(columns | made))


def _points(series: pd.DataFrame, form: str | None) -> list[tuple[Any, Any]]:
    """x and y of each point; of a form those that have it, x being the number in it or else the words."""
    points = list(zip(series["x"], series["y"], strict=True))
    if form is None:
        return points
    pattern = re.escape(form).replace(r"\{\}", NUMBER)
    found = [(re.fullmatch(pattern, str(x)), y) for x, y in points]
    return [(_number(match[1]) if match.groups() else match[0], y) for match, y in found if match is not None]


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


def _place(config: PublishedConfig, x: Any) -> Any:
    """x in the units of its column; epochs and steps are whole, though they were read off a plot."""
    if config.x_times != 1:
        x = float(x) * config.x_times
    return round(x) if config.x in ("epoch", "step") and not isinstance(x, str) else x


class _Rows:
    """Rows of a table by their settings."""

    def __init__(self) -> None:
        self._rows: dict[tuple[tuple[str, Any], ...], dict[str, Any]] = {}
        self._settings: dict[str, dict[str, Any]] = {}

    def at(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The row of some settings, which begins as these."""
        key = tuple(sorted((column, value_form(value)) for column, value in settings.items()))
        if key not in self._rows:
            identity = f"published{len(self._rows)}"
            self._settings[identity] = dict(settings)
            self._rows[key] = {"id": identity, "status": "finished", "seed": SEED, "name": SEED, **settings}
        return self._rows[key]

    def settings(self) -> dict[str, dict[str, Any]]:
        """By the id of each row what it is of."""
        return self._settings

    def keys(self) -> list[str]:
        """The columns that rows are told apart by."""
        return list(dict.fromkeys(key for settings in self._settings.values() for key in settings))

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(list(self._rows.values()))


def published_problems(
    configs: Sequence[PublishedConfig], columns: Callable[[str], Collection[str] | None]
) -> list[Problem]:
    """Files, series and columns that there are not, with keys `published.<index>...`; the reader adds the place.

    A column that no run can have would make the paper's claims ours without a word.

    Args:
        columns: from a table's name to those that it can have; None where only the runs can tell.
    """
    problems = []
    for index, config in enumerate(configs):
        key = f"published.{index}"
        own, run = columns(config.table), columns("results")
        try:
            known = list(dict.fromkeys(published(config.file)["series"].astype(str)))
        except UsageError:
            message = f"no published table of the name {config.file!r}; {nearest(config.file, published_names())}"
            problems.append(Problem(f"{key}.file", message))
            continue
        frame = published(config.file)
        words = [x for x, _ in _points(frame, config.x_form) if isinstance(x, str)]
        if config.x_times != 1 and words:
            problems.append(Problem(f"{key}.x_times", f"the x of {config.file} are words, as {words[0]!r}"))
        for name, series in config.series.items():
            here = f"{key}.series.{name}"
            if name not in known:
                problems.append(Problem(here, f"there is no series {name!r} in {config.file}; {nearest(name, known)}"))
            mine = frame[frame["series"].astype(str) == name]
            if config.x_form is not None and len(mine) and not _points(mine, config.x_form):
                message = f"no x of {name} looks like {config.x_form!r}; its first is {mine['x'].iloc[0]!r}"
                problems.append(Problem(f"{key}.x_form", message))
            problems += _unknown(here, [("column", series.column)], own, config.table)
            problems += _unknown(here, [("where", column) for column in series.where], run)
            problems += _unknown(here, [("row", column) for column in series.row], own, config.table)
            if series.row and config.table == "results":
                problems.append(Problem(f"{here}.row", "is of a long table, and results has a row a run; use `where`"))
        problems += _unknown(key, [("x", config.x)] if config.x else [], own, config.table)
        problems += _unknown(key, [("where", column) for column in config.where], run)
    return problems


def _unknown(
    key: str, asked: Sequence[tuple[str, str]], known: Collection[str] | None, table: str = "results"
) -> list[Problem]:
    if known is None:
        return []
    return [
        Problem(f"{key}.{field}", f"{column!r} is no column of {table}; {nearest(column, sorted(known))}")
        for field, column in asked
        if column not in known
    ]


def _path(name: str) -> Path:
    for root in CONFIG_ROOTS:
        path = root / FOLDER / f"{name}.csv"
        if path.is_file():
            return path
    raise UsageError(f"{name}: no published table of that name; there are {', '.join(published_names())}")


def _sentences(lines: Sequence[str]) -> str:
    """What a file says of itself, a line a sentence: those that go on are indented in it."""
    said: list[str] = []
    for line in lines:
        words = line.removeprefix("#")
        if said and words.startswith("   "):
            said[-1] += f" {words.strip()}"
        else:
            said.append(words.strip())
    return "\n".join(said)
