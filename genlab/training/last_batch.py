"""What a small last batch of each epoch does to batch norm, told before training."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from genlab.data.batches import batch_bounds

# Of a batch: with 4 images of 64 a VGG took several times as many epochs to the same loss in evaluation mode.
SMALL = 1 / 4


def small_last_batch(model: nn.Module, count: int, batch_size: int) -> str | None:
    """A line that says so where a net with batch norm sees a last batch of under a quarter of the others; else None.

    Training ends each epoch with that batch, and batch norm takes a fixed part of its running statistics (0.1 by
    default) from it however few its images are, so that the net that is evaluated is another one than was trained.

    Args:
        model: the net.
        count: training images.
        batch_size: images a batch.
    """
    start, stop = batch_bounds(count, batch_size)[-1]
    if stop - start >= SMALL * batch_size or not any(isinstance(module, _BatchNorm) for module in model.modules()):
        return None
    remedy = f"a train_size that {batch_size} divides avoids it" if batch_size <= count else "a smaller batch avoids it"
    return (
        f"the last batch of each epoch has {stop - start} images where others have {batch_size}, and batch norm takes "
        f"its running statistics from it as from a whole one; {remedy}"
    )
