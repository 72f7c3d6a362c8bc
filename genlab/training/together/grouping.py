"""Which runs can train together, and how many of them fit into memory."""

import torch
from torch import nn

from genlab.config.groups import common_text
from genlab.config.schema import TrainConfig
from genlab.config.schema.training.gradient import GradientConfig
from genlab.data.dataset import Dataset
from genlab.hardware.memory import available_memory_bytes
from genlab.training.optimisers.catalogue import optimiser_entry
from genlab.training.together.stack import GroupStep
from genlab.training.together.stacked_nets import EVALUATION_BATCHES

# The part of the free memory that a group may take; the rest is for what a measurement of a moment cannot know.
MEMORY_SHARE = 0.5


def group_key(config: TrainConfig) -> str | None:
    """What runs must have in common to train together, as text; None for a run that trains on its own."""
    return None if why_alone(config) else common_text(config)


def why_alone(config: TrainConfig) -> str | None:
    """Why runs of this kind train one at a time, in words; None where they can train together."""
    training = config.training
    if not isinstance(training, GradientConfig):
        return f"the procedure {training.procedure} makes one net at a time"
    if config.execution.compile:
        return "execution.compile is of one net"
    if training.precision == "bfloat16" and config.model.name != "mlp":
        return f"torch.func cannot mix the batch norm of {config.model.name} and bfloat16"
    if optimiser_entry(training.optimiser.name).stacked is None:
        return f"{training.optimiser.name} has no form for many nets at once"
    return None


def nets_that_fit(
    step: GroupStep, dataset: Dataset, model: nn.Module, *, device: torch.device, limit: int | None = None
) -> int:
    """How many nets of a kind fit side by side into half of the memory that is free, at least 1.

    Args:
        step: of one of them, as are the next two.
        limit: bytes, in place of what is measured.
    """
    free = available_memory_bytes(device) if limit is None else limit
    shared, each = stack_bytes(step, dataset, model)
    return max(1, int((MEMORY_SHARE * free - shared) / each))


def stack_bytes(step: GroupStep, dataset: Dataset, model: nn.Module) -> tuple[int, int]:
    """Bytes that nets side by side take together whatever their number, and that each net adds.

    From shapes: weights, a gradient and what the optimiser remembers; activations of a training step forward and
    backward, and of an evaluation; images of a batch as they are kept and as floats; the order and the labels of an
    epoch. The images themselves are there once, a copy in floats included where one is kept.
    """
    weights = sum(tensor.numel() for tensor in model.state_dict().values())
    copies = 2 + optimiser_entry(step.optimiser["name"]).copies
    image = dataset.input_shape[0] * dataset.input_shape[1] * dataset.input_shape[2]
    activations = activation_numbers(model, dataset.input_shape)
    batch = min(step.batch_size, len(dataset.train_images)) + 1
    seen = max(batch, EVALUATION_BATCHES * step.evaluation_batch // 8)
    numbers = batch * (3 * activations + 3 * image)
    evaluation = seen * (2 * activations + 2 * image)
    each = 4 * (copies * weights + max(numbers, evaluation)) + 40 * len(dataset.train_images)
    images = dataset.train_images.numel() + dataset.test_images.numel()
    together = 4 * EVALUATION_BATCHES * step.evaluation_batch * (activations + 2 * image)
    return (dataset.train_images.element_size() + 4) * images + together, each


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
