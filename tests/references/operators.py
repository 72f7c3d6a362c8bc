"""The linear map of each layer as an explicit matrix from flattened input to flattened output, entry by entry."""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg


def convolution_matrix(
    weight: np.ndarray, input_shape: tuple[int, int, int], stride: int, padding: int
) -> scipy.sparse.csr_matrix:
    """The matrix of out[o, y, x] = sum over c, i, j of in[c, y s + i - padding, x s + j - padding] w[o, c, i, j]."""
    channels, height, width = input_shape
    out_channels, _, kernel_height, kernel_width = weight.shape
    out_height = (height + 2 * padding - kernel_height) // stride + 1
    out_width = (width + 2 * padding - kernel_width) // stride + 1
    entries: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    for o, y, x in np.ndindex(out_channels, out_height, out_width):
        for c, i, j in np.ndindex(channels, kernel_height, kernel_width):
            in_y, in_x = y * stride + i - padding, x * stride + j - padding
            if 0 <= in_y < height and 0 <= in_x < width:
                rows.append((o * out_height + y) * out_width + x)
                columns.append((c * height + in_y) * width + in_x)
                entries.append(float(weight[o, c, i, j]))
    shape = (out_channels * out_height * out_width, channels * height * width)
    return scipy.sparse.csr_matrix((entries, (rows, columns)), shape=shape)


def circular_matrix(weight: np.ndarray, input_shape: tuple[int, int, int], stride: int) -> scipy.sparse.csr_matrix:
    """The matrix of out[o, y, x] = sum over c, i, j of in[c, (y s + i) mod h, (x s + j) mod w] weight[o, c, i, j]."""
    channels, height, width = input_shape
    out_channels, _, kernel_height, kernel_width = weight.shape
    out_height, out_width = height // stride, width // stride
    entries: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    for o, y, x in np.ndindex(out_channels, out_height, out_width):
        for c, i, j in np.ndindex(channels, kernel_height, kernel_width):
            rows.append((o * out_height + y) * out_width + x)
            columns.append((c * height + (y * stride + i) % height) * width + (x * stride + j) % width)
            entries.append(float(weight[o, c, i, j]))
    shape = (out_channels * out_height * out_width, channels * height * width)
    # Entries of the same place add up, where a kernel larger than the map winds around it.
    return scipy.sparse.csr_matrix((entries, (rows, columns)), shape=shape)


def pooling_matrix(input_shape: tuple[int, int, int], size: int, entry: float) -> scipy.sparse.csr_matrix:
    """The matrix that adds up windows of size x size, each cell times `entry`: 1 for a sum, 1/size^2 for a mean."""
    channels, height, width = input_shape
    out_height, out_width = height // size, width // size
    rows: list[int] = []
    columns: list[int] = []
    for c, y, x, i, j in np.ndindex(channels, out_height, out_width, size, size):
        rows.append((c * out_height + y) * out_width + x)
        columns.append((c * height + y * size + i) * width + x * size + j)
    shape = (channels * out_height * out_width, channels * height * width)
    return scipy.sparse.csr_matrix(([entry] * len(rows), (rows, columns)), shape=shape)


def layer_matrix(layer: dict, input_shape: tuple[int, ...]) -> scipy.sparse.csr_matrix:
    """The matrix of a linear or convolutional layer at the size of input that it sees, bias left out."""
    if layer["kind"] == "linear":
        return scipy.sparse.csr_matrix(layer["weight"])
    channels, height, width = input_shape
    return convolution_matrix(layer["weight"], (channels, height, width), layer["stride"], layer["padding"])


def circular_layer_matrix(layer: dict, input_shape: tuple[int, ...]) -> scipy.sparse.csr_matrix:
    """The same with the edges of a convolution's input joined."""
    if layer["kind"] == "linear":
        return scipy.sparse.csr_matrix(layer["weight"])
    channels, height, width = input_shape
    return circular_matrix(layer["weight"], (channels, height, width), layer["stride"])


def largest_singular_value(matrix: scipy.sparse.csr_matrix, dense_up_to: int = 400) -> float:
    """From all singular values of the dense matrix; of a large one from ARPACK's, at machine precision.

    The dense decomposition of a 3072 x 3072 matrix takes 6 s a matrix on one core, so there are two ways; a test beside
    this file holds them against each other.
    """
    if min(matrix.shape) <= dense_up_to:
        return float(np.linalg.svd(matrix.toarray(), compute_uv=False)[0])
    start = np.random.default_rng(0).standard_normal(min(matrix.shape))
    return float(scipy.sparse.linalg.svds(matrix, k=1, ncv=60, tol=0, v0=start, return_singular_vectors=False)[0])
