"""Inception v3."""

from genlab.models.dropout import Chain
from genlab.models.torchvision_net import with_our_head


def inception_v3(
    input_shape: tuple[int, int, int], classes: int, *, width_multiplier: float = 1.0, dropout: float = 0.0
) -> Chain:
    """Inception v3 (Szegedy et al. 2016, arXiv:1512.00567) as torchvision has it, for images of 75x75 or more.

    Zhang et al. 2017 train it on ImageNet, with images of 299x299. Without the auxiliary classifier, so that training,
    like evaluation, is of the main output alone: the paper speaks of one loss. Images are not normalised a second time
    (`transform_input=False`).

    Args:
        input_shape: `[channels, height, width]`.
        width_multiplier: factor on the channels of every convolution, a multiple of 1/16.
        dropout: before the output layer; 0.5 in torchvision.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """
    from torchvision.models.inception import Inception3

    net = Inception3(num_classes=classes, aux_logits=False, transform_input=False, init_weights=False)
    return with_our_head(net, input_shape, classes, width_multiplier=width_multiplier, dropout=dropout)
