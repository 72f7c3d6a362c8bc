"""Cushions, contraction, noise sensitivity and Jacobians of Arora et al. 2018, with every matrix written out.

A net is a list of dicts as in `tests.references.forward`, without batch norm. Layers are those with weights; x^i is
what layer i gives, before any activation function. All of one image at a time.
"""

import math

import numpy as np
import scipy.sparse

from tests.references.forward import apply_layer
from tests.references.margins import percentile
from tests.references.operators import layer_matrix, pooling_matrix


def positions(net: list[dict]) -> list[int]:
    """Where the layers with weights stand."""
    return [number for number, layer in enumerate(net) if "weight" in layer]


def inputs_of_all(net: list[dict], image: np.ndarray) -> list[np.ndarray]:
    """What each entry of the net is given, and at the end what the net gives."""
    found = [np.asarray(image, dtype=np.float64)]
    for layer in net:
        found.append(apply_layer(layer, found[-1]))
    return found


def layer_cushion(layer: dict, given: np.ndarray, with_bias: bool = False) -> float:
    """||A phi(x)|| / (||A||_F ||phi(x)||), the kernel's norm for a convolution."""
    out = apply_layer(layer if with_bias else {**layer, "bias": None}, given)
    return length(out) / (length(layer["weight"]) * length(given))


def contraction(x: np.ndarray) -> float:
    """||x|| / ||ReLU(x)||."""
    return length(x) / length(np.maximum(x, 0))


def noise_sensitivity(matrix: scipy.sparse.csr_matrix, given: np.ndarray) -> float:
    """||A||_F^2 ||x||^2 / ||A x||^2 with the matrix of the whole linear map."""
    out = matrix @ given.reshape(-1)
    return float(matrix.multiply(matrix).sum()) * length(given) ** 2 / length(out) ** 2


def jacobian(net: list[dict], first: int, last: int, inputs: list[np.ndarray]) -> np.ndarray:
    """Of what entry `first` gives to what entry `last` gives, at the inputs of one image."""
    matrix = scipy.sparse.identity(inputs[first + 1].size, format="csr")
    for number in range(first + 1, last + 1):
        matrix = derivative(net[number], inputs[number]) @ matrix
    return np.asarray(matrix.todense())


def derivative(layer: dict, x: np.ndarray):
    """The matrix of one entry of the net at x."""
    match layer["kind"]:
        case "linear" | "conv":
            return scipy.sparse.csr_matrix(layer_matrix(layer, x.shape))
        case "relu":
            return scipy.sparse.diags((x.reshape(-1) > 0).astype(float))
        case "flatten":
            return scipy.sparse.identity(x.size)
        case "average_pool":
            return pooling_matrix(x.shape, layer["size"], 1 / layer["size"] ** 2)
        case "max_pool":
            return largest_of_windows(x, layer["size"])
    raise ValueError(layer["kind"])


def largest_of_windows(x: np.ndarray, size: int):
    """A row for each window, with a one where its largest number is."""
    channels, height, width = x.shape
    index = np.arange(x.size).reshape(x.shape)
    chosen = []
    for c, row, column in np.ndindex(channels, height // size, width // size):
        window = np.s_[c, row * size : (row + 1) * size, column * size : (column + 1) * size]
        chosen.append(index[window].reshape(-1)[x[window].argmax()])
    ones = np.ones(len(chosen))
    return scipy.sparse.csr_matrix((ones, (np.arange(len(chosen)), chosen)), shape=(len(chosen), x.size))


def interlayer_cushion(matrix: np.ndarray, x: np.ndarray) -> float:
    """sqrt(cells) ||J x|| / (||J||_F ||x||), cells 1 for what has no map."""
    cells = x[0].size if x.ndim == 3 else 1
    return math.sqrt(cells) * length(matrix @ x.reshape(-1)) / (length(matrix) * length(x))


def spread(matrix: np.ndarray, shape: tuple[int, ...]) -> float:
    """The largest norm of the columns that belong to one cell, times sqrt(cells) over the norm of all."""
    if len(shape) == 1:
        return 1.0
    by_cell = (matrix**2).reshape(len(matrix), shape[0], -1).sum(axis=(0, 1))
    return math.sqrt(by_cell.max() * len(by_cell) / by_cell.sum())


def departure(
    net: list[dict], first: int, last: int, inputs: list[np.ndarray], noise: np.ndarray, *, offset: bool
) -> float:
    """||M(x + eta) - J (x + eta)|| ||x|| / (||eta|| ||x^j||); without the offset M(x) - J x if that is left out."""
    x = inputs[first + 1]
    moved = x + noise
    for layer in net[first + 1 : last + 1]:
        moved = apply_layer(layer, moved)
    matrix = jacobian(net, first, last, inputs)
    linear = matrix @ (x + noise).reshape(-1)
    if not offset:
        linear = linear + inputs[last + 1].reshape(-1) - matrix @ x.reshape(-1)
    return length(moved.reshape(-1) - linear) * length(x) / (length(noise) * length(inputs[last + 1]))


def errors_behind(net: list[dict], number: int, inputs: list[np.ndarray], noise: np.ndarray) -> dict[int, float]:
    """||y - x|| / ||x|| of what each later layer gives, by where it stands, with noise on the input of one entry."""
    found, moved = {}, inputs[number] + noise
    for later in range(number, len(net)):
        moved = apply_layer(net[later], moved)
        if "weight" in net[later]:
            found[later] = length(moved - inputs[later + 1]) / length(inputs[later + 1])
    return found


def alignment(layer: dict, given: np.ndarray, directions: np.ndarray) -> list[float]:
    """(v_k . x)^2 / ||x||^2 for each row v_k, of a convolution summed over its patches, one by one."""
    rows = [given] if layer["kind"] == "linear" else patches(layer, given)
    matrix = np.stack([row.reshape(-1) for row in rows])
    whole = length(matrix) ** 2
    return [length(matrix @ direction) ** 2 / whole for direction in directions]


def patches(layer: dict, x: np.ndarray) -> list[np.ndarray]:
    """What the kernel meets at each place, zeros around the map included."""
    _, _, height, width = layer["weight"].shape
    around, step = layer["padding"], layer["stride"]
    padded = np.pad(x, ((0, 0), (around, around), (around, around)))
    return [
        padded[:, top : top + height, left : left + width]
        for top in range(0, padded.shape[1] - height + 1, step)
        for left in range(0, padded.shape[2] - width + 1, step)
    ]


def all_statistics(values: list[float], percent_below: float) -> dict[str, float]:
    """The columns of a table; `percent_below` of the values are below the quantile."""
    return {
        "minimum": min(values),
        "quantile": percentile(values, percent_below),
        "median": percentile(values, 50),
        "mean": sum(values) / len(values),
        "maximum": max(values),
        "n": len(values),
        "left_out": 0,
    }


def length(x: np.ndarray) -> float:
    """The l2 norm of all numbers."""
    return math.sqrt(float((np.asarray(x) ** 2).sum()))
