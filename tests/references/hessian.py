"""The Hessian of the mean cross-entropy as a dense matrix, one second derivative after the other."""

import numpy as np
import torch
import torch.nn.functional as F

WEIGHTS = ("weight", "bias")
SCALES = ("scale", "shift")


def parameter_slices(net: list[dict]) -> list[slice]:
    """Where the parameters of each layer that has any stand in the vector of all, in the order of the layers."""
    slices, start = [], 0
    for layer in net:
        count = sum(np.size(layer[key]) for key in WEIGHTS + SCALES if layer.get(key) is not None)
        if count:
            slices.append(slice(start, start + count))
            start += count
    return slices


def hessian(net: list[dict], images: np.ndarray, labels: list[int]) -> np.ndarray:
    """Second derivatives of the mean over the images of -ln softmax(f(x))_y by every parameter.

    A layer's weight comes first and its bias after it (of batch norm the scale, then the shift), each row by row.
    """
    start = [np.ravel(layer[key]) for layer in net for key in WEIGHTS + SCALES if layer.get(key) is not None]
    point = torch.tensor(np.concatenate(start), dtype=torch.float64, requires_grad=True)
    inputs = torch.tensor(images, dtype=torch.float64)
    total = torch.zeros((), dtype=torch.float64)
    outputs = _forward(net, point, inputs)
    for output, label in zip(outputs, labels, strict=True):
        total = total + torch.logsumexp(output, 0) - output[label]
    (gradient,) = torch.autograd.grad(total / len(labels), point, create_graph=True)
    rows = [torch.autograd.grad(entry, point, retain_graph=True)[0] for entry in gradient]
    return torch.stack(rows).numpy()


def _forward(net: list[dict], point: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    position = 0

    def take(array: np.ndarray | None) -> torch.Tensor | None:
        nonlocal position
        if array is None:
            return None
        part = point[position : position + np.size(array)].reshape(np.shape(array))
        position += np.size(array)
        return part

    for layer in net:
        kind = layer["kind"]
        if kind == "linear":
            weight, bias = take(layer["weight"]), take(layer["bias"])
            x = x @ weight.T + (0 if bias is None else bias)
        elif kind == "conv":
            weight, bias = take(layer["weight"]), take(layer["bias"])
            x = F.conv2d(x, weight, bias, layer["stride"], layer["padding"])
        elif kind == "batch_norm":
            shape = (1, -1, 1, 1) if x.dim() == 4 else (1, -1)
            mean, variance = (torch.tensor(layer[key]).view(shape) for key in ("mean", "variance"))
            scale, shift = take(layer["scale"]), take(layer["shift"])
            x = (x - mean) / torch.sqrt(variance + layer["epsilon"]) * scale.view(shape) + shift.view(shape)
        elif kind == "relu":
            x = x * (x > 0)
        elif kind == "max_pool":
            x = F.max_pool2d(x, layer["size"])
        elif kind == "average_pool":
            x = F.avg_pool2d(x, layer["size"])
        else:
            x = x.flatten(1)
    return x
