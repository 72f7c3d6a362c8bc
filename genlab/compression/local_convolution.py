"""A convolution whose kernel differs from place to place."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Images whose patches are in memory at once.
SLICE = 16


class LocalConvolution(nn.Module):
    """As a convolution or a linear layer, but with a kernel of its own at each place of the output.

    Attributes:
        kernels: `[places, out, in x kernel height x kernel width]`, places row by row.
        bias: `[out]`, or None.
    """

    bias: Tensor | None

    def __init__(self, layer: nn.Linear | nn.Conv2d, kernels: Tensor, bias: Tensor | None, size: tuple[int, int]):
        """A layer in the place of `layer`, of which the geometry is taken and no weights.

        Args:
            size: height and width of the output; 1 and 1 for a linear layer.
        """
        super().__init__()
        self._size, self._geometry = size, _geometry(layer)
        self.kernels = nn.Parameter(kernels)
        self.register_parameter("bias", None if bias is None else nn.Parameter(bias))

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs `[n, out, height, width]` of images, or `[n, out]` of vectors."""
        return torch.cat([self._few(part) for part in inputs.split(SLICE)])

    def _few(self, inputs: Tensor) -> Tensor:
        if self._geometry is None:
            outputs = inputs @ self.kernels[0].T
            return outputs if self.bias is None else outputs + self.bias
        geometry = self._geometry
        padded = F.pad(inputs, geometry["padding"], mode=geometry["mode"])
        patches = F.unfold(padded, geometry["kernel_size"], dilation=geometry["dilation"], stride=geometry["stride"])
        outputs = torch.bmm(patches.permute(2, 0, 1), self.kernels.transpose(1, 2)).permute(1, 2, 0)
        if self.bias is not None:
            outputs = outputs + self.bias.unsqueeze(1)
        return outputs.reshape(len(inputs), -1, *self._size)

    def correlation_of_places(self, weight: Tensor) -> float | None:
        r"""How far the errors of two places go together: mean over pairs a != b of <E_a, E_b> / mean of |E_a|_F^2.

        E_a is the kernel at place a less the kernel that was there. 0 for independent errors, 1 where all places have
        the same one; below 0 by chance, to -1/(places - 1). None for one place, or where nothing has changed.

        Args:
            weight: the kernel that was there, of any shape.
        """
        places = len(self.kernels)
        matrix = weight.detach().to(self.kernels).reshape(self.kernels.shape[1:])
        total, squares = torch.zeros_like(matrix, dtype=torch.float64), 0.0
        for kernel in self.kernels.detach():
            error = (kernel - matrix).double()
            total += error
            squares += float(error.square().sum())
        if places == 1 or squares == 0:
            return None
        return (float(total.square().sum()) - squares) / (places - 1) / squares


def _geometry(layer: nn.Linear | nn.Conv2d) -> dict[str, Any] | None:
    """What the forward pass needs of a convolution; None for a linear layer."""
    if isinstance(layer, nn.Linear):
        return None
    sides: list[int] = []
    for axis in (1, 0):
        if layer.padding == "same":
            total = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
            sides += [total // 2, total - total // 2]
        else:
            sides += [0, 0] if layer.padding == "valid" else [int(layer.padding[axis])] * 2
    return {
        "padding": sides,
        "mode": "constant" if layer.padding_mode == "zeros" else layer.padding_mode,
        "kernel_size": layer.kernel_size,
        "dilation": layer.dilation,
        "stride": layer.stride,
    }
