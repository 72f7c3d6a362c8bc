"""`status.json`: the state of a run and its config and errors in short, so that listing reads one small file a run."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

from genlab.errors import GenlabError, UsageError
from genlab.rundir.atomic import write_json
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import is_held

State = Literal["pending", "running", "finished", "failed", "interrupted", "preempted"]


def write_status(
    run: RunDirectory, state: State, *, reason: str, config: Mapping[str, Any], final: Mapping[str, Any], **more: Any
) -> None:
    """Replace the status of a run.

    Args:
        reason: why it ended or stopped; empty while it runs.
        config: dotted keys of the scientific config.
        final: the last row of the history and the best errors (`genlab.rundir.best`), as numbers; those that JSON has
            no word for (NaN, infinity) are left out.
        more: what else listing may want, such as `started` and `seconds`.
    """
    finite = {key: value for key, value in final.items() if not isinstance(value, float) or math.isfinite(value)}
    write_json(
        run.status,
        {"id": run.run_id, "name": run.name, "status": state, "reason": reason, "final": finite}
        | more
        | {"config": dict(config)},
    )


def read_status(run: RunDirectory) -> dict[str, Any]:
    """The status of a run, where `running` means that a process is at work on it now.

    A run whose process was killed says `interrupted`.

    Raises:
        GenlabError: the directory is not a run, or its status is damaged.
    """
    try:
        text = run.status.read_text(encoding="utf-8")
        status = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (FileNotFoundError, NotADirectoryError):
        raise GenlabError(f"{run.path}: not a run directory (it has no status.json)") from None
    except RecursionError:
        raise _damaged(run, "nested in itself too deeply") from None
    except (OSError, ValueError) as error:
        raise _damaged(run, str(error)) from None
    if not isinstance(status, dict) or not {"status", "id", "reason"} <= status.keys():
        raise _damaged(run, "no status in it")
    if not all(isinstance(status[key], str) for key in ("status", "id", "reason")):
        raise _damaged(run, "its status is no word")
    if not isinstance(status.get("config"), dict) or not isinstance(status.get("final"), dict):
        raise _damaged(run, "no config and errors in it")
    if status["status"] == "running" and not is_held(run.path.parent, run.run_id):
        status |= {"status": "interrupted", "reason": "its process was killed"}
    return status


def say_failed(run: RunDirectory, reason: str) -> None:
    """Say of a run that was begun and has come to no end that it failed; to be called while its lock is held.

    A run that has finished or failed keeps its status, and one that has none gets none.

    Raises:
        GenlabError: the status is damaged or cannot be written.
    """
    if not run.status.exists():
        return
    status = read_status(run)
    if status["status"] not in ("finished", "failed"):
        write_json(run.status, status | {"status": "failed", "reason": reason})


def dotted(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one mapping with dotted keys; lists stay values."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            result |= dotted(item, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = item
    return result


def all_statuses(runs: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The status of every run in a directory, by name, and a line for each run that is damaged.

    Each status gets its directory as `path`. Folders without a `status.json` are not runs and are passed over.

    Raises:
        UsageError: `runs` is there and is no directory.
    """
    if runs.exists() and not runs.is_dir():
        raise UsageError(f"{runs}: is a file, not a directory of runs; give that one with --runs")
    statuses, damaged = [], []
    for path in sorted(p for p in runs.iterdir() if not p.name.startswith(".")) if runs.exists() else []:
        if not (path / "status.json").exists():
            continue
        try:
            statuses.append(read_status(RunDirectory(path)) | {"path": str(path)})
        except GenlabError as error:
            damaged.append(str(error))
    return statuses, damaged


def _no_number(word: str) -> NoReturn:
    """JSON has no NaN and no infinity, and what lists runs as JSON could not write them."""
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    """The number that a text stands for, where there is room for it: 1e999 is infinite."""
    return float(text) if math.isfinite(float(text)) else _no_number(text)


def _damaged(run: RunDirectory, what: str) -> GenlabError:
    return GenlabError(f"{run.status}: damaged ({what}); remove it, and `genlab train {run.path}` makes it anew")
