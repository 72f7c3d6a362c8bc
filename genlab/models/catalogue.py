"""Every net by its name in a config: how it is built, and where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import BaseModel

from genlab.config.schema.model import image_size_problem
from genlab.errors import ConfigError
from genlab.models.dropout import Chain
from genlab.models.googlenet import googlenet
from genlab.models.inception_v3 import inception_v3
from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.models.small_alexnet import small_alexnet
from genlab.models.small_inception import small_inception
from genlab.models.vgg import neyshabur_vgg, vgg
from genlab.models.wide_resnet import wide_resnet


@dataclass(frozen=True)
class ModelEntry:
    """A net of the catalogue: its builder, a line on it and its paper."""

    build: Callable[..., Chain]
    about: str
    paper: str


MODELS: dict[str, ModelEntry] = {
    "mlp": ModelEntry(mlp, "A multilayer perceptron with ReLU and any widths.", "Zhang et al. 2017, arXiv:1611.03530"),
    "vgg": ModelEntry(vgg, "A VGG-11, 13, 16 or 19 for 32x32 images.", "Simonyan and Zisserman 2015, arXiv:1409.1556"),
    "neyshabur_vgg": ModelEntry(
        neyshabur_vgg,
        "A modified VGG of 8 convolutions and 2 linear layers.",
        "Neyshabur et al. 2017, arXiv:1706.08947",
    ),
    "small_inception": ModelEntry(
        small_inception, "small Inception, with or without batch norm", "Zhang et al. 2017, arXiv:1611.03530"
    ),
    "small_alexnet": ModelEntry(
        small_alexnet, "small AlexNet with response normalisation", "Zhang et al. 2017, arXiv:1611.03530"
    ),
    "wide_resnet": ModelEntry(
        wide_resnet, "wide residual net, WRN-28-1 as it stands", "Zagoruyko and Komodakis 2016, arXiv:1605.07146"
    ),
    "inception_v3": ModelEntry(
        inception_v3, "Inception v3 of torchvision, images from 75x75", "Szegedy et al. 2016, arXiv:1512.00567"
    ),
    "googlenet": ModelEntry(
        googlenet, "GoogLeNet of torchvision, images from 15x15", "Szegedy et al. 2015, arXiv:1409.4842"
    ),
}


def build_model(
    config: BaseModel, input_shape: tuple[int, int, int], classes: int, *, generator: torch.Generator
) -> Chain:
    """The net that the model section of a config asks for, initialised, on the CPU in float32.

    Args:
        config: one of the model sections of `genlab.config.schema.model`.
        input_shape: `[channels, height, width]` of one image.
        generator: on the CPU; the same draws give the same weights on every device.

    Raises:
        ConfigError: the net takes images of another size.
    """
    arguments: dict[str, Any] = config.model_dump()
    name = arguments.pop("name")
    scheme, scale = arguments.pop("initialisation"), arguments.pop("init_scale")
    if message := image_size_problem(name, input_shape[1], input_shape[2]):
        raise ConfigError.at("model.name", message)
    with torch.device("meta"):  # constructors would draw from torch's global generator, for weights that are not used
        model = MODELS[name].build(input_shape, classes, **arguments)
    model.to_empty(device="cpu")
    initialise(model, scheme, scale, generator=generator)
    return model
