"""From a config to a run directory that can be written to: begun, or resumed where it stopped."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from genlab.config.identity import canonical, run_id
from genlab.config.load import to_yaml
from genlab.config.schema import TrainConfig
from genlab.data.build import data_fingerprint
from genlab.errors import GenlabError
from genlab.rundir.atomic import remove_leftovers, write_text
from genlab.rundir.checkpoints import load_tensors, save_tensors
from genlab.rundir.find import directory_of
from genlab.rundir.kept_weights import missing_epochs, not_kept
from genlab.rundir.layout import RunDirectory
from genlab.rundir.promised import lost_files
from genlab.rundir.removal import clear_removed, remove_run
from genlab.rundir.status import dotted, read_status
from genlab.training.recorder import Recorder


@dataclass(frozen=True)
class TrainResult:
    """A run that has reached its end.

    Attributes:
        run: its directory.
        status: the content of its status.json.
        already: whether it had been finished before, so that nothing was done.
        lacks: a line for epochs whose weights its config asks for and were not kept then; empty where there are none.
    """

    run: RunDirectory
    status: dict[str, Any]
    already: bool = False
    lacks: str = ""


@dataclass(frozen=True)
class Identified:
    """A config with the directory that its run has or gets.

    Attributes:
        config: of the run.
        run: its directory.
        short: dotted keys of the scientific config, for the status.
    """

    config: TrainConfig
    run: RunDirectory
    short: dict[str, Any]

    def finished(self) -> TrainResult | None:
        """The result, where the run is finished and has the files that it promises; else it is to be made again.

        To be asked under the lock: a checkpoint is removed whose run was killed when it had just said that it finished.

        Raises:
            GenlabError: it diverged, and would again.
        """
        if not self.run.status.exists():
            return None
        status = read_status(self.run)
        if status["status"] == "finished":
            if lost_files(self.run):
                return None
            shutil.rmtree(self.run.checkpoint.parent, ignore_errors=True)
            lacks = self.lacks(int(status["final"].get("epoch", 0)))
            return TrainResult(self.run, status, already=True, lacks=lacks)
        if status.get("diverged"):
            remedy = "it would again, so change the config (or --force)"
            raise GenlabError(f"{self.run.path}: {status['reason']}; {remedy}")
        return None

    def lacks(self, reached: int) -> str:
        """What to say of epochs that the run has passed without keeping the weights that its config asks for."""
        asked = self.config.execution.keep_weights_at
        missing = missing_epochs(self.run, asked, reached)
        return f"{self.run.path}: {not_kept(self.run, missing, asked)}" if missing else ""

    def resumes(self) -> bool:
        """Whether there is a checkpoint to go on from; what killed writers left is removed. To be asked under the lock.

        A checkpoint without a config is what is left of a run that was removed while it ran.
        """
        for folder in (self.run.path, self.run.checkpoint.parent, self.run.weights):
            remove_leftovers(folder)
        clear_removed(self.run.path)
        return self.run.checkpoint.exists() and self.run.config.exists()

    def begin(self, weights: dict[str, Tensor], *, afresh: bool = False) -> Recorder:
        """A new run's files: its config, its initial weights, empty tables.

        Args:
            weights: at initialisation.
            afresh: give up whatever is there.
        """
        run, keep = self.run, self.config.execution.keep
        if afresh and run.path.exists():
            remove_run(run.path)
        # Whoever is killed from here on leaves no run that says it is finished and has lost its history.
        _remove_file(run.status)
        for folder in (run.checkpoint.parent, run.weights):
            if folder.exists():
                _remove(folder)
        write_text(run.config, to_yaml(self.config))
        if keep == "all":
            save_tensors(run.initial, weights)
        recorder = Recorder(run, self.short, keep=keep, keep_weights_at=self.config.execution.keep_weights_at)
        recorder.history.start()
        recorder.timing.start()
        if 0 in recorder.keep_weights_at:
            recorder.keep_weights(0, 0, weights)
        return recorder

    def go_on(self, step: int) -> Recorder:
        """The tables of a run that has a checkpoint, cut back to its step."""
        execution = self.config.execution
        recorder = Recorder(
            self.run,
            self.short,
            keep=execution.keep,
            keep_weights_at=execution.keep_weights_at,
            seconds=_seconds(self.run),
        )
        recorder.history.cut_back(step)
        recorder.timing.cut_back(step)
        recorder.recall()
        for epoch in self.run.kept_epochs():
            path = self.run.weights_at(epoch)
            if load_tensors(path, "remove it")[1]["step"] > step:
                path.unlink()
        # Which weights stay is this start's to say, and what the run promises is read from here:
        # last, so that a run whose tables are damaged is left as it was.
        write_text(self.run.config, to_yaml(self.config))
        return recorder


def identified(config: TrainConfig, *, runs: Path, data_dir: Path) -> Identified:
    """Find the directory of a config's run; where there is none yet it gets the config's name.

    Raises:
        DataMissingError: the content of an image folder is part of the identity, and cannot be read.
    """
    fingerprint = data_fingerprint(config.data, data_dir)
    run = directory_of(runs, config.name, run_id(config, fingerprint))
    return Identified(config, run, dotted(canonical(config, fingerprint)))


def _seconds(run: RunDirectory) -> float:
    try:
        return float(read_status(run).get("seconds", 0.0))
    except GenlabError:
        return 0.0


def _remove_file(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except NotADirectoryError:
        return  # then nothing is there, and whoever writes there tells why
    except OSError as error:
        raise GenlabError(f"{path}: cannot be removed: {error.strerror}") from error


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise GenlabError(f"{path}: cannot be removed: {error.strerror}") from error
