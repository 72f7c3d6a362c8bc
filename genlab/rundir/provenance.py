"""`provenance.json`: what made a run, so that its numbers can be traced and its resumes repeat its choices."""

import functools
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import genlab
from genlab.errors import GenlabError
from genlab.rundir.atomic import write_json
from genlab.rundir.code_hash import code_hash
from genlab.rundir.command_line import typed_command
from genlab.rundir.layout import RunDirectory

COPIED_COMMIT = "commit.json"
# What `genlab.training.execution.ExecutionChoices` stores.
EXECUTION_KEYS = {"device", "threads", "compile", "evaluation_batch"}
PACKAGES = ("torch", "torchvision", "numpy", "scipy", "safetensors", "pydantic")


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python, genlab and the libraries that can change a number."""
    found = {"python": platform.python_version(), "genlab": genlab.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    import torch  # here and below, since what only reads a run does without it

    found["torch"] = torch.__version__  # with the build, such as +cpu, that the package's version lacks
    return found


@functools.cache
def machine() -> dict[str, Any]:
    """Processor, cores and GPUs."""
    import torch

    gpus = (
        [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    return {"platform": platform.platform(), "processor": processor(), "cores": _cores(), "gpus": gpus}


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@functools.cache
def git_commit() -> dict[str, Any]:
    """Commit and dirty flag of the checkout that genlab runs from; empty where it is an installed package.

    A copy of a checkout says in its `COPIED_COMMIT` what it is a copy of.
    """
    root = Path(genlab.__file__).parents[1]
    if (root / COPIED_COMMIT).exists():
        return json.loads((root / COPIED_COMMIT).read_text(encoding="utf-8"))
    if not (root / ".git").exists():
        return {}
    try:
        commit = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
        state = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit.stdout.strip(), "dirty": bool(state.stdout.strip())}


def read_provenance(run: RunDirectory) -> dict[str, Any]:
    """What is known so far; empty for a run that never started.

    Raises:
        GenlabError: the file is damaged.
    """
    remedy = "remove it, or start the run afresh with --force"
    try:
        provenance = json.loads(run.provenance.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise GenlabError(f"{run.provenance}: damaged ({error}); {remedy}") from None
    if not _well_formed(provenance):
        raise GenlabError(f"{run.provenance}: damaged (not what genlab writes); {remedy}")
    return provenance


def _well_formed(provenance: Any) -> bool:
    if not isinstance(provenance, dict):
        return False
    attempts, execution = provenance.get("attempts", []), provenance.get("execution")
    return (
        isinstance(attempts, list)
        and all(isinstance(attempt, dict) for attempt in attempts)
        and (execution is None or (isinstance(execution, dict) and execution.keys() == EXECUTION_KEYS))
    )


def record_start(run: RunDirectory, *, seed: int, execution: dict[str, Any], together: int = 1) -> None:
    """Add an attempt: when, with which arguments, versions, code, machine and execution choices.

    `command` is what somebody typed, `argv` what this process was started with, which another process may have done.

    Args:
        together: how many nets train side by side in this attempt.
        execution: the choices that can move a last bit (device, threads, compile); stored once, by the first attempt,
            and replaced only when a resume on another device was allowed.
    """
    provenance = read_provenance(run)
    attempt = {
        "start": now(),
        "stop": None,
        "outcome": None,
        "command": typed_command(),
        "argv": sys.argv,
        "versions": versions(),
        "code": code_hash(),
        "git": git_commit(),
        "machine": machine(),
        "together": together,
    }
    attempts = [*provenance.get("attempts", []), attempt]
    write_json(run.provenance, provenance | {"seed": seed, "execution": execution, "attempts": attempts})


def record_labels(run: RunDirectory, *, images: int, changed: int) -> None:
    """Say of how many training images the label is not the true one: of those that are drawn some fall on it.

    Args:
        images: training images, those of a confusion set included.
        changed: whose label as trained on differs from the true one.
    """
    provenance = read_provenance(run)
    labels = {"images": images, "changed": changed}
    if provenance.get("labels") != labels:
        write_json(run.provenance, provenance | {"labels": labels})


def record_stop(run: RunDirectory, outcome: str) -> None:
    """Close the last attempt with its outcome."""
    provenance = read_provenance(run)
    if provenance.get("attempts"):
        provenance["attempts"][-1] |= {"stop": now(), "outcome": outcome}
        write_json(run.provenance, provenance)


def killed_in_group_of(run: RunDirectory) -> int:
    """How many nets trained together in the last attempt, where that was more than one and it was killed; else 0."""
    try:
        attempts = read_provenance(run).get("attempts", [])
    except GenlabError:
        return 0
    last = attempts[-1] if attempts else {}
    together = last.get("together", 1)
    return int(together) if last.get("stop") is None and isinstance(together, int) and together > 1 else 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
