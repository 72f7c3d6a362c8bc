"""Every net by its name in a config: how it is built, and where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from genlab.config.schema.model import image_size_problem
from genlab.errors import ConfigError
from genlab.models.alexnet import alexnet
from genlab.models.gaussian_kernel import gaussian_kernel_machine
from genlab.models.googlenet import googlenet
from genlab.models.inception_v3 import inception_v3
from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.models.random_features import random_features
from genlab.models.small_alexnet import small_alexnet
from genlab.models.small_googlenet import small_googlenet
from genlab.models.small_inception import small_inception
from genlab.models.theorem1 import theorem1
from genlab.models.vgg import neyshabur_vgg, vgg
from genlab.models.wide_resnet import wide_resnet


@dataclass(frozen=True)
class ModelEntry:
    """A net of the catalogue.

    Attributes:
        build: of input shape, classes and the config's keys; where the net is made from images, of these as the third
            argument and of a generator too, and then it draws its own initial weights.
        about: a line on it.
        paper: where it is from.
        made_from: what of the training images it is built from besides their shape: nothing, their number, or the
            images themselves.
    """

    build: Callable[..., nn.Module]
    about: str
    paper: str
    made_from: Literal["shape", "number", "images"] = "shape"


ZHANG = "Zhang et al. 2017, arXiv:1611.03530"


MODELS: dict[str, ModelEntry] = {
    "mlp": ModelEntry(mlp, "A multilayer perceptron with ReLU and any widths.", ZHANG),
    "vgg": ModelEntry(vgg, "A VGG-11, 13, 16 or 19 for 32x32 images.", "Simonyan and Zisserman 2015, arXiv:1409.1556"),
    "neyshabur_vgg": ModelEntry(
        neyshabur_vgg,
        "A modified VGG of 8 convolutions and 2 linear layers.",
        "Neyshabur et al. 2017, arXiv:1706.08947",
    ),
    "small_inception": ModelEntry(small_inception, "A small Inception, with or without batch norm.", ZHANG),
    "small_alexnet": ModelEntry(small_alexnet, "A small AlexNet with response normalisation.", ZHANG),
    "wide_resnet": ModelEntry(
        wide_resnet, "A wide residual net, WRN-28-1 as it stands.", "Zagoruyko and Komodakis 2016, arXiv:1605.07146"
    ),
    "inception_v3": ModelEntry(
        inception_v3, "Inception v3 of torchvision, for images from 75x75.", "Szegedy et al. 2016, arXiv:1512.00567"
    ),
    "googlenet": ModelEntry(
        googlenet, "GoogLeNet of torchvision, for images from 15x15.", "Szegedy et al. 2015, arXiv:1409.4842"
    ),
    "alexnet": ModelEntry(
        alexnet, "An AlexNet of six layers for 32x32 images, without any norm.", "Arora et al. 2018, arXiv:1802.05296"
    ),
    "small_googlenet": ModelEntry(
        small_googlenet, "GoogLeNet's inception modules for 32x32 images.", "Szegedy et al. 2015, arXiv:1409.4842"
    ),
    "theorem1": ModelEntry(
        theorem1, "A two-layer net with a unit for each training image, which fits any labels.", ZHANG, "number"
    ),
    "gaussian_kernel": ModelEntry(gaussian_kernel_machine, "A Gaussian kernel machine on pixels.", ZHANG, "images"),
    "random_features": ModelEntry(
        random_features, "A linear layer on pooled responses of random filters.", ZHANG, "images"
    ),
}


def build_model(
    config: BaseModel,
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    generator: torch.Generator,
    images: Tensor | int | None = None,
) -> nn.Module:
    """The net that the model section of a config asks for, initialised, on the CPU in float32 (theorem1: float64).

    Args:
        config: one of the model sections of `genlab.config.schema.model`.
        input_shape: `[channels, height, width]` of one image.
        generator: on the CPU; the same draws give the same weights on every device.
        images: for a net that is made from them, the training images as it sees them, float32 `[n, channels, height,
            width]` on the CPU, or their number; see `made_from`.

    Raises:
        ConfigError: the net takes images of another size.
    """
    arguments: dict[str, Any] = config.model_dump()
    name = arguments.pop("name")
    entry = MODELS[name]
    if message := image_size_problem(name, input_shape[1], input_shape[2]):
        raise ConfigError.at("model.name", message)
    if entry.made_from != "shape":
        if images is None:
            raise ValueError(f"{name} is made from the training images, and none were given")
        given = len(images) if entry.made_from == "number" and isinstance(images, Tensor) else images
        return entry.build(input_shape, classes, given, generator=generator, **arguments)
    scheme, scale = arguments.pop("initialisation"), arguments.pop("init_scale")
    with torch.device("meta"):  # constructors would draw from torch's global generator, for weights that are not used
        model = entry.build(input_shape, classes, **arguments)
    model.to_empty(device="cpu")
    initialise(model, scheme, scale, generator=generator)
    return model
