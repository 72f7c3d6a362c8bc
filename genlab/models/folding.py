"""Batch norm, and whatever else multiplies each channel by a number, made part of the weights before it."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.models.traversal import SAME_OUTPUTS, WEIGHT_TYPES, Call, probe, record_calls

# Modules that in evaluation normalise by running statistics, or by those of each image where they keep none.
NORM_TYPES = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
)


class FoldingError(ValueError):
    """A norm that cannot be made part of the weights before it; the message says which, or by how much it fails."""


def folded(model: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    """A copy of the net in float64 and evaluation mode in which batch norm is part of the weights before it.

    With y = gamma (Wx + b - mean) / s + beta and s = sqrt(var + eps), the folded layer has weight (gamma/s) W and bias
    beta + (gamma/s)(b - mean); batch norm becomes `nn.Identity`. The same is done to synchronised batch norm, to
    instance norm that keeps running statistics, and to any other module that follows a weight layer and in evaluation
    takes each channel x to a x + b, as frozen batch norm does, whatever its class: found by calling it. Checked by a
    forward pass of random images, which must agree to 1e-9 relative to the largest output.

    Args:
        model: a net in which each batch norm takes the output of one weight layer directly; not changed.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        FoldingError: a batch norm follows something else than a weight layer or has no running statistics, or the
            outputs do not agree.
        ValueError: the outputs are not finite, or others each time.
    """
    original = copy.deepcopy(model).double().eval()
    result = copy.deepcopy(original)
    # The layer whose output a tensor is, up to what has been folded into it.
    layers: dict[int, nn.Module] = {}
    for call in (calls := record_calls(result, input_shape)):
        before = layers.get(id(call.inputs))
        if isinstance(call.module, WEIGHT_TYPES):
            layers[id(call.output)] = call.module
            continue
        if isinstance(call.module, NORM_TYPES):
            change: Change | None = _of_statistics(call)
            if before is None:
                raise FoldingError(f"{_kind(call)} does not directly follow a linear or convolutional layer")
        else:
            change = None if before is None else channelwise(call.module, call.inputs)
        if before is None or change is None:
            continue
        _fold(before, change)
        layers[id(call.output)] = before
        result.set_submodule(call.name, nn.Identity().eval())
    del calls  # which kept the tensors, and so their ids, until here
    _check_equal(original, result, input_shape)
    return result


@dataclass(frozen=True)
class Change:
    """What is done to each channel: x becomes scale (x - centre) + shift, all `[channels]`."""

    scale: Tensor
    centre: Tensor
    shift: Tensor


@torch.no_grad()
def channelwise(module: nn.Module, inputs: Tensor) -> Change | None:
    """What a module does to each channel, where it takes every x of a channel to a x + b; None where it does not.

    Only modules with numbers of their own, which are no weight layers, are called at all.

    Args:
        module: in evaluation mode and float64, taking one tensor to one.
        inputs: `[1, channels, ...]`, of whose shape it is called.
    """
    if isinstance(module, WEIGHT_TYPES) or not any(True for _ in (*module.parameters(), *module.buffers())):
        return None
    generator = torch.Generator().manual_seed(0)
    probes = torch.randn(4, *inputs.shape[1:], generator=generator).to(inputs)
    try:
        shift, both = (module(fill(inputs)) for fill in (torch.zeros_like, torch.ones_like))
        found = module(probes.clone())
    except Exception:  # it may ask for more than an image
        return None
    if shift.shape != inputs.shape or both.shape != inputs.shape or found.shape != probes.shape:
        return None
    scale = both - shift
    per_channel = [part.reshape(part.shape[1], -1).T for part in (scale, shift)]
    if not all(torch.equal(part, part[:1].expand_as(part)) for part in per_channel):
        return None
    if not torch.allclose(found, scale * probes + shift, rtol=1e-9, atol=1e-12 * float(found.abs().max())):
        return None
    return Change(per_channel[0][0], torch.zeros_like(per_channel[0][0]), per_channel[1][0])


def _kind(call: Call) -> str:
    return f"{'instance' if 'Instance' in type(call.module).__name__ else 'batch'} norm {call.name}"


def _of_statistics(call: Call) -> Change:
    """Scale gamma/s, centre mean and shift beta of a norm with running statistics."""
    norm = call.module
    assert isinstance(norm, NORM_TYPES)
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        if "Instance" in type(norm).__name__:
            raise FoldingError(f"{_kind(call)} cannot be folded: its effect depends on the image")
        raise FoldingError("batch norm without running statistics cannot be folded: its effect depends on the batch")
    gamma = torch.ones_like(mean) if norm.weight is None else norm.weight.detach()
    beta = torch.zeros_like(mean) if norm.bias is None else norm.bias.detach()
    return Change(gamma / torch.sqrt(variance + norm.eps), mean, beta)


@torch.no_grad()
def _fold(layer: nn.Module, change: Change) -> None:
    assert isinstance(layer, WEIGHT_TYPES)
    bias = torch.zeros_like(change.scale) if layer.bias is None else layer.bias
    layer.weight.mul_(change.scale.view(-1, *[1] * (layer.weight.dim() - 1)))
    layer.bias = nn.Parameter(change.shift + change.scale * (bias - change.centre))


@torch.no_grad()
def _check_equal(original: nn.Module, result: nn.Module, input_shape: tuple[int, ...]) -> None:
    images = probe(original, input_shape, 4)
    expected, found = original(images), result(images)
    if not expected.isfinite().all():
        raise ValueError("the net's outputs are not all finite (its weights may be NaN or infinite)")
    largest = expected.abs().max()
    difference = (expected - found).abs().max()
    if not difference <= SAME_OUTPUTS * largest.clamp(min=torch.finfo(torch.float64).tiny):
        if not torch.equal(original(images), expected):
            raise ValueError("the net gives other outputs for the same images each time")
        outputs = f"outputs would change by {difference:.1e} (largest output {largest:.1e})"
        raise FoldingError(f"its batch norm cannot be folded into the layers before it: {outputs}")
