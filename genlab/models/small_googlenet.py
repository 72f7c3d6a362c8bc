"""GoogLeNet for small images."""

from torch import nn

from genlab.models.branches import Concatenation
from genlab.models.dropout import Chain, Dropout

FIRST = 192
# Channels of the inception modules (Szegedy et al. 2015, table 1), in three groups: of the 1x1 convolution; of the 1x1
# before the 3x3, and of that; of the 1x1 before the 5x5, and of that; of the 1x1 behind the pool.
MODULES: tuple[tuple[tuple[int, int, int, int, int, int], ...], ...] = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)


def small_googlenet(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    width_multiplier: float = 1.0,
    batch_norm: bool = True,
    dropout: float = 0.0,
) -> Chain:
    """GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842) for 32x32 images: the nine inception modules of its table 1
    behind one 3x3 convolution of 192 channels, in place of the layers that make an eighth of a 224x224 image.

    An inception module has four branches side by side: a 1x1 convolution; a 1x1 and a 3x3; a 1x1 and a 5x5; a 3x3 max
    pool of stride 1 and a 1x1. A 3x3 max pool of stride 2 after the second and seventh module, the mean over the last
    map, which is a quarter of the image, and a linear layer; ReLU after each convolution.

    The text of Arora et al. 2018 on their paper has noise in a GoogLeNet on CIFAR-10 and does not say which: the one
    convolution in front is what public nets of that name for CIFAR-10 have, and so is batch norm. Without the auxiliary
    classifiers.

    Args:
        input_shape: `[channels, height, width]`, of any size.
        width_multiplier: factor on the channels of every convolution, rounded, at least 1.
        batch_norm: after every convolution, which then has no bias.
        dropout: before the output layer; 0.4 in the paper on ImageNet.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """

    def convolution(fan_in: int, channels: int, size: int) -> list[nn.Module]:
        layer = nn.Conv2d(fan_in, channels, size, padding=size // 2, bias=not batch_norm)
        return [layer, *([nn.BatchNorm2d(channels)] if batch_norm else []), nn.ReLU()]

    def scaled(channels: int) -> int:
        return max(1, round(channels * width_multiplier))

    channels, height, width = input_shape
    fan_in = scaled(FIRST)
    layers: list[nn.Module] = convolution(channels, fan_in, 3)
    for number, group in enumerate(MODULES):
        if number:
            layers.append(nn.MaxPool2d(3, 2, padding=1))
            height, width = (height + 1) // 2, (width + 1) // 2
        for module in group:
            single, reduced_3, third, reduced_5, fifth, pooled = map(scaled, module)
            layers.append(
                Concatenation(
                    Chain(*convolution(fan_in, single, 1)),
                    Chain(*convolution(fan_in, reduced_3, 1), *convolution(reduced_3, third, 3)),
                    Chain(*convolution(fan_in, reduced_5, 1), *convolution(reduced_5, fifth, 5)),
                    Chain(nn.MaxPool2d(3, 1, padding=1), *convolution(fan_in, pooled, 1)),
                )
            )
            fan_in = single + third + fifth + pooled
    layers += [nn.AvgPool2d((height, width)), nn.Flatten()]
    if dropout > 0:
        layers.append(Dropout(dropout))
    return Chain(*layers, nn.Linear(fan_in, classes))
