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
from genlab.models.seeded import net_of_run
from genlab.rundir.checkpoints import load_into, load_tensors
from genlab.rundir.find import find_run, runs_folder
from genlab.rundir.history import REMEDY as HISTORY_REMEDY
from genlab.rundir.kept_weights import not_kept
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_summary import run_html, run_line
from genlab.rundir.run_tables import table_frame
from genlab.rundir.status import read_status


@dataclass(frozen=True, repr=False)
class FinishedRun:
    """One finished run: its config, data, nets and tables, each read when it is first asked for.

    Attributes:
        directory: its files, each spelled once: `run.directory.history`.
        data_dir: where its data set lies.
        config: the resolved config, as `run.config.training.batch_size`.
        dataset: images and labels exactly as the run had them, on the CPU.
        model: the net at the end of training, in evaluation mode, on the CPU.
        initial_model: the net at initialisation; None where its weights were not kept.
        epochs: those whose weights were kept, rising.
        along_training: a method: these, and None for the net as it ended.
        model_at: a method: the net after one of them.
        history: a DataFrame of losses and errors by epoch.
        label_counts: a DataFrame of labels.csv, images by true class and label; empty where all labels are true.
        measures: a DataFrame of measures.csv; empty before `genlab measure`.
        measure_table: a method: the DataFrame of a measure that is a table.
        compression: a DataFrame of compression.csv; empty before `genlab compress`.
        compression_layers: a DataFrame of compression_layers.csv, the same by layer; empty before `genlab compress`.
        bounds: a DataFrame of bounds.csv; empty before `genlab bounds`.
    """

    directory: RunDirectory
    data_dir: Path

    def __repr__(self) -> str:
        return f"<FinishedRun {run_line(self.directory)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return run_html(self.directory)

    @cached_property
    def config(self) -> TrainConfig:
        """The resolved config.

        Raises:
            GenlabError: it is another run's, by its id: changed since, or damaged where it still reads as a config.
        """
        config, run = load_train_config(str(self.directory.config)).config, self.directory
        own = read_status(run)["id"]
        if config.data.own_files is None and (made := run_id(config)) != own:
            what = f"is not the config of this run: it makes run {made}, and this is {own}"
            raise GenlabError(
                f"{run.config}: {what}; put the original back, or train that run: genlab train {run.path}"
            )
        return config

    @cached_property
    def dataset(self) -> Dataset:
        """Images and labels exactly as the run had them, on the CPU."""
        dataset = build_dataset(self.config.data, seed=self.config.seed, data_dir=self.data_dir)
        if dataset.fingerprint and run_id(self.config, dataset.fingerprint) != self.directory.run_id:
            data, remedy = self.config.data, "put the original ones back, or train a new run on these"
            what = "labels" if data.path is None else "images" if data.labels.file is None else "images or labels"
            where = self.data_dir / str(data.path or data.labels.file)
            raise DataMissingError(f"{where}: its {what} are not those of {self.directory.path.name}; {remedy}")
        return dataset

    @cached_property
    def model(self) -> nn.Module:
        """The net at the end of training, in evaluation mode, on the CPU."""
        return self._model_with(self.directory.final)

    @cached_property
    def initial_model(self) -> nn.Module | None:
        """The net at initialisation; None where its weights were not kept."""
        kept = (path for path in (self.directory.initial, self.directory.weights_at(0)) if path.exists())
        return next(map(self._model_with, kept), None)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Those whose weights were kept by `execution.keep_weights_at`, rising."""
        return self.directory.kept_epochs()

    def along_training(self) -> list[int | None]:
        """What `--at-epochs` is about: every epoch whose weights were kept, and None for the net as it ended.

        Without the latter where the run keeps no final weights.

        Raises:
            GenlabError: no weights at epochs were kept.
        """
        if not self.epochs:
            path = self.directory.path
            remedy = f"genlab train {path} --force execution.keep_weights_at=[0,1,2,4]"
            raise GenlabError(f"{path}: keeps no weights at epochs; `{remedy}` trains it again and keeps them")
        return [*self.epochs, *([] if self.config.execution.keep == "none" else [None])]

    def model_at(self, epoch: int | None) -> nn.Module:
        """The net after an epoch whose weights were kept, or for None at the end, in evaluation mode, on the CPU.

        Raises:
            GenlabError: they were not kept, or their file is damaged.
        """
        if epoch is None:
            return self.model
        path = self.directory.weights_at(epoch)
        if not path.exists():
            raise GenlabError(f"{path}: {not_kept(self.directory, [epoch])}")
        return self._model_with(path)

    @property
    def history(self) -> pd.DataFrame:
        """Losses and errors by epoch."""
        if not self.directory.history.exists():
            raise GenlabError(f"{self.directory.history}: is missing; {HISTORY_REMEDY}")
        return table_frame(self.directory, "history", HISTORY_REMEDY)

    @property
    def label_counts(self) -> pd.DataFrame:
        """The rows of labels.csv: images by true class and label; empty where all labels are true."""
        return table_frame(self.directory, "labels", HISTORY_REMEDY)

    @property
    def measures(self) -> pd.DataFrame:
        """The rows of measures.csv; empty before `genlab measure`. `epoch` is NaN for the net as it ended."""
        return table_frame(self.directory, "measures")

    @property
    def compression(self) -> pd.DataFrame:
        """The rows of compression.csv; empty before `genlab compress`."""
        return table_frame(self.directory, "compression")

    @property
    def compression_layers(self) -> pd.DataFrame:
        """The rows of compression_layers.csv; empty before `genlab compress`."""
        return table_frame(self.directory, "compression_layers")

    @property
    def bounds(self) -> pd.DataFrame:
        """The rows of bounds.csv; empty before `genlab bounds`."""
        return table_frame(self.directory, "bounds")

    def measure_table(self, measure: str) -> pd.DataFrame:
        """The rows of a measure that is a table, with `epoch` and `options` in front; empty before it is measured."""
        return table_frame(self.directory, f"measures/{measure}")

    def _model_with(self, weights: Path) -> nn.Module:
        dataset, config = self.dataset, self.config
        model = net_of_run(config.model, dataset, seed=config.seed)
        remedy = f"train the run again: genlab train {self.directory.path} --force"
        if not weights.exists() and self.config.execution.keep == "none":
            raise GenlabError(f"{weights}: was not kept (execution.keep: none); {remedy} execution.keep=all")
        tensors, _ = load_tensors(weights, remedy)
        load_into(model, tensors, weights)
        return model.eval()


def load_run(
    run: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    *,
    runs: str | os.PathLike[str] | None = None,
) -> FinishedRun:
    """A finished run by its directory, id, the first letters of its id, or its name, as the command line takes it.

    Args:
        run: which.
        data_dir: where its data set lies; `GENLAB_DATA` or `data` where not given.
        runs: the directory in which ids and names are looked up; `GENLAB_RUNS` or `runs` where not given.

    Raises:
        GenlabError: there is no such run, several have the name (each is told with what it differs in), or it is not
            finished.
    """
    directory = find_run(runs_folder(runs), os.fspath(run))
    status = read_status(directory)
    if status["status"] != "finished":
        remedy = f"`genlab train {directory.path}` goes on with it"
        raise GenlabError(f"{directory.path}: is {status['status']}, not finished; {remedy}")
    # As before, the whole path, so that a notebook may change its directory.
    resolved = RunDirectory(directory.path.resolve())
    return FinishedRun(resolved, Path(data_dir or os.environ.get("GENLAB_DATA", "data")))
