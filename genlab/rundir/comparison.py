"""What runs differ in: config, errors, where they were made, and their measures."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import measure_values
from genlab.rundir.status import dotted, read_status

MEASURE = "measure."


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        labels: what tells the runs apart: ids, or paths where two have the same id.
        rows: a key and the value of each run, None where a run has no such key.
    """

    labels: tuple[str, ...]
    rows: list[tuple[str, tuple[Any, ...]]]


def difference(runs: Sequence[RunDirectory], *, all: bool = False) -> Comparison:
    """What runs differ in.

    In this order: status and its reason, dotted config keys, `final.*` errors, execution choices, code, versions,
    commit and machine of the last attempt, and the whole-net values of measures that at least two of the runs have.
    Values are compared exactly: two runs that should be the same bits and are not show it here.

    Args:
        all: also what is the same in all.

    Raises:
        GenlabError: one of them is not a run, or a file of it is damaged.
    """
    described = [_described(run) | _measures(run) for run in runs]
    counted = Counter(key for one in described for key in one)
    keys = [key for key in _merged(described) if not key.startswith(MEASURE) or counted[key] > 1]
    rows = [(key, tuple(one.get(key) for one in described)) for key in keys]
    ids = [run.run_id for run in runs]
    labels = tuple(ids if len(set(ids)) == len(ids) else [str(run.path) for run in runs])
    return Comparison(labels, [(key, values) for key, values in rows if all or not _same(key, values)])


def _described(run: RunDirectory) -> dict[str, Any]:
    status = read_status(run)
    found = {key: status.get(key) for key in ("name", "status", "reason")} | dict(status.get("config", {}))
    found |= {f"final.{key}": value for key, value in status.get("final", {}).items()}
    provenance = _provenance(run)
    attempts = provenance.get("attempts") or [{}]
    found |= dotted({"execution": provenance.get("execution", {})})
    return found | dotted({key: attempts[-1].get(key, {}) for key in ("code", "versions", "git", "machine")})


def _provenance(run: RunDirectory) -> dict[str, Any]:
    """Read here and not by `provenance.py`, which imports torch; `genlab runs` does without."""
    try:
        found = json.loads(run.provenance.read_text(encoding="utf-8"))
        attempts = found.get("attempts", [])
        if not all(isinstance(attempt, dict) for attempt in attempts) or not isinstance(
            found.get("execution", {}), dict
        ):
            raise ValueError("not what genlab writes")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise GenlabError(
            f"{run.provenance}: damaged ({error}); remove it, or start the run afresh with --force"
        ) from None
    return found


def _measures(run: RunDirectory) -> dict[str, float]:
    """The numbers of measures.csv that are of the whole net as it ended."""
    return {column: value for column, value in measure_values(run).items() if value is not None}


def _merged(described: Iterable[dict[str, Any]]) -> list[str]:
    """All keys once, those that the runs before lack after the key they follow in theirs."""
    merged: list[str] = []
    known: set[str] = set()
    for one in described:
        keys = list(one)
        for index, key in enumerate(keys):
            if key not in known:
                before = merged.index(keys[index - 1]) if index else -1
                merged.insert(before + 1, key)
                known.add(key)
    return merged


def _same(key: str, values: Sequence[Any]) -> bool:
    """Equal, and of one type where true and 1 would pass for each other; a measure that some lack tells nothing."""
    if key.startswith(MEASURE):
        values = [value for value in values if value is not None]
    first = values[0]
    return all(value == first and isinstance(value, bool) == isinstance(first, bool) for value in values)
