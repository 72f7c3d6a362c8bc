"""Published curves and tables: read from `configs/published/`, and as rows that claims and figures read like runs."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from genlab.config.load import CONFIG_ROOTS
from genlab.config.schema.published import PublishedConfig
from genlab.config.validation import nearest
from genlab.config.values import value_form
from genlab.errors import GenlabError, Problem, UsageError

FOLDER = "published"
SEED = "published"
COLUMNS = ("series", "x", "y")


@dataclass(frozen=True)
class Published:
    """What a sweep has of a paper's own curves.

    Attributes:
        rows: like those of results.csv, one for each different setting: `id`, `status`, `seed` (the word published),
            dotted keys, and columns of numbers.
        other_units: columns whose published numbers are in units of their own.
        sources: by file the first line that it says of itself.
    """

    rows: pd.DataFrame
    other_units: frozenset[str]
    sources: dict[str, str]

    def about(self, *columns: str | None) -> Callable[[str], pd.DataFrame]:
        """The rows that have a value in each of some columns, as the table `results`; there are no others.

        Papers do not plot everything at every setting, and a setting that is not published is no run that failed.
        """
        rows = self.rows
        for column in filter(None, columns):
            rows = rows[rows[column].notna()] if column in rows else rows.iloc[:0]
        return lambda name: rows if name == "results" else pd.DataFrame()


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


def published_of(configs: Sequence[PublishedConfig]) -> Published | None:
    """The published curves of a sweep as rows; None where it has none.

    Raises:
        UsageError: a file that there is not; `published_problems` says so with its place.
        GenlabError: a file is damaged.
    """
    if not configs:
        return None
    rows: dict[tuple[tuple[str, Any], ...], dict[str, Any]] = {}
    others: set[str] = set()
    sources: dict[str, str] = {}
    for config in configs:
        frame = published(config.file)
        sources[config.file] = frame.attrs["source"].partition("\n")[0]
        for name, series in config.series.items():
            points = frame[frame["series"].astype(str) == name]
            if series.other_units:
                others.add(series.column)
            for x, y in zip(points["x"], points["y"], strict=True):
                settings = config.where | series.where | ({} if config.x is None else {config.x: x})
                key = tuple(sorted((column, value_form(value)) for column, value in settings.items()))
                rows.setdefault(key, dict(settings))[series.column] = float(y) * series.times
    head = [{"id": f"published{i}", "status": "finished", "seed": SEED, "name": SEED} for i in range(len(rows))]
    table = pd.DataFrame([start | row for start, row in zip(head, rows.values(), strict=True)])
    return Published(table, frozenset(others), sources)


def published_problems(configs: Sequence[PublishedConfig], known_columns: Collection[str] | None) -> list[Problem]:
    """Files, series and columns that there are not, with keys `published.<index>...`; the reader adds the place.

    A column that no run can have would make the paper's claims ours without a word.

    Args:
        known_columns: that results can have; None where only the runs can tell.
    """
    problems = []
    for index, config in enumerate(configs):
        key = f"published.{index}"
        try:
            known = list(dict.fromkeys(published(config.file)["series"].astype(str)))
        except UsageError:
            message = f"no published table of the name {config.file!r}; {nearest(config.file, published_names())}"
            problems.append(Problem(f"{key}.file", message))
            continue
        for name, series in config.series.items():
            here = f"{key}.series.{name}"
            if name not in known:
                problems.append(Problem(here, f"there is no series {name!r} in {config.file}; {nearest(name, known)}"))
            problems += _unknown(
                here, [("column", series.column), *(("where", c) for c in series.where)], known_columns
            )
        asked = [*((("x", config.x),) if config.x else ()), *(("where", column) for column in config.where)]
        problems += _unknown(key, asked, known_columns)
    return problems


def _unknown(key: str, asked: Sequence[tuple[str, str]], known: Collection[str] | None) -> list[Problem]:
    if known is None:
        return []
    return [
        Problem(f"{key}.{field}", f"{column!r} is no column of results; {nearest(column, sorted(known))}")
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
