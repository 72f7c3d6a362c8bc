"""Which cells of a sweep train side by side in one process."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from genlab.config.schema import TrainConfig
from genlab.data.catalogue import build_dataset
from genlab.errors import DataMissingError, InterruptedByUserError, PreemptedError
from genlab.models.catalogue import build_model
from genlab.randomness import generator_for
from genlab.rundir.provenance import killed_in_company_of
from genlab.sweeps.ensemble_size import Ensemble
from genlab.sweeps.plan import MISSING, RESUMABLE, RUNNING, PlannedCell
from genlab.training.ensemble import train_together
from genlab.training.execution import execution_choices
from genlab.training.grouping import Group, fastest_group, group_key, nets_that_fit
from genlab.training.progress import Progress

UNFINISHED = (MISSING, RESUMABLE, RUNNING)


class Together:
    """Chooses the company of each cell, and trains it.

    Args:
        ensemble: how many at once: "auto" by memory and a short measurement, "off" one, a number that many at most.
        jobs: processes that share the cells.
        data_dir: of all data sets.
        progress: told of what fails.
        memory: bytes that a group is allowed half of; None for what is free.
    """

    def __init__(self, ensemble: Ensemble, *, jobs: int, data_dir: Path, progress: Progress, memory: int | None = None):
        self._ensemble, self._jobs, self._data_dir, self._progress = ensemble, jobs, data_dir, progress
        self._memory = memory
        self._groups: dict[str, Group] = {}
        self._had: set[str] = set()

    def company(self, first: PlannedCell, pending: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The cells to train at once, `first` before all; itself alone where that is faster, or it is trained.

        Cells whose process was killed in company have half as much the next time: memory may have run out.

        Raises:
            DataMissingError, ConfigError: of the cell's images.
        """
        key = self._key(first)
        if key is None:
            return [first]
        alike = [first, *(p for p in pending if p.run.path != first.run.path and self._key(p) == key)]
        if len(alike) < 2:
            return alike
        if key not in self._groups:
            share = math.ceil(len(alike) / self._jobs)
            self._groups[key] = self._group(first.cell.config, share)
        size = self._groups[key].size
        killed = [killed_in_company_of(p.run) // 2 for p in alike[:size]]
        most = min([size, *(half for half in killed if half)])
        # As many groups as it takes, of equal size: a small one at the end would be a slow one.
        groups = math.ceil(len(alike) / max(1, most))
        return alike[: math.ceil(len(alike) / groups)]

    def train(self, cells: Sequence[PlannedCell], *, runs: Path) -> None:
        """Train cells side by side. Those that are left out, or that a failure of all leaves, train on their own later.

        Raises:
            PreemptedError, InterruptedByUserError: stopped, all saved.
        """
        key = self._key(cells[0])
        lanes = self._groups[key].lanes if key is not None and key in self._groups else 1
        self._had.add(cells[0].run.run_id)
        configs = [p.cell.config for p in cells]
        try:
            outcomes = train_together(configs, runs=runs, data_dir=self._data_dir, progress=self._progress, lanes=lanes)
        except (PreemptedError, InterruptedByUserError, DataMissingError):
            raise
        except Exception as error:
            # Not only what genlab expects: what befalls all of them at once, memory above all, need not befall each.
            text = (str(error).splitlines() or [""])[0]
            self._progress.say(f"{len(cells)} nets together failed ({type(error).__name__}: {text}); now one by one")
            self._had.update(p.run.run_id for p in cells)
            return
        self._had.update(cells[number].run.run_id for number in outcomes)

    def _key(self, planned: PlannedCell) -> str | None:
        if self._ensemble == "off" or planned.state not in UNFINISHED or planned.run.run_id in self._had:
            return None
        return group_key(planned.cell.config)

    def _group(self, config: TrainConfig, most: int) -> Group:
        wanted = most if self._ensemble == "auto" else min(most, int(self._ensemble))
        if wanted < 2:
            return Group(1)
        choices = execution_choices(config.execution, None, allow_device_change=False, say=self._progress.say)
        device = torch.device(choices.device)
        dataset = build_dataset(config.data, seed=config.seed, data_dir=self._data_dir).to(device)
        generator = generator_for(config.seed, "init")
        model = build_model(config.model, dataset.input_shape, dataset.classes, generator=generator)
        model = model.to(device).to(memory_format=torch.channels_last)
        batch = choices.evaluation_batch
        fitting = nets_that_fit(config, dataset, model, evaluation_batch=batch, device=device, limit=self._memory)
        return fastest_group(
            config,
            dataset,
            model,
            min(wanted, fitting),
            evaluation_batch=batch,
            threads=choices.threads,
            always=self._ensemble != "auto",
        )
