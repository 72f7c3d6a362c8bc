"""Batches for training and evaluation: selections from one tensor of pixels, normalised on its device."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from genlab.data.dataset import Dataset
from genlab.data.images import centre_crop
from genlab.data.normalisation import Normalisation
from genlab.data.rotation import rotated_windows
from genlab.randomness import generator_for

# Without augmentation the normalised images are kept as floats where they take no more than this.
FLOAT_COPY_BYTES = 2**30
CHUNK_VALUES = 2**18


@dataclass(frozen=True)
class EpochDraws:
    """All random draws of one epoch, by position in the epoch.

    Attributes:
        order: the training image at each position, int64 `[n]`.
        rows: first row of its random window, int64 `[n]`; None without random crop.
        columns: first column of its random window, int64 `[n]`; None without random crop.
        flips: whether it is mirrored left to right, bool `[n]`; None without flips.
        angles: by how many degrees it is turned, float32 `[n]`; None without rotation.
    """

    order: torch.Tensor
    rows: torch.Tensor | None = None
    columns: torch.Tensor | None = None
    flips: torch.Tensor | None = None
    angles: torch.Tensor | None = None

    def tensors(self) -> tuple[torch.Tensor | None, ...]:
        """All of them, in the order of the arguments."""
        return self.order, self.rows, self.columns, self.flips, self.angles

    def part(self, start: int, stop: int) -> "EpochDraws":
        """The draws at positions `start` to `stop`; where tensors are `[K, n]`, of K nets, those of all one by one."""
        order, *others = (None if draw is None else draw[..., start:stop].reshape(-1) for draw in self.tensors())
        assert order is not None
        return EpochDraws(order, *others)

    def to(self, device: torch.device | str) -> "EpochDraws":
        """The same draws on `device`."""
        order, *others = (None if draw is None else draw.to(device) for draw in self.tensors())
        assert order is not None
        return EpochDraws(order, *others)


def draw_epoch(
    count: int,
    *,
    random_crop_range: tuple[int, int] | None,
    flip: bool,
    order_generator: torch.Generator,
    augmentation_generator: torch.Generator,
    rotation: float = 0.0,
) -> EpochDraws:
    """Draws the order and the augmentation of a whole epoch at once, on the CPU.

    With generators derived from the epoch's number, the step alone says where in the epoch a resumed run goes on.
    Flips are drawn first and crops after them, and angles from a stream of their own, each whatever the other settings
    are.

    Args:
        count: number of training images n.
        random_crop_range: how many rows and columns a window can start at; None without random crop.
        flip: whether images are mirrored with probability 1/2.
        order_generator: a CPU generator of the stream "batches".
        augmentation_generator: a CPU generator of the stream "augmentation".
        rotation: images are turned by an angle that is uniform between minus and plus so many degrees.
    """
    order = torch.randperm(count, generator=order_generator)
    flips = torch.rand(count, generator=augmentation_generator) < 0.5
    rows = columns = angles = None
    if random_crop_range is not None:
        rows = torch.randint(random_crop_range[0], (count,), generator=augmentation_generator)
        columns = torch.randint(random_crop_range[1], (count,), generator=augmentation_generator)
    if rotation:
        own = generator_for(augmentation_generator.initial_seed(), "augmentation", "rotation")
        angles = rotation * (2 * torch.rand(count, generator=own) - 1)
    return EpochDraws(order, rows, columns, flips if flip else None, angles)


def batch_bounds(count: int, batch_size: int) -> list[tuple[int, int]]:
    """Start and stop of each batch of an epoch of `count` images, the smaller last batch included.

    A last batch of a single image joins the one before it, since batch norm cannot normalise one image; so the last
    batch may have `batch_size` + 1 images. With a batch size of 1 all stay as they are.
    """
    bounds = [(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
    if len(bounds) > 1 and batch_size > 1 and bounds[-1][0] == count - 1:
        bounds[-2:] = [(bounds[-2][0], count)]
    return bounds


class TrainBatches:
    """Training batches of a data set, on its device.

    Without augmentation all images are normalised once where their float copy takes no more than `float_copy_bytes`;
    otherwise each batch is normalised when it is asked for. Both give the same bits.
    """

    def __init__(self, dataset: Dataset, *, float_copy_bytes: int = FLOAT_COPY_BYTES):
        self._dataset = dataset
        self._floats: torch.Tensor | None = None
        augmented = dataset.random_crop or dataset.flip or dataset.rotation
        if not augmented and 4 * dataset.train_images.numel() <= float_copy_bytes:
            self._floats = _normalised(dataset.train_images, dataset.normalisation)

    def __len__(self) -> int:
        return len(self._dataset.train_images)

    @property
    def float_copy_bytes(self) -> int:
        """Memory of the normalised images that are kept; 0 where each batch is normalised when it is asked for."""
        return 0 if self._floats is None else self._floats.numel() * self._floats.element_size()

    def draw(
        self, *, order_generator: torch.Generator, augmentation_generator: torch.Generator, count: int | None = None
    ) -> EpochDraws:
        """The draws of one epoch on the data set's device; see `draw_epoch`.

        Args:
            count: of how many images; all of the data set where it is not given.
        """
        draws = draw_epoch(
            len(self) if count is None else count,
            random_crop_range=self._dataset.random_crop_range,
            flip=self._dataset.flip,
            order_generator=order_generator,
            augmentation_generator=augmentation_generator,
            rotation=self._dataset.rotation,
        )
        return draws.to(self._dataset.train_images.device)

    def batch(self, draws: EpochDraws, start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The images and labels at positions `start` to `stop` of an epoch.

        Returns:
            Images float32 `[b, channels, height, width]` with channels_last strides, and labels int64 `[b]`.
        """
        part = draws.part(start, stop)
        return self.images(part), self._dataset.train_labels.index_select(0, part.order)

    def images(self, draws: EpochDraws) -> torch.Tensor:
        """The images that draws ask for, float32 `[b, channels, height, width]` with channels_last strides.

        Args:
            draws: of a batch, tensors `[b]`.
        """
        if self._floats is not None:
            return self._floats.index_select(0, draws.order).permute(0, 3, 1, 2)
        if draws.angles is not None:
            pixels = rotated_windows(
                self._dataset.train_images.index_select(0, draws.order),
                draws.angles,
                self._dataset.input_size,
                rows=draws.rows,
                columns=draws.columns,
                flips=draws.flips,
            )
        elif draws.rows is None and draws.flips is None:
            pixels = self._dataset.train_images.index_select(0, draws.order)
        else:
            pixels = self._windows(draws)
        return self._dataset.normalisation(pixels)

    def _windows(self, draws: EpochDraws) -> torch.Tensor:
        """Crops and mirrors in one gather of pixels from all images laid end to end, uint8 `[b, h, w, channels]`."""
        images = self._dataset.train_images
        _, stored_height, stored_width, channels = images.shape
        height, width = self._dataset.input_size
        first_row = draws.order * stored_height
        first_column = torch.zeros_like(first_row)
        if draws.rows is not None and draws.columns is not None:
            first_row = first_row + draws.rows
            first_column = draws.columns
        rows = first_row[:, None] + torch.arange(height, device=images.device)
        columns = torch.arange(width, device=images.device)
        if draws.flips is not None:
            columns = torch.where(draws.flips[:, None], columns.flip(0), columns)
        columns = columns + first_column[:, None]
        positions = rows[:, :, None] * stored_width + columns[:, None, :]
        pixels = images.view(-1, channels).index_select(0, positions.view(-1))
        return pixels.view(-1, height, width, channels)


def _normalised(images: torch.Tensor, normalisation: Normalisation, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """All images as floats `[n, height, width, channels]`, in chunks that stay in the processor's cache."""
    floats = torch.empty(images.shape, dtype=dtype, device=images.device)
    chunk = max(1, CHUNK_VALUES // images[0].numel())
    for start in range(0, len(images), chunk):
        floats[start : start + chunk] = normalisation(images[start : start + chunk], dtype).permute(0, 2, 3, 1)
    return floats


def evaluation_batches(
    images: torch.Tensor,
    labels: torch.Tensor,
    normalisation: Normalisation,
    crop_size: tuple[int, int],
    batch_size: int,
    *,
    dtype: torch.dtype = torch.float32,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Normalised images in their order and without augmentation, with labels.

    Args:
        images: uint8 `[n, height, width, channels]`.
        labels: `[n]`.
        crop_size: height and width of the central window that is kept: the net's input size.
        batch_size: images a batch; the last may be smaller.
        dtype: the floating type to calculate in and to yield.

    Yields:
        Images `[b, channels, height, width]` of `dtype` with channels_last strides, and labels `[b]`.
    """
    for start in range(0, len(images), batch_size):
        window = centre_crop(images[start : start + batch_size], crop_size)
        yield normalisation(window, dtype), labels[start : start + batch_size]


def all_training_images(dataset: Dataset, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The training images as the net sees them, without augmentation, `[n, channels, height, width]`."""
    window = centre_crop(dataset.train_images, dataset.input_size)
    return _normalised(window, dataset.normalisation, dtype).permute(0, 3, 1, 2)
