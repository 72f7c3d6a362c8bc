"""A Gaussian kernel machine on pixels, as a net that has the training images in it."""

import torch
from torch import Tensor, nn

# Training images that a batch is compared with at a time.
AT_ONCE = 4096


def gaussian_kernel_machine(
    input_shape: tuple[int, int, int], classes: int, images: Tensor, *, gamma: float, generator: torch.Generator
) -> "GaussianKernel":
    """The machine of some training images with all coefficients 0; see `GaussianKernel`.

    Args:
        input_shape: of one image, which `images` have.
        generator: not used, since nothing is drawn.
    """
    return GaussianKernel(images, classes, gamma)


class GaussianKernel(nn.Module):
    """f(x) = sum_i K(x, x_i) alpha_i with K(x, x') = exp(-gamma |x - x'|^2) on pixels as the net sees them.

    What Zhang et al. 2017 (arXiv:1611.03530), Section 5, call the Gaussian kernel on pixels. gamma is not in the paper;
    the demonstration of its authors has 0.02 for MNIST scaled to [0, 1].

    The images are a buffer that is no part of the state: a file of weights holds the coefficients alone, and whoever
    reads one has the training images of the run.

    Args:
        images: the training images x_i, `[n, channels, height, width]`.
        classes: outputs.
        gamma: > 0.
    """

    def __init__(self, images: Tensor, classes: int, gamma: float):
        super().__init__()
        self.gamma = gamma
        self.images: Tensor
        self.register_buffer("images", images.flatten(1).contiguous(), persistent=False)
        self.coefficients = nn.Parameter(torch.zeros(len(images), classes, dtype=images.dtype, device=images.device))

    def forward(self, x: Tensor) -> Tensor:
        """`[m, channels, height, width]` to `[m, classes]`."""
        rows = x.flatten(1)
        outputs = torch.zeros(len(rows), self.coefficients.shape[1], dtype=rows.dtype, device=rows.device)
        for start in range(0, len(self.images), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            outputs += gaussian_kernel(rows, self.images[part], self.gamma) @ self.coefficients[part]
        return outputs

    def extra_repr(self) -> str:
        """For print(model)."""
        return f"images={len(self.images)}, gamma={self.gamma}"


def gaussian_kernel(rows: Tensor, columns: Tensor, gamma: float) -> Tensor:
    """exp(-gamma |x - x'|^2) for every x of `rows` `[m, d]` and x' of `columns` `[n, d]`, as `[m, n]`, in their type.

    |x - x'|^2 is |x|^2 + |x'|^2 - 2 <x, x'>, clamped at 0: off by some roundings of the larger square.
    """
    squares = torch.linalg.vecdot(rows, rows)[:, None] + torch.linalg.vecdot(columns, columns)
    return torch.addmm(squares, rows, columns.T, alpha=-2).clamp_(min=0).mul_(-gamma).exp_()
