"""Operator norms of convolutions against power iteration and a dense decomposition; a path norm against products."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from genlab.config.schema.model import MLPConfig, VGGConfig
from genlab.linalg.conv_spectrum import convolution_operator_norm
from genlab.measures.path_norms import log_l2_path_norm
from genlab.models.catalogue import build_model
from genlab.models.traversal import WeightLayer, weight_layers
from genlab.randomness import generator_for
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.sizes import Sizes

SHAPE, MLP_SHAPE, CLASSES = (3, 32, 32), (1, 28, 28), 10
DENSE_COLUMNS = 1024
PATH_CALLS = 20


class ConvolutionNorms:
    """The norms of some convolutions of a VGG-11.

    Args:
        norm: of a layer.
        width: width multiplier of the net.
        first_small: only the first layer with at most 1024 inputs.
    """

    def __init__(self, norm: Callable[[WeightLayer], float], width: float, first_small: bool):
        config = VGGConfig(name="vgg", width_multiplier=width)
        model = build_model(config, SHAPE, CLASSES, generator=generator_for(0, "init"))
        layers = [layer for layer in weight_layers(model, SHAPE) if isinstance(layer.module, nn.Conv2d)]
        if first_small:
            layers = [layer for layer in layers if _inputs(layer) <= DENSE_COLUMNS][:1]
        self.norm, self.layers = norm, layers
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> list[float]:
        """The norms."""
        return [self.norm(layer) for layer in self.layers]


def genlab_norm(layer: WeightLayer) -> float:
    """As `genlab measure` computes it, in float64."""
    generator = generator_for(0, "measure", "operator_norm", layer.name)
    return convolution_operator_norm(layer.weight, layer.input_shape[1:], padding=(1, 1), generator=generator).value


class PowerIteration:
    """The usual way: a fixed number of convolutions of one map and back, in float32."""

    def __init__(self, steps: int):
        self.steps = steps

    def __call__(self, layer: WeightLayer) -> float:
        """The norm of one layer."""
        x = torch.randn(1, *layer.input_shape, generator=torch.Generator().manual_seed(0))
        for _ in range(self.steps):
            x = F.conv_transpose2d(F.conv2d(x / x.norm(), layer.weight, padding=1), layer.weight, padding=1)
        return float(F.conv2d(x / x.norm(), layer.weight, padding=1).norm())


def dense_norm(layer: WeightLayer) -> float:
    """The usual way for a small layer: the images of all unit maps, and their singular values, in float64."""
    identity = torch.eye(_inputs(layer), dtype=torch.float64).view(-1, *layer.input_shape)
    return float(torch.linalg.svdvals(F.conv2d(identity, layer.weight.double(), padding=1).flatten(1))[0])


class PathNorm:
    """The logarithm of an MLP's l2-path norm, some times over.

    Args:
        norm: of a net.
        widths: its hidden units.
    """

    def __init__(self, norm: Callable[[nn.Module], float], widths: tuple[int, ...]):
        config = MLPConfig(name="mlp", widths=widths)
        self.model = build_model(config, MLP_SHAPE, CLASSES, generator=generator_for(0, "init")).double().eval()
        self.norm = norm
        self.facts: dict[str, Any] = {}

    def settle(self) -> None:
        """Nothing."""

    def work(self) -> list[float]:
        """The same number each time."""
        return [self.norm(self.model) for _ in range(PATH_CALLS)]


def genlab_path_norm(model: nn.Module) -> float:
    """As `genlab measure` computes it."""
    return log_l2_path_norm(model, MLP_SHAPE)


def multiplied_path_norm(model: nn.Module) -> float:
    """The usual way: all entries of the product of the squared matrices, summed."""
    matrices = [module.weight.detach().square() for module in model.modules() if isinstance(module, nn.Linear)]
    product = matrices[0]
    for matrix in matrices[1:]:
        product = matrix @ product
    return float(product.sum().log())


def norm_contests(sizes: Sizes) -> Iterator[Contest]:
    """Two contests on convolutions and one on paths."""
    width = sizes.vgg_images[0][0]
    yield Contest(
        "conv norms, power iteration",
        Way("usual", ConvolutionNorms, (PowerIteration(sizes.power_steps), width, False)),
        [Way("genlab", ConvolutionNorms, (genlab_norm, width, False))],
        units=1,
        unit="call",
        share=0.3,
        compare=lambda usual, other: f"{sizes.power_steps} steps in float32 are off by {_off(usual, other)}",
    )
    yield Contest(
        "conv norm, dense SVD",
        Way("usual", ConvolutionNorms, (dense_norm, width, True)),
        [Way("genlab", ConvolutionNorms, (genlab_norm, width, True))],
        units=1,
        unit="call",
        share=0.3,
        compare=lambda usual, other: f"off by {_off(usual, other)}",
    )
    yield Contest(
        "path norm, matrix product",
        Way("usual", PathNorm, (multiplied_path_norm, sizes.path_widths)),
        [Way("genlab", PathNorm, (genlab_path_norm, sizes.path_widths))],
        units=PATH_CALLS,
        unit="call",
        compare=lambda usual, other: f"logarithms differ by {abs(other[0] - usual[0]):.0e}",
    )


def _off(usual: list[float], other: list[float]) -> str:
    """The relative error of the usual way where it is largest, genlab's norms being the exact ones."""
    return f"{max((u / o - 1 for u, o in zip(usual, other, strict=True)), key=abs):+.0e} relative"


def _inputs(layer: WeightLayer) -> int:
    return layer.input_shape[0] * layer.input_shape[1] * layer.input_shape[2]
