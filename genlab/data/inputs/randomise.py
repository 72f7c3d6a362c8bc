"""Which images of a data set are randomised, and how: what a section `data.inputs` does to the images of a run."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import torch

from genlab.config.schema.inputs import GaussianInputs, RandomInputs, ShuffledPixels
from genlab.data.inputs.gaussian import gaussian_images
from genlab.data.inputs.pixels import random_pixels, shuffled_pixels
from genlab.data.normalisation import channel_moments
from genlab.randomness import generator_for

Part = Literal["train", "test"]


@dataclass(frozen=True)
class Randomisation:
    """What is done to the images of a run, as the net would see them before augmentation.

    A draw depends on the seed and on the image's index in the full training or test set: runs that differ in train_size
    share it. Test images are randomised likewise, by draws of their own, but for the one permutation of all.

    Attributes:
        settings: of the section.
        seed: the run's.
        mean, std: of each channel of the full training set in grey levels, float64 `[channels]`; of all channels
            together where the settings say so. None unless they are needed.
    """

    settings: RandomInputs
    seed: int
    mean: torch.Tensor | None = None
    std: torch.Tensor | None = None

    def __call__(self, images: torch.Tensor, part: Part, count: int, rows: torch.Tensor | None = None) -> torch.Tensor:
        """The images of a part of the data set, those randomised that are to be.

        Args:
            images: uint8 `[n, height, width, channels]`, on the CPU.
            count: images of the full part.
            rows: their places in it, int64 `[n]`; None for all of them.

        Returns:
            A tensor of that shape, uint8 where pixels are moved; float32, still in grey levels, with Gaussian noise.
        """
        if part == "test" and not self.settings.test:
            return images
        rows = torch.arange(count) if rows is None else rows
        chosen = self.chosen(part, count)[rows]
        if isinstance(self.settings, GaussianInputs):
            images = images.float()  # a copy, since images are bytes
        elif not bool(chosen.all()):
            images = images.clone()
        if bool(chosen.all()):
            return self._changed(images, rows, part)
        images[chosen] = self._changed(images[chosen], rows[chosen], part)
        return images

    def chosen(self, part: Part, count: int) -> torch.Tensor:
        """Which images of a full part are randomised, bool `[count]`: the first `share` of them in a random order."""
        order = torch.randperm(count, generator=generator_for(self.seed, "inputs", "share", part))
        chosen = torch.zeros(count, dtype=torch.bool)
        chosen[order[: round(self.settings.share * count)]] = True
        return chosen

    def _changed(self, images: torch.Tensor, rows: torch.Tensor, part: Part) -> torch.Tensor:
        settings = self.settings
        if isinstance(settings, ShuffledPixels):
            return shuffled_pixels(images, settings.channels, seed=self.seed)
        if isinstance(settings, GaussianInputs):
            assert self.mean is not None
            assert self.std is not None
            height, width, channels = images.shape[1:]
            return gaussian_images((height, width, channels), rows, self.mean, self.std, seed=self.seed, part=part)
        return random_pixels(images, rows, settings.channels, seed=self.seed, part=part)


def randomisation_of(
    settings: RandomInputs | None, train_images: torch.Tensor, seed: int | None
) -> Randomisation | None:
    """The randomisation that a section asks for; None where it asks for none.

    "Matching mean and variance to the original image dataset" is read as one mean and one variance over all pixels and
    channels of the full training set, in the form in which normalisation takes its statistics; `statistics: channel`
    takes those of each channel.

    Args:
        settings: of the section where it randomises any image.
        train_images: the full training set, uint8 `[n, height, width, channels]`, before padding and cropping.
        seed: the run's.
    """
    if settings is None:
        return None
    assert seed is not None, "the schema says that the seed decides these images"
    if not isinstance(settings, GaussianInputs):
        return Randomisation(settings, seed)
    moments = channel_moments(train_images)
    means = [mean for mean, _ in moments]
    squares = [variance + mean * mean for mean, variance in moments]
    if settings.statistics == "overall":
        means = [sum(means, Fraction()) / len(means)] * len(means)
        squares = [sum(squares, Fraction()) / len(squares)] * len(squares)
    deviations = [float(square - mean * mean) ** 0.5 for mean, square in zip(means, squares, strict=True)]
    return Randomisation(
        settings,
        seed,
        torch.tensor([float(mean) for mean in means], dtype=torch.float64),
        torch.tensor(deviations, dtype=torch.float64),
    )
