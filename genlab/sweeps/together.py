"""Which cells of a sweep train side by side in one process."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch

from genlab.config.schema import TrainConfig
from genlab.data.build import build_dataset
from genlab.errors import DataMissingError, InterruptedByUserError, PreemptedError, visible
from genlab.hardware.memory import available_memory_bytes
from genlab.models.seeded import seeded_net
from genlab.rundir.locks import most_locks
from genlab.rundir.provenance import killed_in_group_of
from genlab.signals import raise_if_asked_to_stop
from genlab.sweeps.group_size import GroupSize
from genlab.sweeps.plan import MISSING, RESUMABLE, RUNNING, PlannedCell
from genlab.training.execution import execution_choices
from genlab.training.progress import Progress
from genlab.training.together.fastest_group import NETS_A_LANE, Group, fastest_group
from genlab.training.together.grouping import group_key, nets_that_fit, why_alone
from genlab.training.together.stack import group_step
from genlab.training.together.train_together import train_together

UNFINISHED = (MISSING, RESUMABLE, RUNNING)


class Together:
    """Chooses the group of each cell, and trains it.

    Args:
        group: how many at once: "auto" by memory and a short measurement, "off" one, a number that many at most.
        jobs: processes that share the cells.
        sharing: those of them that share the memory of a GPU or of the CPU with this one.
        data_dir: of all data sets.
        progress: told of what fails.
        memory: bytes that the groups of all that share it are allowed half of; None for what is free.
    """

    def __init__(
        self,
        group: GroupSize,
        *,
        jobs: int,
        data_dir: Path,
        progress: Progress,
        sharing: int = 1,
        memory: int | None = None,
    ):
        self._size, self._jobs, self._data_dir, self._progress = group, jobs, data_dir, progress
        self._sharing, self._memory = sharing, memory
        self._groups: dict[str, Group] = {}
        self._keys: dict[str, str | None] = {}
        # Reasons why nets train one at a time that have been given.
        self._said: set[str] = set()
        # Cells that have had their turn in a group, by run id; what is left of them is done on their own.
        self._had: set[str] = set()

    def group_of(
        self,
        first: PlannedCell,
        pending: Sequence[PlannedCell],
        available: Callable[[PlannedCell], bool] = lambda planned: True,
    ) -> list[PlannedCell]:
        """The cells to train at once, `first` before all; itself alone where that is faster, or it is trained.

        Cells whose process was killed in a group have half as much the next time: memory may have run out.

        Args:
            pending: cells as they were some time ago.
            available: whether one of them can be trained now; asked of no more than it takes.

        Raises:
            DataMissingError: of the cell's images.
        """
        key = self._key(first)
        if key is None or (key in self._groups and self._groups[key].size < 2):
            return [first]
        others = [p for p in pending if p.run.path != first.run.path and self._key(p) == key]
        if not others:
            return [first]
        if key not in self._groups:
            self._groups[key] = self._group(first.cell.config, math.ceil((1 + len(others)) / self._jobs))
        size = self._groups[key].size
        chosen = [first, *islice(filter(available, others), size - 1)]
        most = min([size, *(half for p in chosen if (half := killed_in_group_of(p.run) // 2))])
        # As many groups as it takes, of equal size: a small one at the end would be a slow one.
        left = len(chosen) if len(chosen) < size else 1 + len(others)
        return chosen[: math.ceil(left / math.ceil(left / most))]

    def train(self, cells: Sequence[PlannedCell], *, runs: Path) -> None:
        """Train cells side by side. Those that are left out, or that a failure of all leaves, train on their own later.

        Raises:
            PreemptedError, InterruptedByUserError: stopped, all saved.
        """
        key = self._keys[cells[0].run.run_id]
        assert key is not None
        group = self._groups[key]
        lanes = min(group.lanes, max(1, len(cells) // NETS_A_LANE))
        self._had.add(cells[0].run.run_id)
        configs = [p.cell.config for p in cells]
        try:
            outcomes = train_together(configs, runs=runs, data_dir=self._data_dir, progress=self._progress, lanes=lanes)
        except (PreemptedError, InterruptedByUserError, DataMissingError):
            raise
        except Exception as error:
            raise_if_asked_to_stop()
            # Not only what genlab expects: what befalls all of them at once, memory above all, need befall neither each
            # nor fewer at once.
            self._progress.say(f"{len(cells)} nets together failed ({_in_words(error)}); now one by one")
            self._had.update(p.run.run_id for p in cells)
            self._groups[key] = replace(group, size=min(group.size, max(1, len(cells) // 2)))
            return
        self._had.update(cells[number].run.run_id for number in outcomes)

    def _key(self, planned: PlannedCell) -> str | None:
        if self._size == "off" or planned.state not in UNFINISHED or planned.run.run_id in self._had:
            return None
        run_id = planned.run.run_id
        if run_id not in self._keys:
            self._keys[run_id] = group_key(planned.cell.config)
            self._say_once(why_alone(planned.cell.config))
        return self._keys[run_id]

    def _say_once(self, why: str | None) -> None:
        if why and why not in self._said:
            self._said.add(why)
            self._progress.say(f"one net at a time: {why}")

    def _group(self, config: TrainConfig, most: int) -> Group:
        wanted = min(most, most_locks() if self._size == "auto" else min(most_locks(), int(self._size)))
        if wanted < 2:
            return Group(1)
        try:
            return self._measured(config, wanted)
        except DataMissingError:
            raise
        except Exception as error:
            raise_if_asked_to_stop()
            # A cell is not to fail for what was tried for the sake of speed; what is wrong with itself it will tell.
            self._progress.say(f"{config.name}: one net at a time, as trying several failed ({_in_words(error)})")
            return Group(1)

    def _measured(self, config: TrainConfig, wanted: int) -> Group:
        choices = execution_choices(config.execution, None, allow_device_change=False, say=self._progress.say)
        device = torch.device(choices.device)
        dataset = build_dataset(config.data, seed=config.seed, data_dir=self._data_dir).to(device)
        model = seeded_net(config.model, dataset.input_shape, dataset.classes, seed=config.seed, device=device)
        step = group_step(config, choices.evaluation_batch)
        free = available_memory_bytes(device) if self._memory is None else self._memory
        fitting = nets_that_fit(step, dataset, model, device=device, limit=free // self._sharing)
        return fastest_group(
            step,
            dataset,
            model,
            min(wanted, fitting),
            threads=choices.threads,
            always=self._size != "auto",
        )


def _in_words(error: Exception) -> str:
    # The message itself, of which a GenlabError would write out the ends of lines.
    return visible(f"{type(error).__name__}: {(Exception.__str__(error).splitlines() or [''])[0]}")
