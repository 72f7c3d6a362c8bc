"""Gradients of single images' losses, one image and one backward pass at a time."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def of_each_image(net: list[dict], images: np.ndarray, labels: np.ndarray) -> list[dict[str, tuple[Tensor, Tensor]]]:
    """For every image and layer with weights, the gradients of the image's cross-entropy by weight and by bias."""
    tensors = [{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in layer.items()} for layer in net]
    found = []
    for image, label in zip(images, labels, strict=True):
        leaves = []
        for layer in tensors:
            if "weight" in layer:
                layer["weight"] = layer["weight"].detach().requires_grad_()
                layer["bias"] = None if layer["bias"] is None else layer["bias"].detach().requires_grad_()
                leaves.append(layer)
        x = torch.tensor(image)[None]
        for layer in tensors:
            x = apply(layer, x)
        F.cross_entropy(x, torch.tensor([int(label)])).backward()
        nothing = torch.zeros(1, dtype=torch.float64)
        found.append(
            {
                layer["name"]: (layer["weight"].grad, nothing if layer["bias"] is None else layer["bias"].grad)
                for layer in leaves
            }
        )
    return found


def apply(layer: dict, x: Tensor) -> Tensor:
    """One layer on a batch of one image."""
    match layer["kind"]:
        case "linear":
            return F.linear(x, layer["weight"], layer["bias"])
        case "conv":
            return F.conv2d(x, layer["weight"], layer["bias"], layer["stride"], layer["padding"])
        case "relu":
            return F.relu(x)
        case "max_pool":
            return F.max_pool2d(x, layer["size"])
        case "average_pool":
            return F.avg_pool2d(x, layer["size"])
        case "flatten":
            return x.flatten(1)
    raise ValueError(layer["kind"])


def noise(gradients: list[dict[str, tuple[Tensor, Tensor]]]) -> dict[str, float]:
    """By layer and, under "", in all, the mean squared distance of the gradients from their mean."""
    by_layer = {}
    for name in gradients[0]:
        vectors = torch.stack([torch.cat([part.flatten() for part in each[name]]) for each in gradients])
        by_layer[name] = float(((vectors - vectors.mean(0)) ** 2).sum(1).mean())
    return {"": sum(by_layer.values()), **by_layer}


def squared_fisher_rao(net: list[dict], gradients: list[dict[str, tuple[Tensor, Tensor]]]) -> float:
    """Mean over images of the squared inner product of all weights with the gradient by them."""
    weights = {layer["name"]: torch.tensor(layer["weight"]) for layer in net if "weight" in layer}
    products = [sum(float((weights[name] * each[name][0]).sum()) for name in weights) for each in gradients]
    return sum(product**2 for product in products) / len(products)
