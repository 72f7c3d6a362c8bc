"""Run directories: made up in a moment, or trained for an epoch."""

import contextlib
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genlab.config.load import load_train_config
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import write_status
from genlab.training.progress import Silent
from genlab.training.train_run import TrainResult, train_run

NOBODY = 65534


def made_up_run(runs: Path, name: str = "a", run_id: str = "0123456789ab", **status: Any) -> RunDirectory:
    """A directory with a status.json and a small history."""
    run = RunDirectory(runs / f"{name}-{run_id}")
    run.path.mkdir(parents=True)
    known = {
        "state": "finished",
        "reason": "3 epochs",
        "config": {"seed": 0, "data.name": "digits", "data.labels.corruption": 0.0, "model.name": "mlp"},
        "final": {"epoch": 3, "train_error": 0.0, "test_error": 0.05},
    }
    write_status(run, **(known | status))
    run.history.write_text("epoch,step\n0,0\n")
    return run


def train(runs: Path, *overrides: str, epochs: int = 1) -> TrainResult:
    """A small perceptron on the digits, trained in this process for an epoch."""
    size = ("name=tiny", "data.train_size=200", "model.widths=[16]", "execution.threads=1")
    config = load_train_config("digits-mlp", [*size, f"training.stop.epochs={epochs}", *overrides]).config
    return train_run(config, runs=runs, data_dir=runs / "no-data", progress=Silent())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content, locks left out."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".locks" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@contextlib.contextmanager
def kept(folder: Path, *but: str) -> Iterator[None]:
    """Every file that was in the folder before the block is there after it, byte for byte, except those named."""
    before = contents(folder)
    yield
    after = contents(folder)
    lost = [name for name, content in before.items() if after.get(name) != content and not name.endswith(but or "\0")]
    assert not lost, f"lost or changed: {lost}"


@contextlib.contextmanager
def full_disk(limit: int = 0) -> Iterator[None]:
    """Inside the block no file grows beyond `limit` bytes: writing there fails as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Inside the block nobody may make files in the folder; root, who may anywhere, is nobody meanwhile."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder that any user can look into, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="genlab-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
