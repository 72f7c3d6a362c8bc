"""The images and labels of a DataLoader as two tensors, which lie in a file where memory is too small for them."""

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, RandomSampler, SubsetRandomSampler, WeightedRandomSampler

from genlab.errors import ConfigError
from genlab.hardware.memory import available_memory_bytes

# Samplers that give another order each time.
SHUFFLING = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)
# The part of the free memory that images may take; nets and their outputs need the rest.
MEMORY_SHARE = 0.25


def loader_images(loader: DataLoader[Any], *, limit: int | None = None) -> tuple[Tensor, Tensor]:
    """All images `[n, channels, height, width]` and labels `[n]` of a DataLoader, in its order.

    Args:
        loader: of batches (images, labels), the same in each pass.
        limit: bytes of images that are kept in memory; beyond it they are written batch by batch to a temporary file
            (in TMPDIR), of which the system keeps in memory what it has room for. A quarter of what is free by default.

    Raises:
        ConfigError: it shuffles or drops a last batch, its first batch is another in the next pass (random
            augmentation; of the others nothing is known), or its batches are no images and labels.
    """
    if isinstance(loader.sampler, SHUFFLING) or isinstance(getattr(loader.batch_sampler, "sampler", None), SHUFFLING):
        raise ConfigError.at(
            "images", "a DataLoader that shuffles has no order to compare by; give it shuffle=False and no sampler"
        )
    if loader.drop_last:
        raise ConfigError.at("images", "a DataLoader with drop_last leaves images out; give it drop_last=False")
    if limit is None:
        limit = int(MEMORY_SHARE * available_memory_bytes(torch.device("cpu")))
    first = next(_batches(loader), None)
    if first is None:
        raise ConfigError.at("images", "the DataLoader has no batch")
    parts: list[Tensor] = []
    classes: list[Tensor] = []
    shape, kind = first[0].shape[1:], first[0].dtype
    spilled: Any = None
    count = 0
    for images, labels in _batches(loader):
        if not classes and not (torch.equal(images, first[0]) and torch.equal(labels, first[1])):
            raise ConfigError.at(
                "images", "the DataLoader gives other images in each pass; leave out random augmentation and shuffling"
            )
        if images.shape[1:] != shape or images.dtype != kind:
            found = f"{list(images.shape[1:])} {images.dtype} after {list(shape)} {kind}"
            raise ConfigError.at("images", f"the images of a DataLoader must be alike; there is {found}")
        classes.append(labels)
        count += len(images)
        if spilled is None:
            parts.append(images)
            if count * images[0].nbytes > limit:
                spilled = tempfile.TemporaryFile(prefix="genlab-images-")  # noqa: SIM115 - lives as long as its map
                for part in parts:
                    spilled.write(part.contiguous().numpy().tobytes())
                parts.clear()
        else:
            spilled.write(images.contiguous().numpy().tobytes())
    if spilled is None:
        return torch.cat(parts), torch.cat(classes)
    spilled.flush()
    mapped = np.memmap(spilled, dtype=first[0].numpy().dtype, mode="r+", shape=(count, *shape))
    return torch.from_numpy(mapped), torch.cat(classes)


def _batches(loader: DataLoader[Any]) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches on the CPU.

    Raises:
        ConfigError: a batch is something else than images and labels.
    """
    for batch in loader:
        if not isinstance(batch, list | tuple) or len(batch) < 2 or not all(isinstance(b, Tensor) for b in batch[:2]):
            raise ConfigError.at("images", "a DataLoader must give batches (images, labels), both tensors")
        yield batch[0].detach().cpu(), batch[1].detach().cpu()
