"""The small AlexNet of Zhang et al. 2017."""

from torch import nn

from genlab.models.dropout import Chain, Dropout
from genlab.models.response_norm import ResponseNorm


def small_alexnet(
    input_shape: tuple[int, int, int], classes: int, *, width_multiplier: float = 1.0, dropout: float = 0.0
) -> Chain:
    """The small AlexNet of Zhang et al. 2017 (arXiv:1611.03530, appendix A): 1,387,786 parameters on 28x28x3 images of
    10 classes.

    Twice a 5x5 convolution of 64 channels, ReLU, a 3x3 max pool of stride 2 and local response normalisation; linear
    layers of 384 and 192 units with ReLU; the output layer. The paper says neither channels nor strides: these are the
    ones that its number of parameters leaves, those of TensorFlow's tutorial net for CIFAR-10, whose response
    normalisation is x / (1 + 0.001/9 s)^0.75 with s the sum of squares over the channel and four on each side.

    Departs from TensorFlow's "SAME" in the pools, as `small_inception` does. Takes images of any size.

    Args:
        input_shape: `[channels, height, width]`.
        width_multiplier: factor on channels and hidden units, rounded, at least 1.
        dropout: after each hidden linear layer; the paper has none.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """
    fan_in, height, width = input_shape
    channels, *units = (max(1, round(number * width_multiplier)) for number in (64, 384, 192))
    layers: list[nn.Module] = []
    for _ in range(2):
        # The pool before the ReLU: see `vgg.convolution`. As in torch, alpha is divided by the size of the window.
        layers += [nn.Conv2d(fan_in, channels, 5, padding=2), nn.MaxPool2d(3, 2, padding=1), nn.ReLU()]
        layers.append(ResponseNorm(9, alpha=0.001, beta=0.75, k=1.0))
        fan_in, height, width = channels, (height + 1) // 2, (width + 1) // 2
    layers.append(nn.Flatten())
    fan_in = channels * height * width
    for hidden in units:
        layers += [nn.Linear(fan_in, hidden), nn.ReLU(), *([Dropout(dropout)] if dropout > 0 else [])]
        fan_in = hidden
    return Chain(*layers, nn.Linear(fan_in, classes))
