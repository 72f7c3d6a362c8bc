"""The nets of Zhang et al. 2017 (arXiv:1611.03530, appendix A) and the wide residual net of their demonstration.

Written from the layout, image by image and window by window. A layer is a dict:

    {"weight": [out, in, height, width] or [out, in], "bias": [out] or None, "norm": a norm or None}

and a norm {"mean": [c], "variance": [c], "scale": [c], "shift": [c], "epsilon": float}, arrays numpy float64. Layers
and norms come in the order of the layout, branches from left to right. Nothing here is fast.
"""

from collections.abc import Iterator

import numpy as np

from tests.references.forward import convolve, normalise

# A pair is an Inception module, a number a downsample module.
INCEPTION = [(32, 32), (32, 48), 80, (112, 48), (96, 64), (80, 80), (48, 96), 96, (176, 160), (176, 160)]


def small_inception(layers: list[dict], image: np.ndarray) -> np.ndarray:
    """Outputs for one image `[3, 28, 28]`."""
    left = iter(layers)
    x = module(next(left), image)
    for kind in INCEPTION:
        if isinstance(kind, tuple):
            x = np.concatenate([module(next(left), x), module(next(left), x)])
        else:
            x = np.concatenate([module(next(left), x, stride=2), max_pool(x)])
    last = next(left)
    assert next(left, None) is None
    return last["weight"] @ x.mean(axis=(1, 2)) + last["bias"]


def small_alexnet(layers: list[dict], image: np.ndarray) -> np.ndarray:
    """Outputs for one image `[3, 28, 28]`."""
    x = image
    for layer in layers[:2]:
        x = response_normalised(max_pool(module(layer, x)), radius=4, bias=1.0, alpha=0.001 / 9, beta=0.75)
    x = x.reshape(-1)
    for layer in layers[2:4]:
        x = np.maximum(layer["weight"] @ x + layer["bias"], 0)
    return layers[4]["weight"] @ x + layers[4]["bias"]


def wide_resnet(layers: list[dict], norms: list[dict], image: np.ndarray, blocks: int) -> np.ndarray:
    """Outputs for one image `[3, 32, 32]` of a net of three groups of so many blocks.

    Layers: the first convolution; of each block its shortcut where it has one, then its two convolutions; the linear
    layer. Norms: two a block, and the last one.
    """
    left, rest = iter(layers), iter(norms)
    x = convolution(next(left), image, 1)
    for group in range(3):
        for number in range(blocks):
            stride = 2 if group and not number else 1
            before = np.maximum(normalise(next(rest), x), 0)
            first = next(left)
            shortcut = x
            if first["weight"].shape[2] == 1:
                shortcut, first = convolution(first, before, stride), next(left)
            inner = np.maximum(normalise(next(rest), convolution(first, before, stride)), 0)
            x = shortcut + convolution(next(left), inner, 1)
    x = np.maximum(normalise(next(rest), x), 0).mean(axis=(1, 2))
    last = next(left)
    assert next(left, None) is None
    assert next(rest, None) is None
    return last["weight"] @ x + last["bias"]


def module(layer: dict, x: np.ndarray, stride: int = 1) -> np.ndarray:
    """Convolution, batch norm if there is any, ReLU."""
    x = convolution(layer, x, stride)
    return np.maximum(x if layer["norm"] is None else normalise(layer["norm"], x), 0)


def convolution(layer: dict, x: np.ndarray, stride: int) -> np.ndarray:
    """With zeros around the map, as many as keep its size at stride 1."""
    out = convolve(x, layer["weight"], stride, layer["weight"].shape[2] // 2)
    return out if layer["bias"] is None else out + layer["bias"][:, None, None]


def max_pool(x: np.ndarray) -> np.ndarray:
    """The largest of each 3x3 window centred on every second cell; what lies outside of the map does not count."""
    _, height, width = x.shape
    rows = [list(windows(height, row)) for row in range(0, height, 2)]
    columns = [list(windows(width, column)) for column in range(0, width, 2)]
    return np.stack([[x[:, row][:, :, column].max(axis=(1, 2)) for column in columns] for row in rows]).transpose(
        2, 0, 1
    )


def windows(size: int, centre: int) -> Iterator[int]:
    """The cells of a window of three that are inside."""
    return (cell for cell in (centre - 1, centre, centre + 1) if 0 <= cell < size)


def response_normalised(x: np.ndarray, *, radius: int, bias: float, alpha: float, beta: float) -> np.ndarray:
    """x / (bias + alpha sum of squares)^beta over the channel and `radius` on each side, as TensorFlow defines it."""
    out = np.empty_like(x)
    for channel in range(len(x)):
        near = x[max(0, channel - radius) : channel + radius + 1]
        out[channel] = x[channel] / (bias + alpha * (near**2).sum(axis=0)) ** beta
    return out
