"""GoogLeNet."""

from genlab.models.dropout import Chain
from genlab.models.torchvision_net import with_our_head


def googlenet(
    input_shape: tuple[int, int, int], classes: int, *, width_multiplier: float = 1.0, dropout: float = 0.0
) -> Chain:
    """GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842) as torchvision has it, made for images of 224x224.

    With batch norm, and 3x3 convolutions in place of the 5x5 ones of the paper. Without the auxiliary classifiers, so
    that training, like evaluation, is of the main output alone.

    Args:
        input_shape: `[channels, height, width]`.
        width_multiplier: factor on the channels of every convolution, a multiple of 1/8.
        dropout: before the output layer; 0.2 in torchvision.

    Returns:
        A net from `[n, channels, height, width]` to logits `[n, classes]`, weights not yet initialised.
    """
    from torchvision.models.googlenet import GoogLeNet

    net = GoogLeNet(num_classes=classes, aux_logits=False, transform_input=False, init_weights=False)
    return with_our_head(net, input_shape, classes, width_multiplier=width_multiplier, dropout=dropout)
