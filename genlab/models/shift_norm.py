"""Batch norm with a shift and no scale."""

import torch
from torch import nn


class ShiftNorm(nn.BatchNorm2d):
    """y = (x - mean) / sqrt(var + eps) + beta: batch norm that learns a shift for each channel and no scale.

    As TF-Slim's default (`scale=False`): a ReLU and the next layer's weights follow, which can hold any scale. With a
    convolution without bias it has as many parameters as a convolution with bias and without batch norm. The scale of 1
    is a buffer, with which the library's fused kernels run; so it is folded and initialised as any batch norm is.

    Args:
        channels: of its input.
    """

    def __init__(self, channels: int):
        super().__init__(channels, affine=False)
        del self.weight, self.bias
        self.affine = True
        self.register_buffer("weight", torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
