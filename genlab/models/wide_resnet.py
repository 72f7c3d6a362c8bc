"""Wide residual nets."""

from torch import nn

from genlab.models.branches import Sum
from genlab.models.dropout import Chain, Dropout


def wide_resnet(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    depth: int = 28,
    widen_factor: int = 1,
    width_multiplier: float = 1.0,
    dropout: float = 0.0,
) -> Chain:
    """Wide residual net (Zagoruyko and Komodakis 2016, arXiv:1605.07146). WRN-28-1, 369,498 parameters on CIFAR-10, is
    the net of the public demonstration by an author of Zhang et al. 2017.

    A 3x3 convolution of 16 channels; three groups of (depth - 4) / 6 blocks of 16, 32 and 64 times `widen_factor`
    channels, the second and third beginning with stride 2; batch norm, ReLU, the mean over the map, a linear layer. A
    block adds to its input batch norm, ReLU, 3x3 convolution, batch norm, ReLU, dropout, 3x3 convolution. Where shapes
    change, the first batch norm and ReLU come before both ways, and the other one is a 1x1 convolution. No convolution
    has a bias. Takes images of any size: the last map is a quarter of it, 8x8 of 32x32.

    Its batch norm acts on sums, so it cannot be made part of the weights before it: norms of its weights have none.

    Args:
        input_shape: `[channels, height, width]`.
        depth: 6 k + 4: convolutions on the longest way, and the linear layer.
        widen_factor: factor on the channels of the blocks.
        width_multiplier: factor on the channels of every layer, the first included, rounded, at least 1.
        dropout: between the convolutions of each block.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.

    Raises:
        ValueError: no such depth.
    """
    if depth < 10 or depth % 6 != 4:
        raise ValueError(f"a wide residual net has a depth of 10, 16, 22, 28 ..., not {depth}")
    channels, height, width = input_shape
    fan_in, *widths = (
        max(1, round(number * width_multiplier)) for number in (16, *(widen_factor * n for n in (16, 32, 64)))
    )
    layers: list[nn.Module] = [_convolution(channels, fan_in, 3, 1)]
    for group, fan_out in enumerate(widths):
        for number in range((depth - 4) // 6):
            layers.append(_block(fan_in, fan_out, 2 if group and not number else 1, dropout))
            fan_in = fan_out
    for _ in widths[1:]:
        height, width = (height + 1) // 2, (width + 1) // 2
    layers += [nn.BatchNorm2d(fan_in), nn.ReLU(), nn.AvgPool2d((height, width)), nn.Flatten()]
    return Chain(*layers, nn.Linear(fan_in, classes))


def _block(fan_in: int, fan_out: int, stride: int, dropout: float) -> nn.Module:
    before: list[nn.Module] = [nn.BatchNorm2d(fan_in), nn.ReLU()]
    after = [
        *[_convolution(fan_in, fan_out, 3, stride), nn.BatchNorm2d(fan_out), nn.ReLU()],
        *([Dropout(dropout)] if dropout > 0 else []),
        _convolution(fan_out, fan_out, 3, 1),
    ]
    if fan_in == fan_out and stride == 1:
        return Sum(nn.Identity(), Chain(*before, *after))
    return Chain(*before, Sum(_convolution(fan_in, fan_out, 1, stride), Chain(*after)))


def _convolution(fan_in: int, fan_out: int, size: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(fan_in, fan_out, size, stride, padding=size // 2, bias=False)
