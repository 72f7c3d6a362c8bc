"""The execution choices of a run: made at its first start, stored, repeated by every resume."""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from genlab.config.schema.execution import ExecutionConfig
from genlab.data.batches import TrainBatches
from genlab.errors import ConfigError
from genlab.hardware.devices import resolve_device
from genlab.hardware.threads import available_threads, choose_threads
from genlab.training.net import single_net
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.step import training_step

# Images a batch of an evaluation. Large batches of images fall out of a CPU's cache and are slower there.
EVALUATION_BATCH = {"cpu": 256, "cuda": 2048}


@dataclass(frozen=True)
class ExecutionChoices:
    """What may move the last bit of a result without being science.

    Attributes:
        device: cpu or cuda:N.
        threads: of the CPU; None until it has been measured.
        compile: whether the net is compiled, and how.
        evaluation_batch: images a batch of an evaluation.
    """

    device: str
    threads: int | None
    compile: bool | str
    evaluation_batch: int

    def as_dict(self) -> dict[str, Any]:
        """For provenance.json."""
        return asdict(self)


def execution_choices(
    config: ExecutionConfig, stored: dict[str, Any] | None, *, allow_device_change: bool, say: Callable[[str], None]
) -> ExecutionChoices:
    """The stored choices of a run that has started before, else those of its config.

    A resume on another GPU number is the same kind of device; a resume on another kind needs `allow_device_change`.

    Raises:
        ConfigError: the kind of device differs and may not.
    """
    threads = None if config.threads == "auto" else config.threads
    if stored is None:
        device = resolve_device(config.device)
        return ExecutionChoices(str(device), threads, config.compile, EVALUATION_BATCH[device.type])
    wanted = stored["device"] if config.device == "auto" else config.device
    kind = torch.device(stored["device"]).type
    if config.device == "auto" and (torch.device(wanted).index or 0) >= torch.cuda.device_count() > 0:
        wanted = "cuda:0"  # that GPU is not here, or not one that this process sees, and any other is as good
    missing = kind == "cuda" and not torch.cuda.is_available()
    if torch.device(wanted).type != kind or (missing and config.device == "auto"):
        if not allow_device_change:
            raise ConfigError.at(
                "execution.device",
                f"this run started on {stored['device']}, and another kind of device would change its last bits; "
                "resume it there, or give --allow-device-change",
            )
        device = resolve_device("cpu" if missing and config.device == "auto" else config.device)
        return ExecutionChoices(str(device), threads, config.compile, EVALUATION_BATCH[device.type])
    if threads not in (None, stored["threads"]):
        say(f"execution.threads: {threads} is ignored: a resume repeats the {stored['threads']} of the first start")
    return ExecutionChoices(**stored | {"device": str(resolve_device(wanted))})


def compile_net(model: nn.Module, how: bool | str) -> None:
    """torch.compile a net in place, or leave it.

    Args:
        how: False for not at all, True for the library's default, or the name of one of its modes.
    """
    if how:
        model.compile(mode=None if how is True else how)


def measured_threads(
    model: nn.Module, batches: TrainBatches, batch_size: int, *, optimiser: dict[str, Any], bfloat16: bool
) -> tuple[int, dict[int, float]]:
    """The number of CPU threads on which this net's training step is fastest, measured on a copy of it.

    One for a net on a GPU, whose steps leave the CPU nothing to share out.

    Args:
        optimiser: the arguments of `build_optimiser`.

    Returns:
        The number, and seconds a step at each number tried; none where there is no choice.
    """
    available = available_threads()
    if available == 1 or next(model.parameters()).device.type != "cpu":
        return 1, {}
    scratch = copy.deepcopy(model)
    net = single_net(scratch)
    trial = build_optimiser(net.parameters.values(), **optimiser)
    draws = batches.draw(order_generator=_fixed(), augmentation_generator=_fixed())

    def step() -> None:
        images, labels = batches.batch(draws, 0, min(batch_size, len(batches)))
        training_step(net, trial, images, labels, generator=_fixed(), bfloat16=bfloat16)

    return choose_threads(step, available)


def _fixed() -> torch.Generator:
    return torch.Generator().manual_seed(0)
