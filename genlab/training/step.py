"""One gradient step."""

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.training.net import Net


def training_step(
    net: Net,
    optimiser: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    *,
    generator: torch.Generator | None,
    bfloat16: bool = False,
) -> Tensor:
    """Forward, mean cross-entropy, backward, update. Nothing here waits for the device.

    Args:
        images: `[b, c, h, w]`.
        labels: `[b]`.
        generator: for dropout, on the device of the images.
        bfloat16: forward pass under autocast; the loss and the weights stay float32.

    Returns:
        The loss before the update, a detached scalar tensor on the device.
    """
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        logits = net.forward(net.parameters, images, generator)
    loss = F.cross_entropy(logits.float(), labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.detach()
