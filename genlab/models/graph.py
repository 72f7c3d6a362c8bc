"""The operations of a net with branches in the order of its forward pass, those between its modules included."""

import copy

import torch
from torch import Tensor, fx, nn

from genlab.models.traversal import probe


class UntraceableNetError(ValueError):
    """A net whose operations cannot be written down; the message says why."""


class _ToTheLeaves(fx.Tracer):
    """Takes modules without children as they are, whoever wrote them, and looks into all others."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return not any(m.children())


class _OfImages(nn.Module):
    """A net as a function of images alone, whatever else its forward method may be given."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        return self.net(images)


def traced(model: nn.Module, input_shape: tuple[int, ...]) -> fx.GraphModule:
    """The net in evaluation mode as a graph of its operations, modules without children being one each.

    Checked by a forward pass, which must give the net's own outputs.

    Args:
        model: not changed.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        UntraceableNetError: what it does cannot be written down without values, as where it depends on them, or
            the graph gives other outputs.
    """
    copied = _OfImages(copy.deepcopy(model)).eval()
    try:
        found = fx.GraphModule(copied, _ToTheLeaves().trace(copied))
        images = probe(copied, input_shape, 2)
        with torch.no_grad():
            same = torch.allclose(found(images.clone()), copied(images.clone()))
    except Exception as error:  # whatever a forward method does with what is no tensor
        raise UntraceableNetError(f"its operations cannot be followed ({type(error).__name__})") from None
    if not same:
        raise UntraceableNetError("its operations, one by one, give other outputs than the net")
    return found
