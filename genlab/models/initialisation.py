"""Initial weights of any net, drawn from a generator in forward order of registration."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Scheme = Literal["he_normal", "xavier_uniform", "torch"]


@torch.no_grad()
def initialise(model: nn.Module, scheme: Scheme, scale: float, *, generator: torch.Generator) -> None:
    """Draw the weights of every linear and convolutional layer anew, in place; batch norm becomes the identity.

    he_normal: N(0, 2/fan_in), biases 0 (He et al. 2015). xavier_uniform: U(+-sqrt(6/(fan_in+fan_out))), biases 0
    (Glorot and Bengio 2010). torch: U(+-1/sqrt(fan_in)) for weights and biases, the default of `torch.nn.Linear`.
    For a convolution fan_in is in_channels/groups x kernel height x kernel width, fan_out the same with out_channels.

    Args:
        model: a net on the CPU, so that the draw is the same whichever device it trains on.
        scale: factor on every weight; biases are not scaled.
        generator: on the CPU.

    Raises:
        ValueError: a module of another type has parameters of its own.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            weight = module.weight
            fan_in = weight[0].numel()
            fan_out = weight.shape[0] * weight[0, 0].numel()
            if scheme == "he_normal":
                weight.normal_(0, math.sqrt(2 / fan_in), generator=generator)
            else:
                bound = math.sqrt(6 / (fan_in + fan_out)) if scheme == "xavier_uniform" else 1 / math.sqrt(fan_in)
                weight.uniform_(-bound, bound, generator=generator)
            weight.mul_(scale)
            if module.bias is not None:
                _initialise_bias(module.bias, scheme, fan_in, generator)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()
        elif any(True for _ in module.parameters(recurse=False)):
            raise ValueError(f"no rule for the initial parameters of {type(module).__name__}")


def _initialise_bias(bias: Tensor, scheme: Scheme, fan_in: int, generator: torch.Generator) -> None:
    if scheme == "torch":
        bias.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=generator)
    else:
        bias.zero_()
