"""A plain forward pass of a feed-forward net, for comparison.

A net is a list of dicts, one a layer, in order:

    {"kind": "linear", "weight": [out, in], "bias": [out] or None}
    {"kind": "conv", "weight": [out, in, height, width], "bias": [out] or None, "stride": int, "padding": int}
    {"kind": "batch_norm", "mean": [c], "variance": [c], "scale": [c], "shift": [c], "epsilon": float}
    {"kind": "relu"}, {"kind": "flatten"}
    {"kind": "max_pool", "size": int}, {"kind": "average_pool", "size": int}      (stride = size, no padding)

All arrays are numpy float64. Nothing here is fast.
"""

import numpy as np


def forward(net: list[dict], images: np.ndarray) -> np.ndarray:
    """Outputs `[n, ...]` of a net for images `[n, c, h, w]`, batch norm in evaluation mode."""
    return np.stack([forward_one(net, image) for image in images])


def forward_one(net: list[dict], image: np.ndarray) -> np.ndarray:
    """Output for one image `[c, h, w]`."""
    x = np.asarray(image, dtype=np.float64)
    for layer in net:
        x = apply_layer(layer, x)
    return x


def apply_layer(layer: dict, x: np.ndarray) -> np.ndarray:
    """One layer on one input, by its definition."""
    match layer["kind"]:
        case "linear":
            return layer["weight"] @ x + bias_of(layer)
        case "conv":
            return convolve(x, layer["weight"], layer["stride"], layer["padding"]) + bias_of(layer)[:, None, None]
        case "batch_norm":
            return normalise(layer, x)
        case "relu":
            return np.where(x > 0, x, 0.0)
        case "max_pool":
            return pool(x, layer["size"], np.max)
        case "average_pool":
            return pool(x, layer["size"], np.mean)
        case "flatten":
            return x.reshape(-1)
    raise ValueError(layer["kind"])


def bias_of(layer: dict) -> np.ndarray:
    """The bias, zeros where there is none."""
    return np.zeros(len(layer["weight"])) if layer["bias"] is None else layer["bias"]


def convolve(x: np.ndarray, weight: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """out[o, y, x] = sum over c, i, j of in[c, y s + i - padding, x s + j - padding] w[o, c, i, j], zero outside."""
    channels, height, width = x.shape
    out_channels, _, kernel_height, kernel_width = weight.shape
    padded = np.zeros((channels, height + 2 * padding, width + 2 * padding))
    padded[:, padding : padding + height, padding : padding + width] = x
    out_height = (height + 2 * padding - kernel_height) // stride + 1
    out_width = (width + 2 * padding - kernel_width) // stride + 1
    out = np.zeros((out_channels, out_height, out_width))
    flat = weight.reshape(out_channels, -1)
    for row in range(out_height):
        for column in range(out_width):
            top, left = row * stride, column * stride
            out[:, row, column] = flat @ padded[:, top : top + kernel_height, left : left + kernel_width].reshape(-1)
    return out


def normalise(layer: dict, x: np.ndarray) -> np.ndarray:
    """scale (x - mean) / sqrt(variance + epsilon) + shift, channel by channel."""
    out = np.empty_like(x)
    for c in range(len(x)):
        standardised = (x[c] - layer["mean"][c]) / np.sqrt(layer["variance"][c] + layer["epsilon"])
        out[c] = layer["scale"][c] * standardised + layer["shift"][c]
    return out


def pool(x: np.ndarray, size: int, summary) -> np.ndarray:
    """`summary` over windows of size x size that do not overlap; what does not fill a window is left out."""
    channels, height, width = x.shape
    out = np.zeros((channels, height // size, width // size))
    for c in range(channels):
        for row in range(height // size):
            for column in range(width // size):
                window = x[c, row * size : (row + 1) * size, column * size : (column + 1) * size]
                out[c, row, column] = summary(window)
    return out


def input_shapes(net: list[dict], input_shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shape that each layer sees, by running the net once on zeros."""
    x, shapes = np.zeros(input_shape), []
    for layer in net:
        shapes.append(x.shape)
        x = apply_layer(layer, x)
    return shapes
