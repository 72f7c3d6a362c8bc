"""Noise that is added to what one layer of a net is given, and what is left of it behind every later layer."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from genlab.measures.inputs.layer_calls import layer_calls
from genlab.measures.inputs.layer_norms import norms_of
from genlab.measures.inputs.sampled_images import ImageNoise
from genlab.models.traversal import WeightLayer, probe


@torch.no_grad()
def relative_errors(
    model: nn.Module,
    layers: list[WeightLayer],
    pairs: list[tuple[int, int]],
    batches: Iterable[Tensor],
    *,
    noise: float,
    draws: int,
    seed: int,
) -> dict[tuple[int, int], Tensor]:
    """By pair (k, l), ||y^l - x^l|| / ||x^l|| of each image, the mean over draws, float64 `[n]`.

    x^l is what layer l gives, y^l what it gives with noise on the input of layer k: a Gaussian vector scaled to the
    norm noise ||input||. NaN where x^l or the input of layer k is zero.

    Args:
        model: an own copy of a net; hooks are put on its layers and taken off again.
        layers: in forward order.
        pairs: which, counted from 0.
        batches: of images `[b, channels, height, width]`.
    """
    parts: dict[tuple[int, int], list[Tensor]] = {pair: [] for pair in pairs}
    generators = ImageNoise(seed)
    for images in batches:
        generators.next_batch(len(images))
        clean = _outputs(model, layers, images)
        for k, layer in enumerate(layers):
            behind = [later for first, later in pairs if first == k]
            sums = {later: torch.zeros(len(images)).to(clean[0]) for later in behind}
            for _ in range(draws):
                with _noisy(layer, generators, noise):
                    moved = _outputs(model, layers, images)
                for later in behind:
                    sums[later] += norms_of(moved[later] - clean[later]) / norms_of(clean[later])
            for later in behind:
                parts[k, later].append(sums[later] / draws)
    return {pair: torch.cat(found) for pair, found in parts.items()}


def reached(model: nn.Module, layers: list[WeightLayer], input_shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The pairs (k, l) of layers in which what k is given has a way to what l gives, k = l among them.

    Args:
        model: an own copy of a net; hooks are put on its layers and taken off again.
        layers: in forward order.
        input_shape: `[channels, height, width]` of one image.
    """
    given: list[Tensor] = []

    def separate(module: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
        given.append(inputs[0].clone())
        return given[-1]

    handles = [layer.module.register_forward_pre_hook(separate) for layer in layers]
    try:
        with torch.enable_grad():
            outputs = _outputs(model, layers, probe(model, input_shape, 1).requires_grad_())
    finally:
        for handle in handles:
            handle.remove()
    pairs = []
    for number, output in enumerate(outputs):
        gradients = torch.autograd.grad(output.sum(), given, retain_graph=True, allow_unused=True)
        pairs += [(k, number) for k, gradient in enumerate(gradients) if gradient is not None]
    return sorted(pairs)


def _outputs(model: nn.Module, layers: list[WeightLayer], images: Tensor) -> list[Tensor]:
    return [output for _, output in layer_calls(model, layers, images)]


@contextmanager
def _noisy(layer: WeightLayer, generators: ImageNoise, noise: float) -> Iterator[None]:
    """Within it a layer is given noise on top of its input."""
    handle = layer.module.register_forward_pre_hook(
        lambda module, inputs: (inputs[0] + generators.like(inputs[0], noise),)
    )
    try:
        yield
    finally:
        handle.remove()
