"""Which runs can train together, and how many of them fit into memory."""

import json
from typing import Any

import torch
from torch import nn

from genlab.config.schema import TrainConfig
from genlab.data.dataset import Dataset
from genlab.hardware.memory import available_memory_bytes
from genlab.training.together.stacked_nets import EVALUATION_BATCHES

# What nets that train together may differ in, besides the seed: their labels, the sizes of their steps, their end and
# their beginning.
FREE = (
    "data.labels.corruption",
    "training.optimiser.learning_rate",
    "training.optimiser.weight_decay",
    "training.schedule",
    "training.stop",
    "training.evaluate_every",
    "model.initialisation",
    "model.init_scale",
)
# The part of the free memory that a group may take; the rest is for what a measurement of a moment cannot know.
MEMORY_SHARE = 0.5


def group_key(config: TrainConfig) -> str | None:
    """What runs must have in common to train together, as text; None for a run that trains on its own.

    Nets with batch norm under bfloat16 do: `torch.func` cannot mix the two there. So do compiled nets, and those that
    come from data by another procedure than gradient descent.
    """
    if config.training.procedure != "gradient" or config.execution.compile:
        return None
    if config.gradient.precision == "bfloat16" and config.model.name != "mlp":
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
    copies = 2 + {"sgd": 1, "adam": 2}[config.gradient.optimiser.name]
    image = dataset.input_shape[0] * dataset.input_shape[1] * dataset.input_shape[2]
    activations = activation_numbers(model, dataset.input_shape)
    batch = min(config.gradient.batch_size, len(dataset.train_images)) + 1
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
