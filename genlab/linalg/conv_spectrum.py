"""A two-dimensional convolution as the linear operator it is: on a map of one size, with stride and zero padding."""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.linalg.lanczos import SingularValue, largest_singular_value

# Above this size Lanczos was the faster of the two on a CPU core, at any number of channels tried.
DENSE_SIZE = 256
MAPS_AT_ONCE = 64
TOLERANCE = 1e-10


@dataclass(frozen=True)
class ConvolutionOperator:
    """The linear map of a convolution without bias, from maps `[in, h, w]` to maps `[out, h', w']`, zero padded.

    Attributes:
        weight: `[out, in/groups, kernel height, kernel width]`.
        input_size: height and width of the map that it is applied to.
        stride, padding, dilation: per axis, as in `torch.nn.Conv2d`.
        groups: as in `torch.nn.Conv2d`.
    """

    weight: Tensor
    input_size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """`[in, h, w]`."""
        return (self.weight.shape[1] * self.groups, *self.input_size)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """`[out, h', w']`."""
        height, width = (
            (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
            for size, padding, dilation, kernel, stride in zip(
                self.input_size, self.padding, self.dilation, self.weight.shape[2:], self.stride, strict=True
            )
        )
        return (self.weight.shape[0], height, width)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the operator's matrix."""
        (out, height, width), (fan_in, map_height, map_width) = self.output_shape, self.input_shape
        return out * height * width, fan_in * map_height * map_width

    def apply(self, maps: Tensor) -> Tensor:
        """Images of flattened maps: `[n, columns]` to `[n, rows]`."""
        patches = F.unfold(
            maps.reshape(-1, *self.input_shape), self._kernel_size, self.dilation, self.padding, self.stride
        )
        # [n, groups, in/groups kh kw, positions]
        patches = patches.unflatten(1, (self.groups, -1))
        return (self._kernel @ patches).reshape(maps.shape[0], -1)

    def apply_transpose(self, maps: Tensor) -> Tensor:
        """Images under the transpose: `[n, rows]` to `[n, columns]`."""
        positions = self.output_shape[1] * self.output_shape[2]
        # `fold` adds overlapping patches up and drops what falls into the padding: the transpose of `unfold`.
        patches = self._kernel_transposed @ maps.reshape(maps.shape[0], self.groups, -1, positions)
        folded = F.fold(
            patches.flatten(1, 2), self.input_size, self._kernel_size, self.dilation, self.padding, self.stride
        )
        return folded.flatten(1)

    def matrix(self) -> Tensor:
        """The dense matrix `[rows, columns]`, from products with the unit vectors of the smaller side."""
        rows, columns = self.shape
        identity = torch.eye(min(rows, columns), dtype=self.weight.dtype, device=self.weight.device)
        product = self.apply if columns <= rows else self.apply_transpose
        images = torch.cat([product(block) for block in identity.split(MAPS_AT_ONCE)])
        return images.T if columns <= rows else images

    @property
    def _kernel_size(self) -> tuple[int, int]:
        return (self.weight.shape[2], self.weight.shape[3])

    @cached_property
    def _kernel(self) -> Tensor:
        """`[groups, out/groups, in/groups kh kw]`."""
        return self.weight.flatten(1).unflatten(0, (self.groups, -1))

    @cached_property
    def _kernel_transposed(self) -> Tensor:
        return self._kernel.transpose(1, 2).contiguous()


def convolution_operator_norm(
    weight: Tensor,
    input_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    *,
    generator: torch.Generator,
    tolerance: float = TOLERANCE,
) -> SingularValue:
    """Largest singular value of the operator of a convolution on maps of one size, computed in float64.

    Neither the norm of the kernel reshaped to `[out, in kh kw]`, which can be smaller by up to a factor sqrt(kh kw) or
    a little larger, nor that of the circular convolution, whose spectrum a Fourier transform gives: zero padding, the
    size of the map and the stride all count.

    Exact, by the eigenvalues of the smaller Gram matrix, where one side has at most 256 dimensions; else by Lanczos
    to a residual of 1e-10 relative.

    Args:
        weight: `[out, in/groups, kernel height, kernel width]`.
        input_size: height and width of the map.
        generator: of the start vector of Lanczos.
        tolerance: of Lanczos, on the residual relative to the value.

    Raises:
        ValueError: weights that are not finite, or a map smaller than the kernel.
    """
    weight = weight.detach().double()
    if not bool(torch.isfinite(weight).all()):
        raise ValueError("the kernel has weights that are not finite")
    largest = float(weight.abs().max())
    if largest == 0:
        return SingularValue(0.0, 0.0, 0, True)
    # With the largest weight at 1 no square overflows.
    operator = ConvolutionOperator(weight / largest, input_size, stride, padding, dilation, groups)
    if min(operator.output_shape) < 1:
        raise ValueError(f"a map of {input_size[0]}x{input_size[1]} is smaller than the kernel")
    rows, columns = operator.shape
    if min(rows, columns) <= DENSE_SIZE:
        matrix = operator.matrix()
        gram = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
        value = float(torch.linalg.eigvalsh(gram)[-1].clamp(min=0).sqrt())
        return SingularValue(value * largest, 0.0, 0, True)
    found = largest_singular_value(
        lambda x: operator.apply(x[None])[0],
        lambda y: operator.apply_transpose(y[None])[0],
        operator.shape,
        generator=generator,
        dtype=torch.float64,
        device=weight.device,
        tolerance=tolerance,
    )
    return SingularValue(found.value * largest, found.residual * largest, found.iterations, found.converged)
