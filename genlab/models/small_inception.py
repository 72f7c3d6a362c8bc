"""The small Inception of Zhang et al. 2017."""

from torch import nn

from genlab.models.branches import Concatenation
from genlab.models.dropout import Chain, Dropout
from genlab.models.shift_norm import ShiftNorm

# Inception modules by the channels of their 1x1 and 3x3 convolutions, downsample modules by those of their one.
MODULES: tuple[tuple[int, ...], ...] = (
    *((32, 32), (32, 48), (80,)),
    *((112, 48), (96, 64), (80, 80), (48, 96), (96,)),
    *((176, 160), (176, 160)),
)
FIRST = 96


def small_inception(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    width_multiplier: float = 1.0,
    batch_norm: bool = True,
    dropout: float = 0.0,
) -> Chain:
    """The small Inception of Zhang et al. 2017 (arXiv:1611.03530, Figure 3): 1,649,402 parameters on 28x28x3 images of
    10 classes, with and without batch norm.

    A 3x3 convolution of 96 channels; Inception modules, a 1x1 and a 3x3 convolution side by side; downsample modules, a
    3x3 convolution of stride 2 beside a 3x3 max pool of stride 2; the mean over the last map; a linear layer. After
    each convolution batch norm and ReLU. Takes images of any size: the last map is a quarter of it, 7x7 of 28x28.

    Batch norm has a shift and no scale, and the convolution before it no bias (`ShiftNorm`): the paper's one number of
    parameters for both nets leaves this or batch norm without parameters after a bias, which would then do nothing.

    Departs from TensorFlow's "SAME" where a stride of 2 meets an even size: it pads there at the right and bottom
    alone, here as everywhere one cell on each side, so that windows lie one pixel further up and left.

    Args:
        input_shape: `[channels, height, width]`.
        width_multiplier: factor on the channels of every convolution, rounded, at least 1.
        dropout: before the linear layer; the paper has none.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """

    def convolution(fan_in: int, channels: int, size: int, stride: int = 1) -> list[nn.Module]:
        layer = nn.Conv2d(fan_in, channels, size, stride, padding=size // 2, bias=not batch_norm)
        return [layer, *([ShiftNorm(channels)] if batch_norm else []), nn.ReLU()]

    channels, height, width = input_shape
    first = max(1, round(FIRST * width_multiplier))
    layers, fan_in = convolution(channels, first, 3), first
    for module in MODULES:
        widths = [max(1, round(number * width_multiplier)) for number in module]
        if len(widths) == 2:
            branches = [Chain(*convolution(fan_in, widths[0], 1)), Chain(*convolution(fan_in, widths[1], 3))]
            layers.append(Concatenation(*branches))
            fan_in = sum(widths)
        else:
            layers.append(Concatenation(Chain(*convolution(fan_in, widths[0], 3, 2)), nn.MaxPool2d(3, 2, padding=1)))
            fan_in += widths[0]
            height, width = (height + 1) // 2, (width + 1) // 2
    layers += [nn.AvgPool2d((height, width)), nn.Flatten()]
    if dropout > 0:
        layers.append(Dropout(dropout))
    return Chain(*layers, nn.Linear(fan_in, classes))
