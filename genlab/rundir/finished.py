"""A finished run read back: config, data, nets and tables."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from torch import nn

from genlab.config.identity import run_id
from genlab.config.load import load_train_config
from genlab.config.schema import TrainConfig
from genlab.data.build import build_dataset
from genlab.data.dataset import Dataset
from genlab.errors import DataMissingError, GenlabError
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.rundir.checkpoints import load_into, load_tensors
from genlab.rundir.history import REMEDY as HISTORY_REMEDY
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import all_statuses, read_status
from genlab.rundir.tables import REMEDY, read_table


@dataclass(frozen=True)
class FinishedRun:
    """One finished run.

    Attributes:
        directory: its files.
        data_dir: where its data set lies.
    """

    directory: RunDirectory
    data_dir: Path

    @cached_property
    def config(self) -> TrainConfig:
        """The resolved config."""
        return load_train_config(str(self.directory.config)).config

    @cached_property
    def dataset(self) -> Dataset:
        """Images and labels exactly as the run had them, on the CPU."""
        dataset = build_dataset(self.config.data, seed=self.config.seed, data_dir=self.data_dir)
        if dataset.fingerprint and run_id(self.config, dataset.fingerprint) != self.directory.run_id:
            folder = self.data_dir / str(self.config.data.path)
            remedy = "put the original ones back, or train a new run on these"
            raise DataMissingError(f"{folder}: its images are not those of {self.directory.path.name}; {remedy}")
        return dataset

    @cached_property
    def model(self) -> nn.Module:
        """The net at the end of training, in evaluation mode, on the CPU."""
        return self._model_with(self.directory.final)

    @cached_property
    def initial_model(self) -> nn.Module | None:
        """The net at initialisation; None where its weights were not kept."""
        return self._model_with(self.directory.initial) if self.directory.initial.exists() else None

    @property
    def history(self) -> pd.DataFrame:
        """Losses and errors by epoch."""
        if not self.directory.history.exists():
            raise GenlabError(f"{self.directory.history}: is missing; {HISTORY_REMEDY}")
        return _table(self.directory.history, HISTORY_REMEDY)

    @property
    def measures(self) -> pd.DataFrame:
        """The rows of measures.csv; empty before `genlab measure`."""
        return _table(self.directory.measures)

    @property
    def compression(self) -> pd.DataFrame:
        """The rows of compression.csv; empty before `genlab compress`."""
        return _table(self.directory.compression)

    def _model_with(self, weights: Path) -> nn.Module:
        model = build_model(
            self.config.model,
            self.dataset.input_shape,
            self.dataset.classes,
            generator=generator_for(self.config.seed, "init"),
        )
        remedy = f"train the run again: genlab train {self.directory.path} --force"
        if not weights.exists() and self.config.execution.keep == "none":
            raise GenlabError(f"{weights}: was not kept (execution.keep: none); {remedy} execution.keep=all")
        tensors, _ = load_tensors(weights, remedy)
        load_into(model, tensors, weights)
        return model.eval()


def load_run(path: str | os.PathLike[str], data_dir: str | os.PathLike[str] | None = None) -> FinishedRun:
    """A finished run from its directory.

    Args:
        data_dir: where its data set lies; `GENLAB_DATA` or `data` where not given.

    Raises:
        GenlabError: the directory is not a run, or the run is not finished.
    """
    directory = RunDirectory(Path(path).resolve())
    status = read_status(directory)
    if status["status"] != "finished":
        remedy = f"`genlab train {path}` goes on with it"
        raise GenlabError(f"{path}: is {status['status']}, not finished; {remedy}")
    return FinishedRun(directory, Path(data_dir or os.environ.get("GENLAB_DATA", "data")))


def load_runs(runs: str | os.PathLike[str] = "runs") -> pd.DataFrame:
    """All runs of a directory, one row each: id, name, status, path, dotted config keys and `final.*` errors."""
    statuses, _ = all_statuses(Path(runs))
    rows = []
    for status in statuses:
        plain = {key: value for key, value in status.items() if key not in ("config", "final")}
        final = {f"final.{key}": value for key, value in status["final"].items()}
        rows.append(plain | status["config"] | final)
    return pd.DataFrame(rows)


def _table(path: Path, remedy: str = REMEDY) -> pd.DataFrame:
    """A CSV file of the run; pandas would fill a short line with NaN, so damage is looked for first."""
    read_table(path, remedy=remedy)
    return pd.read_csv(path) if path.exists() and path.stat().st_size else pd.DataFrame()
