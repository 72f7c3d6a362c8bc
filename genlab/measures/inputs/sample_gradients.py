"""Gradients of each image's own loss, layer by layer, from one forward and one backward pass a batch.

With a the inputs of a layer (patches of its map, for a convolution) and g the gradient of one image's loss with respect
to the layer's outputs, that image's gradient with respect to the weights is sum_p g_p a_p^T over the positions p of the
map, and with respect to the bias sum_p g_p. So what is wanted of it follows from a and g, which one backward pass of a
whole batch yields for all its images; batch norm is folded, so no image touches another's loss. Exact.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.operator_norm import zero_padding
from genlab.models.traversal import WeightLayer

# Entries of the gradients of single images, or of their Gram matrices, in memory at once: 64 MiB in float64.
ENTRIES_AT_ONCE = 2**23


@dataclass(frozen=True)
class SampleGradients:
    """Gradients of the cross-entropy l_i of each image i, of the whole set, by layer.

    Attributes:
        squared_norms: ||dl_i/dW||^2 + ||dl_i/db||^2 of each image, `[n]`.
        weight_products: <W, dl_i/dW> of each image, biases left out, `[n]`.
        squared_norm_of_mean: the same as the first, of the gradient of the mean loss.
    """

    squared_norms: dict[str, Tensor]
    weight_products: dict[str, Tensor]
    squared_norm_of_mean: dict[str, float]


def per_sample_gradients(
    model: nn.Module, layers: list[WeightLayer], batches: Iterable[tuple[Tensor, Tensor]]
) -> SampleGradients:
    """Norms and products of the gradients of every image, and the norm of their mean.

    Args:
        model: in evaluation mode, without batch norm; not changed.
        layers: its weight layers; every parameter is a weight or bias of theirs.
        batches: images `[b, c, h, w]` in the model's own type and labels `[b]`.

    Raises:
        NotApplicable: a parameter outside of the weight layers, or a convolution padded with something else than zeros
            or unevenly.
    """
    parameters = [p for layer in layers for p in (layer.module.weight, layer.module.bias) if p is not None]
    if {id(p) for p in parameters} != {id(p) for p in model.parameters()}:
        raise NotApplicable("the net has parameters outside of its linear and convolutional layers")
    norms: dict[str, list[Tensor]] = {layer.name: [] for layer in layers}
    products: dict[str, list[Tensor]] = {layer.name: [] for layer in layers}
    sums = [torch.zeros_like(parameter) for parameter in parameters]
    count = 0
    for images, labels in batches:
        with _recorded(layers) as calls:
            logits = model(images)
            slopes = cross_entropy_gradients(logits, labels)
            found = torch.autograd.grad(logits, [*calls.outputs, *parameters], slopes)
        for layer, inputs, outputs, gradients in zip(layers, calls.inputs, calls.outputs, found, strict=False):
            norms[layer.name].append(_squared_norms(layer, inputs, gradients))
            products[layer.name].append(_weight_products(layer, outputs.detach(), gradients))
        sums = [total + gradient for total, gradient in zip(sums, found[len(layers) :], strict=True)]
        count += len(labels)
    squares = {id(p): float((total / count).square().sum()) for p, total in zip(parameters, sums, strict=True)}
    return SampleGradients(
        {name: torch.cat(parts) for name, parts in norms.items()},
        {name: torch.cat(parts) for name, parts in products.items()},
        {layer.name: squares[id(layer.module.weight)] + squares.get(id(layer.module.bias), 0.0) for layer in layers},
    )


def cross_entropy_gradients(logits: Tensor, labels: Tensor) -> Tensor:
    """Gradients `[n, classes]` of each image's cross-entropy with respect to its logits: softmax less the label's 1.

    That of the label is taken as minus the sum of the others, which keeps its digits where the net is nearly certain.
    """
    others = logits.detach().softmax(1).scatter(1, labels.view(-1, 1), 0)
    return others.scatter(1, labels.view(-1, 1), -others.sum(1, keepdim=True))


@dataclass
class _Calls:
    """Inputs and outputs of the layers in one forward pass, in their order."""

    inputs: list[Tensor]
    outputs: list[Tensor]


@contextmanager
def _recorded(layers: list[WeightLayer]) -> Iterator[_Calls]:
    """Keeps what the layers see and give in the one forward pass within; gradients on, of frozen parameters too."""
    calls = _Calls([], [])

    def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        calls.inputs.append(inputs[0].detach())
        calls.outputs.append(output)
        # What follows may work in place; the gradient is wanted with respect to what the layer gave.
        return output.clone()

    handles = [layer.module.register_forward_hook(hook) for layer in layers]
    frozen = [p for layer in layers for p in layer.module.parameters() if not p.requires_grad]
    try:
        for parameter in frozen:
            parameter.requires_grad_(True)
        with torch.enable_grad():
            yield calls
    finally:
        for handle in handles:
            handle.remove()
        for parameter in frozen:
            parameter.requires_grad_(False)


def _weight_products(layer: WeightLayer, outputs: Tensor, gradients: Tensor) -> Tensor:
    """<W, dl_i/dW> of each image: sum_p g_p . W a_p, and W a_p is the layer's output without its bias."""
    bias = layer.module.bias
    if bias is not None:
        shape = (-1, 1, 1) if isinstance(layer.module, nn.Conv2d) else (-1,)
        outputs = outputs - bias.detach().view(shape)
    return (outputs * gradients).flatten(1).sum(1)


def _squared_norms(layer: WeightLayer, inputs: Tensor, gradients: Tensor) -> Tensor:
    """||dl_i/dW||^2 + ||dl_i/db||^2 of each image, `[b]`."""
    module = layer.module
    if isinstance(module, nn.Linear):
        if inputs.dim() == 2:
            return gradients.square().sum(1) * (inputs.square().sum(1) + (module.bias is not None))
        return _of_positions(gradients.flatten(1, -2).mT, inputs.flatten(1, -2).mT, module.bias is not None)
    padding = zero_padding(layer)
    fan_in = module.in_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
    positions = layer.output_shape[1] * layer.output_shape[2]
    chunk = max(1, ENTRIES_AT_ONCE // (module.groups * fan_in * positions))
    found = []
    for maps, slopes in zip(inputs.split(chunk), gradients.split(chunk), strict=True):
        patches = F.unfold(maps, module.kernel_size, module.dilation, padding, module.stride)
        columns = patches.unflatten(1, (module.groups, fan_in)).flatten(0, 1)
        rows = slopes.flatten(2).unflatten(1, (module.groups, -1)).flatten(0, 1)
        squares = _of_positions(rows, columns, module.bias is not None)
        found.append(squares.view(len(maps), module.groups).sum(1))
    return torch.cat(found)


def _of_positions(rows: Tensor, columns: Tensor, bias: bool) -> Tensor:
    """||sum_p g_p a_p^T||_F^2, and with a bias + ||sum_p g_p||^2, for g `[b, out, positions]`, a `[b, in, positions]`.

    By whichever is smaller of the gradient itself and the two Gram matrices over positions, since
    ||G A^T||_F^2 = <G^T G, A^T A>.
    """
    (_, out, positions), fan_in = rows.shape, columns.shape[1]
    grams = positions * (out + fan_in) < out * fan_in
    chunk = max(1, ENTRIES_AT_ONCE // (positions**2 if grams else out * fan_in))
    found = []
    for g, a in zip(rows.split(chunk), columns.split(chunk), strict=True):
        squares = (g.mT @ g) * (a.mT @ a) if grams else (g @ a.mT).square()
        found.append(squares.flatten(1).sum(1))
    squares = torch.cat(found)
    return squares + rows.sum(2).square().sum(1) if bias else squares
