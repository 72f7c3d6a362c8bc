"""Labelled images as one uint8 tensor each, and the geometry that fits them to a net."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from genlab.errors import ConfigError

# Images are resized in chunks whose float copy stays about this large.
RESIZE_CHUNK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class LabelledImages:
    """Images uint8 `[n, height, width, channels]` and labels int64 `[n]`."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class ImageSource:
    """A data set as its files have it: before geometry, corruption and subset.

    `fingerprint` is a hash of the content where the name alone does not say what is in it (image_folder), else None.
    """

    train: LabelledImages
    test: LabelledImages
    class_names: tuple[str, ...]
    fingerprint: str | None = None


def apply_geometry(images: torch.Tensor, resize: int | None, pad: int, crop: int | None) -> torch.Tensor:
    """Resize, then pad with black, then keep the central square.

    Args:
        images: uint8 `[n, height, width, channels]`.
        resize: new height and width; None keeps them.
        pad: black pixels added on each of the four sides.
        crop: height and width of the central square that is kept; None keeps all. See `centre_crop`.

    Returns:
        uint8 `[n, height', width', channels]`.

    Raises:
        ConfigError: `crop` is larger than the resized and padded image.
    """
    if resize is not None:
        images = resized(images, resize)
    if pad > 0:
        images = F.pad(images, (0, 0, pad, pad, pad, pad))
    if crop is None:
        return images
    height, width = images.shape[1:3]
    if crop > min(height, width):
        raise ConfigError.at("data.crop", f"{crop} is larger than the images, which are {height}x{width} by then")
    return centre_crop(images, (crop, crop)).contiguous()


def resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """Images brought to `size` x `size` by bilinear interpolation, antialiased where they shrink.

    Rounded back to uint8 (half to even). The aspect ratio is not kept. Images of that size already are returned as
    they are.

    Args:
        images: uint8 `[n, height, width, channels]`.
    """
    count, height, width, channels = images.shape
    if (height, width) == (size, size):
        return images
    result = torch.empty(count, size, size, channels, dtype=torch.uint8, device=images.device)
    chunk = max(1, RESIZE_CHUNK_BYTES // (4 * channels * max(height * width, size * size)))
    for start in range(0, count, chunk):
        floats = images[start : start + chunk].permute(0, 3, 1, 2).float()
        floats = F.interpolate(floats, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
        result[start : start + chunk] = floats.round_().clamp_(0, 255).permute(0, 2, 3, 1)
    return result


def centre_crop(images: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A view of the central window of `size` (height, width); where it cannot be central, half a pixel up and left.

    Args:
        images: `[n, height, width, channels]`, at least as large as `size`.
    """
    top = (images.shape[1] - size[0]) // 2
    left = (images.shape[2] - size[1]) // 2
    return images[:, top : top + size[0], left : left + size[1]]
