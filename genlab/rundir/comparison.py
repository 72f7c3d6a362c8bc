"""What two runs differ in: config, errors, where they were made, and their measures."""

import json
from typing import Any

from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import measure_values
from genlab.rundir.status import dotted, read_status

Difference = tuple[str, Any, Any]


def difference(run_a: RunDirectory, run_b: RunDirectory, *, all: bool = False) -> list[Difference]:
    """What two runs differ in, as (key, value in A, value in B), None where a run has no such key.

    In this order: status and its reason, dotted config keys, `final.*` errors, execution choices, code, versions,
    commit and machine of the last attempt, and the whole-net values of measures that both runs have. Values are
    compared exactly: two runs that should be the same bits and are not show it here.

    Args:
        all: also what is the same in both.

    Raises:
        GenlabError: one of the two is not a run, or a file of it is damaged.
    """
    a, b = _described(run_a), _described(run_b)
    measured_a, measured_b = _measures(run_a), _measures(run_b)
    a |= {key: value for key, value in measured_a.items() if key in measured_b}
    b |= {key: value for key, value in measured_b.items() if key in measured_a}
    rows = [(key, a.get(key), b.get(key)) for key in _merged(list(a), list(b))]
    return [row for row in rows if all or not _same(row[1], row[2])]


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


def _merged(first: list[str], second: list[str]) -> list[str]:
    """All keys once, those of the second that the first lacks after the key they follow there."""
    merged = list(first)
    known = set(first)
    for index, key in enumerate(second):
        if key not in known:
            before = merged.index(second[index - 1]) if index else -1
            merged.insert(before + 1, key)
            known.add(key)
    return merged


def _same(a: Any, b: Any) -> bool:
    """Equal, and of one type where true and 1 would pass for each other."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)
