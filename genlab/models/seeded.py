"""The net as a run of a seed begins with it."""

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from genlab.data.batches import all_training_images
from genlab.data.dataset import Dataset
from genlab.models.catalogue import MODELS, build_model
from genlab.randomness import generator_for


def seeded_net(
    config: BaseModel,
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    seed: int,
    device: torch.device | str | None = None,
    images: Tensor | int | None = None,
) -> nn.Module:
    """The net of a model section with the initial weights of a seed, the same on every device.

    Args:
        config: one of the model sections of `genlab.config.schema.model`.
        input_shape: `[channels, height, width]` of one image.
        seed: of the run; weights are drawn from its stream "init".
        device: where it is to be trained or evaluated, with strides of channels_last, in which convolutions are
            fastest there; None for the CPU and torch's usual strides.
        images: as `build_model`.

    Raises:
        ConfigError: the net takes images of another size.
    """
    model = build_model(config, input_shape, classes, generator=generator_for(seed, "init"), images=images)
    return model if device is None else model.to(device).to(memory_format=torch.channels_last)


def net_of_run(
    config: BaseModel, dataset: Dataset, *, seed: int, device: torch.device | str | None = None
) -> nn.Module:
    """The same for a data set, for a net that is made from its training images too (a kernel machine).

    Args:
        dataset: on the CPU.
    """
    made_from = MODELS[config.model_dump()["name"]].made_from
    images: Tensor | int | None = len(dataset.train_images) if made_from == "number" else None
    if made_from == "images":
        images = all_training_images(dataset)
    return seeded_net(config, dataset.input_shape, dataset.classes, seed=seed, device=device, images=images)
