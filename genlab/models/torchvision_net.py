"""Nets of torchvision at other widths and numbers of channels, with our dropout before the last layer."""

from torch import nn

from genlab.models.dropout import Chain, Dropout


def with_our_head(
    net: nn.Module, input_shape: tuple[int, int, int], classes: int, *, width_multiplier: float, dropout: float
) -> Chain:
    """A net of torchvision whose last parts are `dropout` and the linear layer `fc`, with other ones in their place.

    Its own dropout draws from a global generator. Its functions between layers stay as they are; each convolution and
    batch norm is replaced where its number of channels changes.

    Args:
        net: changed in place.
        input_shape: `[channels, height, width]`; the first convolution gets so many channels.
        width_multiplier: factor on the channels of every convolution.

    Raises:
        ValueError: a layer would not have a whole number of channels, so that branches would not fit together.
    """
    linear = net.get_submodule("fc")
    assert isinstance(linear, nn.Linear)
    features = _scaled(linear.in_features, width_multiplier)
    first = True
    for name, module in list(net.named_modules()):
        if isinstance(module, nn.Conv2d):
            net.set_submodule(
                name,
                nn.Conv2d(
                    input_shape[0] if first else _scaled(module.in_channels, width_multiplier),
                    _scaled(module.out_channels, width_multiplier),
                    module.kernel_size,  # type: ignore[arg-type]
                    module.stride,  # type: ignore[arg-type]
                    module.padding,  # type: ignore[arg-type]
                    bias=module.bias is not None,
                ),
            )
            first = False
        elif isinstance(module, nn.BatchNorm2d):
            net.set_submodule(name, nn.BatchNorm2d(_scaled(module.num_features, width_multiplier), module.eps))
    for name in ("dropout", "fc"):
        net.set_submodule(name, nn.Identity())
    return Chain(net, *([Dropout(dropout)] if dropout > 0 else []), nn.Linear(features, classes))


def _scaled(channels: int, multiplier: float) -> int:
    found = channels * multiplier
    if found != int(found) or found < 1:
        raise ValueError(f"{channels} channels times {multiplier:g} is no whole number")
    return int(found)
