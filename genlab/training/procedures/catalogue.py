"""Every procedure by its name in a config."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from genlab.data.dataset import Dataset
from genlab.training.procedures.construct import construct, require_distinct
from genlab.training.procedures.gradient import fastest_threads, gradient, require_gradient
from genlab.training.procedures.interpolate import interpolate, require_solvable, threads_for_solving
from genlab.training.procedures.none import none, threads_for_evaluation
from genlab.training.procedures.task import Task
from genlab.training.stopping import Ending


def _anything(settings: Any, dataset: Dataset, model: nn.Module) -> None:
    """Nothing is refused."""


@dataclass(frozen=True)
class Procedure:
    """How a net comes from data. Each function takes the procedure's section of the config first.

    Attributes:
        make: does it, and returns how it ended. It writes the rows of the history by `recorder.record` and checkpoints
            by `recorder.save`, and is over with `recorder.end` (finished or diverged), or where `request` has a reason
            with a checkpoint (stopped). One that saves none begins anew after a kill, and must be quick.
        threads: CPU threads to use where the config does not say; of (settings, data set, net), both on their device
            and not to be changed.
        require: refuses what cannot be done, before anything of an earlier run is given up; of the same three. Raises
            `ConfigError`.
    """

    make: Callable[[Any, Task], Ending]
    threads: Callable[[Any, Dataset, nn.Module], int]
    require: Callable[[Any, Dataset, nn.Module], None] = _anything


PROCEDURES: dict[str, Procedure] = {
    "gradient": Procedure(gradient, threads=fastest_threads, require=require_gradient),
    "none": Procedure(none, threads=threads_for_evaluation),
    "construct": Procedure(construct, threads=threads_for_evaluation, require=require_distinct),
    "interpolate": Procedure(interpolate, threads=threads_for_solving, require=require_solvable),
}
