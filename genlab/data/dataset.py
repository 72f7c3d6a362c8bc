"""A data set as a run uses it: subset, labels, geometry and normalisation decided, on one device."""

from dataclasses import dataclass, replace

import torch

from genlab.data.normalisation import Normalisation


@dataclass(frozen=True)
class Dataset:
    """Training and test images of a run, with the labels to train on and the true ones.

    Attributes:
        train_images: uint8 `[n, height, width, channels]`, or float32 in grey levels where there is Gaussian noise;
            larger than the net's input where a random window of it, or what surrounds the central one, is trained on,
            and then to be centre-cropped for evaluation (`evaluation_batches` does).
        train_labels: int64 `[n]`, as trained on.
        true_labels: int64 `[n]`.
        test_images: likewise `[m, height, width, channels]`, of the net's input size.
        test_labels: int64 `[m]`, true.
        class_names: in the order of the labels.
        input_shape: (channels, height, width) of what the net sees.
        normalisation: from grey levels to the net's floats, with statistics of the full training set.
        random_crop: whether training takes a random window instead of the central one.
        flip: whether training mirrors images left to right with probability 1/2.
        rotation: by how many degrees training turns images at most, either way.
        fingerprint: hash of the content, for image_folder; else None.
        confusion: how many of the training images, the last ones, are a confusion set.
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    true_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    normalisation: Normalisation
    random_crop: bool = False
    flip: bool = False
    rotation: float = 0.0
    fingerprint: str | None = None
    confusion: int = 0

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def corrupted(self) -> torch.Tensor:
        """Which training labels differ from the true ones, or belong to the confusion set, bool `[n]`."""
        if self.confusion:
            return torch.arange(len(self.train_labels), device=self.train_labels.device) >= self._true
        return self.train_labels != self.true_labels

    @property
    def _true(self) -> int:
        return len(self.train_labels) - self.confusion

    def without_confusion(self) -> "Dataset":
        """The same without the confusion set: the images with true labels, on which the net is measured."""
        if not self.confusion:
            return self
        return replace(
            self,
            train_images=self.train_images[: self._true],
            train_labels=self.train_labels[: self._true],
            true_labels=self.true_labels[: self._true],
            confusion=0,
        )

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of what the net sees."""
        return self.input_shape[1:]

    @property
    def random_crop_range(self) -> tuple[int, int] | None:
        """How many rows and columns a random window can start at; None without random crop."""
        if not self.random_crop:
            return None
        height, width = self.input_size
        return self.train_images.shape[1] - height + 1, self.train_images.shape[2] - width + 1

    def to(self, device: torch.device | str) -> "Dataset":
        """The same data set with its tensors on `device`."""
        return replace(
            self,
            train_images=self.train_images.to(device),
            train_labels=self.train_labels.to(device),
            true_labels=self.true_labels.to(device),
            test_images=self.test_images.to(device),
            test_labels=self.test_labels.to(device),
            normalisation=self.normalisation.to(device),
        )
