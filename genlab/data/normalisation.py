"""From uint8 pixels to what the net sees: per data set, per image, or only scaled to [0, 1]; or floats as they are."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

import torch

# Values of an image up to which it is normalised whole, else row by row: a longer run of constants would take the place
# of the pixels in a processor's first cache.
WHOLE_IMAGE_VALUES = 4096


@dataclass(frozen=True)
class Normalisation:
    """A map from pixels to floats. With x = pixel / 255, where pixels are bytes, or floats in grey levels:

    * "dataset": (x - mean) / std with a mean and standard deviation for each channel, over the training set.
    * "image": (x - m) / max(s, 1/sqrt(n)) with mean m and standard deviation s of the n values of that image, all
      pixels and channels, as the net sees it (Zhang et al. 2017, arXiv:1611.03530, appendix A: "per-image whitening").
    * "none": x.
    * "identity": the values themselves, of images that are given as floats and normalised already. Always a copy.

    Standard deviations are the population's (divided by n). `mean` and `std` are float64 `[channels]` for "dataset"
    and None otherwise. An image's result does not depend on the other images of its batch, to the last bit.
    """

    kind: Literal["dataset", "image", "none", "identity"]
    mean: torch.Tensor | None = None
    std: torch.Tensor | None = None

    def __call__(self, images: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Normalised images.

        Args:
            images: uint8 `[n, height, width, channels]`, or floats in grey levels, as Gaussian noise is; whatever
                floats the net takes where the kind is "identity".
            dtype: the floating type to calculate in and to return.

        Returns:
            `[n, channels, height, width]` with channels_last strides.
        """
        values = images.to(dtype, memory_format=torch.contiguous_format, copy=True)
        if self.kind == "dataset":
            height, width, channels = images.shape[1:]
            whole = height * width * channels <= WHOLE_IMAGE_VALUES
            pixels = height * width if whole else width
            offset, factor = self._repeated(pixels, dtype)
            values.flatten(1 if whole else 2).sub_(offset).mul_(factor)
        elif self.kind == "image":
            centre, spread = _image_statistics(images)
            values.sub_(centre.to(dtype)).mul_((1 / spread).to(dtype))
        elif self.kind == "none":
            values.div_(255)
        return values.permute(0, 3, 1, 2)

    def _repeated(self, pixels: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        """The affine map for so many pixels at a time: over the channels of one alone the broadcast is half as fast."""
        if (pixels, dtype) not in self._known:
            offset, factor = self._affine
            self._known[pixels, dtype] = offset.to(dtype).repeat(pixels), factor.to(dtype).repeat(pixels)
        return self._known[pixels, dtype]

    @cached_property
    def _known(self) -> dict[tuple[int, torch.dtype], tuple[torch.Tensor, torch.Tensor]]:
        return {}

    @cached_property
    def _affine(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What is subtracted from a pixel and then multiplied, kept: a batch then costs no arithmetic on constants."""
        assert self.mean is not None
        assert self.std is not None
        return 255 * self.mean, 1 / (255 * self.std)

    def to(self, device: torch.device | str) -> "Normalisation":
        """The same map with its statistics on `device`."""
        if self.mean is None or self.std is None:
            return self
        return replace(self, mean=self.mean.to(device), std=self.std.to(device))


def normalisation_of(kind: Literal["dataset", "image", "none"], train_images: torch.Tensor) -> Normalisation:
    """The normalisation of a kind for a training set, which is to be the full one: subsets then share it.

    Args:
        train_images: uint8 `[n, height, width, channels]`, before padding and cropping.
    """
    if kind != "dataset":
        return Normalisation(kind)
    mean, std = channel_statistics(train_images)
    return Normalisation(kind, mean, std)


def channel_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and population standard deviation of each channel on the scale [0, 1]; a constant channel gets std 1.

    From histograms of the pixel values in whole numbers, so exact whatever the order of summation.

    Args:
        images: uint8 `[n, height, width, channels]`.

    Returns:
        Two float64 tensors `[channels]`.
    """
    moments = channel_moments(images)
    means = [float(mean / 255) for mean, _ in moments]
    deviations = [float(variance / 255**2) ** 0.5 if variance else 1.0 for _, variance in moments]
    return torch.tensor(means, dtype=torch.float64), torch.tensor(deviations, dtype=torch.float64)


def channel_moments(images: torch.Tensor) -> list[tuple[Fraction, Fraction]]:
    """Mean and population variance of each channel in grey levels, exact.

    Args:
        images: uint8 `[n, height, width, channels]`.
    """
    moments = []
    for channel in range(images.shape[3]):
        histogram = torch.bincount(images[..., channel].reshape(-1), minlength=256).tolist()
        count = sum(histogram)
        total = sum(value * frequency for value, frequency in enumerate(histogram))
        squares = sum(value * value * frequency for value, frequency in enumerate(histogram))
        moments.append((Fraction(total, count), Fraction(count * squares - total * total, count**2)))
    return moments


def _image_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and max(std, 1/sqrt(n)) of each image in units of pixels, float64 `[b, 1, 1, 1]`.

    Sums of whole numbers below 2^53, or of whole parts of them as noise has, are exact in float64: neither batch nor
    threads nor device change them.
    """
    pixels = images.reshape(len(images), -1).double()
    count = pixels.shape[1]
    total = pixels.sum(1)
    squares = torch.linalg.vecdot(pixels, pixels)
    variance = (count * squares - total * total).clamp_(min=0) / count**2
    spread = variance.sqrt().clamp_(min=255 / count**0.5)
    return (total / count).view(-1, 1, 1, 1), spread.view(-1, 1, 1, 1)
