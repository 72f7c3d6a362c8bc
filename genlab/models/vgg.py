"""VGG nets for 32x32 images: the family of Simonyan and Zisserman, and Neyshabur's modified one."""

from collections.abc import Sequence

from torch import nn

from genlab.models.dropout import Chain, Dropout

# Convolutions in each of the five stacks, by the depth in the net's name (which counts three linear layers).
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)


def vgg(
    input_shape: tuple[int, int, int],
    classes: int,
    depth: int,
    *,
    width_multiplier: float = 1.0,
    batch_norm: bool = True,
    classifier_widths: Sequence[int] = (),
    dropout: float = 0.0,
) -> Chain:
    """VGG (Simonyan and Zisserman 2015, table 1) for 32x32: five stacks of 3x3 convolutions, each ending in a 2x2 max
    pool, then linear layers on the one remaining position.

    Departs from the paper: the classifier 4096-4096 of ImageNet is `classifier_widths`; Arora et al. 2018 use
    (512, 512) (their layer 18 of VGG-19 has 262,144 = 512 x 512 weights), the usual CIFAR net none. A convolution that
    batch norm follows has no bias, batch norm's shift being one.

    Args:
        input_shape: `[channels, 32, 32]`.
        depth: 11, 13, 16 or 19.
        width_multiplier: factor on the channels of every layer, rounded, at least 1.
        dropout: after every hidden linear layer.

    Returns:
        A net from `[n, channels, 32, 32]` to logits `[n, classes]`, weights not yet initialised.
    """
    layers: list[nn.Module] = []
    fan_in = input_shape[0]
    for convolutions, channels in zip(CONVOLUTIONS[depth], CHANNELS, strict=True):
        fan_out = max(1, round(channels * width_multiplier))
        for number in range(convolutions):
            pool = nn.MaxPool2d(2) if number == convolutions - 1 else None
            layers += convolution(fan_in, fan_out, batch_norm, pool)
            fan_in = fan_out
    layers.append(nn.Flatten())
    for width in classifier_widths:
        layers += [nn.Linear(fan_in, width), nn.ReLU()]
        if dropout > 0:
            layers.append(Dropout(dropout))
        fan_in = width
    layers.append(nn.Linear(fan_in, classes))
    return Chain(*layers)


def neyshabur_vgg(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    width_multiplier: float = 1.0,
    batch_norm: bool = True,
    dropout: float = 0.0,
) -> Chain:
    """The modified VGG of Neyshabur et al. 2017 (arXiv:1706.08947) for 32x32.

    Four stacks of two 3x3 convolutions of 64, 128, 256 and 512 channels, batch norm before each ReLU; a 2x2 max pool
    after each of the first three stacks and a 4x4 average pool after the last, dropout after every pool; a linear
    layer of 512 units with batch norm, ReLU and dropout; the output layer.

    The paper as published names neither optimiser nor dropout nor layers of its "modified VGG": the layout is that of
    the authors' later public code, which has dropout 0.5 after every pool and leaves batch norm out of the convolutions
    (`batch_norm=False` here leaves it out everywhere).

    Args:
        input_shape: `[channels, 32, 32]`.
        width_multiplier: factor on channels and hidden units, rounded, at least 1.
        dropout: probability.

    Returns:
        A net from `[n, channels, 32, 32]` to logits `[n, classes]`, weights not yet initialised.
    """
    layers: list[nn.Module] = []
    fan_in = input_shape[0]
    for stack, channels in enumerate((64, 128, 256, 512)):
        fan_out = max(1, round(channels * width_multiplier))
        for number in range(2):
            pool = nn.MaxPool2d(2) if number == 1 and stack < 3 else None
            layers += convolution(fan_in, fan_out, batch_norm, pool)
            fan_in = fan_out
        if stack == 3:
            layers.append(nn.AvgPool2d(4))
        if dropout > 0:
            layers.append(Dropout(dropout))
    hidden = max(1, round(512 * width_multiplier))
    layers += [nn.Flatten(), nn.Linear(fan_in, hidden, bias=not batch_norm)]
    if batch_norm:
        layers.append(nn.BatchNorm1d(hidden))
    layers.append(nn.ReLU())
    if dropout > 0:
        layers.append(Dropout(dropout))
    layers.append(nn.Linear(hidden, classes))
    return Chain(*layers)


def convolution(fan_in: int, fan_out: int, batch_norm: bool, pool: nn.MaxPool2d | None = None) -> list[nn.Module]:
    """A 3x3 convolution with padding 1, batch norm if asked for (then without bias), ReLU, and a max pool if given.

    The pool stands before the ReLU: the largest of rectified values is the rectified largest value, to the bit and with
    the same gradients, and a ReLU on a quarter of the values saves 3 to 7 % of a training step on a CPU.
    """
    layers: list[nn.Module] = [nn.Conv2d(fan_in, fan_out, 3, padding=1, bias=not batch_norm)]
    if batch_norm:
        layers.append(nn.BatchNorm2d(fan_out))
    return [*layers, *([pool] if pool else []), nn.ReLU()]
