"""Which runs can train together, how many of them fit into memory, and how many at once are fastest."""

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.batches import TrainBatches
from genlab.data.dataset import Dataset
from genlab.data.stacked import StackedBatches, StackedDataset
from genlab.randomness import generator_for
from genlab.training.memory import available_memory_bytes
from genlab.training.nets import Batches, Nets
from genlab.training.optimisers import build_optimiser
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.stacked_mlp import is_mlp
from genlab.training.stacked_nets import EVALUATION_BATCHES, StackedNets
from genlab.training.threads import available_threads, choose_threads

# What nets that train together may differ in, besides the seed: their labels, the sizes of their steps, their end and
# their beginning.
FREE = (
    "data.labels",
    "training.optimiser.learning_rate",
    "training.optimiser.weight_decay",
    "training.schedule",
    "training.stop",
    "training.evaluate_every",
    "model.initialisation",
    "model.init_scale",
)
# Sizes tried: each is a short measurement, and between two of them the time a net changes little.
SIZES = (4, 16, 64, 256)
# Together must save a tenth, as a short measurement has an error.
WORTHWHILE = 0.9
# The part of the free memory that a group may take; the rest is for what a measurement of a moment cannot know.
MEMORY_SHARE = 0.5


def group_key(config: TrainConfig) -> str | None:
    """What runs must have in common to train together, as text; None for a run that trains on its own.

    Nets with batch norm under bfloat16 do: `torch.func` cannot mix the two there. So do compiled nets.
    """
    if config.execution.compile or (config.training.precision == "bfloat16" and config.model.name != "mlp"):
        return None
    shared: dict[str, Any] = config.model_dump(mode="json", exclude={"name"})
    if config.data.test_fraction is None:  # of which the seed decides the test set
        shared.pop("seed")
    for path in FREE:
        *sections, last = path.split(".")
        inner = shared
        for section in sections:
            inner = inner.get(section, {})
        inner.pop(last, None)
    return json.dumps(shared, sort_keys=True)


def nets_that_fit(
    config: TrainConfig,
    dataset: Dataset,
    model: nn.Module,
    *,
    evaluation_batch: int,
    device: torch.device,
    limit: int | None = None,
) -> int:
    """How many nets of a kind fit side by side into half of the memory that is free, at least 1.

    Args:
        dataset: of one of them.
        model: one of them.
        limit: bytes, in place of what is measured.
    """
    free = available_memory_bytes(device) if limit is None else limit
    shared, each = stack_bytes(config, dataset, model, evaluation_batch=evaluation_batch)
    return max(1, int((MEMORY_SHARE * free - shared) / each))


def stack_bytes(config: TrainConfig, dataset: Dataset, model: nn.Module, *, evaluation_batch: int) -> tuple[int, int]:
    """Bytes that nets side by side take together whatever their number, and that each net adds.

    From shapes: weights, a gradient and what the optimiser remembers; activations of a training step forward and
    backward, and of an evaluation; images of a batch as integers and floats; the order and the labels of an epoch. The
    images themselves are there once, a copy in floats included where one is kept.
    """
    weights = sum(tensor.numel() for tensor in model.state_dict().values())
    copies = 2 + {"sgd": 1, "adam": 2}[config.training.optimiser.name]
    image = dataset.input_shape[0] * dataset.input_shape[1] * dataset.input_shape[2]
    activations = activation_numbers(model, dataset.input_shape)
    batch = min(config.training.batch_size, len(dataset.train_images)) + 1
    seen = max(batch, EVALUATION_BATCHES * evaluation_batch // 8)
    steps = batch * (3 * activations + 3 * image)
    evaluation = seen * (2 * activations + 2 * image)
    each = 4 * (copies * weights + max(steps, evaluation)) + 40 * len(dataset.train_images)
    images = dataset.train_images.numel() + dataset.test_images.numel()
    together = 4 * EVALUATION_BATCHES * evaluation_batch * (activations + 2 * image)
    return 5 * images + together, each


def activation_numbers(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Numbers that the modules of a net put out for one image, all together."""
    counts: list[int] = []
    leaves = [module for module in model.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(lambda _m, _i, output: counts.append(output.numel())) for leaf in leaves]
    mode = model.training
    with torch.inference_mode():
        model.eval()(torch.zeros(1, *input_shape, device=next(model.parameters()).device))
    model.train(mode)
    for hook in hooks:
        hook.remove()
    return sum(counts)


def fastest_group(
    config: TrainConfig,
    dataset: Dataset,
    model: nn.Module,
    most: int,
    *,
    evaluation_batch: int,
    threads: int | None,
) -> int:
    """How many nets to train together, at most `most`: by a short measurement of steps on copies; 1 for none.

    On a CPU nets that are no perceptrons train alone: their convolutions are no faster side by side.

    Args:
        dataset, model: of one net, on their device.
        threads: of the CPU; None to try which number is fastest, for one net and for each group.
    """
    device = dataset.train_images.device
    if most < 2 or (device.type == "cpu" and not is_mlp(model)):
        return 1
    available = threads or available_threads() if device.type == "cpu" else 1
    alone, images = _single(config, dataset, model, evaluation_batch)
    best, fastest = 1, WORTHWHILE * _seconds(alone, images, 1, config, available, device)
    for size in sorted({size for size in SIZES if size < most} | {most if most <= SIZES[-1] else SIZES[-1]}):
        nets, batches = _stack(config, dataset, model, size, evaluation_batch)
        seconds = _seconds(nets, batches, size, config, available, device) / size
        if seconds < fastest:
            best, fastest = size, seconds
    return best


def threads_of_group(nets: Nets, batches: Batches[Any], count: int, config: TrainConfig, device: torch.device) -> int:
    """The number of CPU threads on which nets side by side are fastest; their weights are changed by trying."""
    available = available_threads() if device.type == "cpu" else 1
    return choose_threads(_stepper(nets, batches, count, config, device), available)[0] if available > 1 else 1


def _seconds(
    nets: Nets, batches: Batches[Any], count: int, config: TrainConfig, available: int, device: torch.device
) -> float:
    """The fastest seconds of a step, at the best number of threads."""
    return min(choose_threads(_stepper(nets, batches, count, config, device), available)[1].values())


def _stepper(
    nets: Nets, batches: Batches[Any], count: int, config: TrainConfig, device: torch.device
) -> Callable[[], None]:
    draws = batches.draw(_generators(count, "batches"), _generators(count, "augmentation"))
    size = min(config.training.batch_size, len(batches))
    positions = max(1, len(batches) // size)
    place = 0

    def step() -> None:
        nonlocal place
        start = size * (place % positions)
        place += 1
        images, labels = batches.batch(draws, start, start + size)
        generators = _generators(count, "dropout", device) if nets.draws else None
        nets.step(images, labels, [1e-6] * count, generators)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def _single(
    config: TrainConfig, dataset: Dataset, model: nn.Module, evaluation_batch: int
) -> tuple[Nets, Batches[Any]]:
    scratch = copy.deepcopy(model)
    optimiser = build_optimiser(scratch.parameters(), **config.training.optimiser.model_dump())
    bfloat16 = config.training.precision == "bfloat16"
    nets = SingleNet(scratch, optimiser, dataset, evaluation_batch=evaluation_batch, bfloat16=bfloat16)
    return nets, SingleBatches(TrainBatches(dataset))


def _stack(
    config: TrainConfig, dataset: Dataset, model: nn.Module, size: int, evaluation_batch: int
) -> tuple[Nets, Batches[Any]]:
    """So many copies of one net on its images."""
    rows = torch.arange(len(dataset.train_images), device=dataset.train_images.device).expand(size, -1)
    labels, true = dataset.train_labels.expand(size, -1), dataset.true_labels.expand(size, -1)
    data = StackedDataset(dataset, rows, labels, true)
    settings = [config.training.optimiser.model_dump()] * size
    bfloat16 = config.training.precision == "bfloat16"
    nets = StackedNets([model] * size, settings, data, evaluation_batch=evaluation_batch, bfloat16=bfloat16)
    return nets, StackedBatches(data)


def _generators(count: int, stream: str, device: torch.device | str = "cpu") -> Sequence[torch.Generator]:
    return [generator_for(seed, stream, 0, device=device) for seed in range(count)]
