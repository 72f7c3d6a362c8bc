"""What a run of a config trains, built as `train_run` builds it, and its steps without the files of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from genlab.config.schema import TrainConfig
from genlab.data.batches import TrainBatches, batch_bounds, evaluation_batches
from genlab.data.build import build_dataset
from genlab.data.dataset import Dataset
from genlab.hardware.devices import arithmetic, require_precision
from genlab.models.seeded import seeded_net
from genlab.randomness import generator_for
from genlab.training.evaluate import evaluate
from genlab.training.execution import ExecutionChoices, execution_choices, measured_threads
from genlab.training.net import Net, single_net
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.optimisers.state import set_learning_rate, state_tensors
from genlab.training.step import training_step

# Batches of an evaluation between two waits for the device; a CPU is never waited for.
EVALUATED_BATCHES = {"cpu": 1, "cuda": 8}


@dataclass(frozen=True)
class Workload:
    """Data, net and optimiser of a config on their device, ready to train.

    Attributes:
        choices: device, threads and size of evaluation batches, as the first start of a run makes them.
        thread_seconds: of a step at each number of threads that was tried; empty where none was.
        initial: weights and buffers as they were at first.
    """

    config: TrainConfig
    choices: ExecutionChoices
    thread_seconds: dict[int, float]
    dataset: Dataset
    batches: TrainBatches
    model: nn.Module
    net: Net
    optimiser: torch.optim.Optimizer
    initial: dict[str, Tensor]

    @property
    def device(self) -> torch.device:
        """Where it trains."""
        return torch.device(self.choices.device)

    @property
    def threads(self) -> int:
        """CPU threads that it trains with."""
        return self.choices.threads or 1

    @property
    def batch_size(self) -> int:
        """Images a step: of the config, or all there are."""
        return min(self.config.gradient.batch_size, len(self.batches))

    @property
    def bfloat16(self) -> bool:
        """Whether the forward pass is under autocast."""
        return self.config.gradient.precision == "bfloat16"

    @torch.no_grad()
    def reset(self) -> None:
        """Back to the initial weights, in place, with an optimiser that remembers nothing.

        So that the length of a measurement decides neither whether training diverges nor how small gradients become.
        """
        for name, tensor in self.model.state_dict().items():
            tensor.copy_(self.initial[name])
        for tensor in state_tensors(self.optimiser).values():
            tensor.zero_()


def prepared(config: TrainConfig, *, data_dir: Path) -> Workload:
    """Everything that a first start of the run would build; its number of threads is left in force.

    Raises:
        ConfigError, DataMissingError: as `train_run` does.
    """
    choices = execution_choices(config.execution, None, allow_device_change=False, say=lambda text: None)
    device = torch.device(choices.device)
    require_precision(config.gradient.precision, device)
    dataset = build_dataset(config.data, seed=config.seed, data_dir=data_dir)
    model = seeded_net(config.model, dataset.input_shape, dataset.classes, seed=config.seed, device=device)
    batches = TrainBatches(dataset := dataset.to(device))
    optimiser_arguments = config.gradient.optimiser.model_dump()
    bfloat16 = config.gradient.precision == "bfloat16"
    thread_seconds: dict[int, float] = {}
    if choices.threads is None:
        threads, thread_seconds = measured_threads(
            model, batches, config.gradient.batch_size, optimiser=optimiser_arguments, bfloat16=bfloat16
        )
        choices = ExecutionChoices(**choices.as_dict() | {"threads": threads})
    torch.set_num_threads(choices.threads or 1)
    net = single_net(model)
    optimiser = build_optimiser(net.parameters.values(), **optimiser_arguments)
    initial = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return Workload(config, choices, thread_seconds, dataset, batches, model, net, optimiser, initial)


def _no_mark(part: str) -> None:
    """Nothing."""


class TrainingSteps:
    """The steps of the training loop from the first, one at each call, at the learning rate of the start.

    Args:
        batch_size: images a step, at most those there are.
        net: the net of the workload, perhaps with a forward pass that is looked at.
        mark: told of the end of each part of a step that ends here: batch and rest.
    """

    def __init__(
        self, workload: Workload, batch_size: int, *, net: Net | None = None, mark: Callable[[str], None] = _no_mark
    ):
        self._workload, self._net, self._mark = workload, net or workload.net, mark
        self._bounds = batch_bounds(len(workload.batches), batch_size)
        self._finite = torch.ones((), dtype=torch.bool, device=workload.device)
        self._done = 0

    def __call__(self) -> int:
        """Do one step; the number of its images."""
        work, seed = self._workload, self._workload.config.seed
        epoch, position = divmod(self._done, len(self._bounds))
        if position == 0:
            self._draws = work.batches.draw(
                order_generator=generator_for(seed, "batches", epoch),
                augmentation_generator=generator_for(seed, "augmentation", epoch),
            )
        begin, end = self._bounds[position]
        images, labels = work.batches.batch(self._draws, begin, end)
        self._mark("batch")
        set_learning_rate(work.optimiser, work.config.gradient.optimiser.learning_rate)
        generator = generator_for(seed, "dropout", self._done, device=work.device) if work.net.draws else None
        loss = training_step(self._net, work.optimiser, images, labels, generator=generator, bfloat16=work.bfloat16)
        self._finite &= torch.isfinite(loss)
        self._done += 1
        self._mark("rest")
        return end - begin


class EvaluationSteps:
    """An evaluation of some batches of training images at each call, as `train_run` evaluates: in float32."""

    def __init__(self, workload: Workload):
        data, batch = workload.dataset, workload.choices.evaluation_batch
        count = batch * EVALUATED_BATCHES[workload.device.type]
        self._workload, self._images, self._labels = workload, data.train_images[:count], data.train_labels[:count]

    def __call__(self) -> int:
        """Evaluate; the number of images."""
        data, batch = self._workload.dataset, self._workload.choices.evaluation_batch
        batches = evaluation_batches(self._images, self._labels, data.normalisation, data.input_size, batch)
        with arithmetic("float32"):
            evaluate(self._workload.net, batches)
        return len(self._images)
