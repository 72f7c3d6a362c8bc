"""The AlexNet for 32x32 images that Arora et al. 2018 seem to have measured."""

from torch import nn

from genlab.models.dropout import Chain, Dropout

# Channels, kernel, stride and padding of each convolution, and whether a pool of 2x2 follows.
CONVOLUTIONS = (
    *((64, 11, 4, 5, True), (192, 5, 1, 2, True)),
    *((384, 3, 1, 1, False), (256, 3, 1, 1, False), (256, 3, 1, 1, True)),
)


def alexnet(
    input_shape: tuple[int, int, int], classes: int, *, width_multiplier: float = 1.0, dropout: float = 0.0
) -> Chain:
    """AlexNet (Krizhevsky et al. 2012) in the usual form for CIFAR-10: five convolutions and one linear layer, without
    batch norm or response normalisation; 2,472,266 parameters on 32x32x3 images of 10 classes.

    Convolutions of 11x11 with stride 4, of 5x5 and three of 3x3, with 64, 192, 384, 256 and 256 channels, a 2x2 max
    pool after the first, second and fifth, ReLU; the output layer on what is left of the map, one cell of 32x32.

    Arora et al. 2018 (arXiv:1802.05296) say AlexNet and no more. Their figures A.6 and A.7 have six layers, the last
    one without ReLU, and their 77.22 % of the test images are what a public training script states for this net: so it
    is a choice, well founded, and not the paper's word.

    Args:
        input_shape: `[channels, height, width]`, 29x29 or more.
        width_multiplier: factor on the channels of every convolution, rounded, at least 1.
        dropout: before the output layer; the usual form has none.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """
    fan_in, height, width = input_shape
    layers: list[nn.Module] = []
    for channels, kernel, stride, padding, pooled in CONVOLUTIONS:
        fan_out = max(1, round(channels * width_multiplier))
        layers.append(nn.Conv2d(fan_in, fan_out, kernel, stride, padding))
        # The pool before the ReLU: see `vgg.convolution`.
        layers += [*([nn.MaxPool2d(2)] if pooled else []), nn.ReLU()]
        height, width = ((size - 1) // stride + 1 for size in (height, width))
        height, width = (size // 2 if pooled else size for size in (height, width))
        fan_in = fan_out
    layers.append(nn.Flatten())
    if dropout > 0:
        layers.append(Dropout(dropout))
    return Chain(*layers, nn.Linear(fan_in * height * width, classes))
