"""The 8x8 handwritten digits that come with scikit-learn (Alpaydin and Kaynak 1998): real images, no download."""

import functools
import hashlib

import torch

from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_TRAIN_SIZE
from genlab.data.images import ImageSource, LabelledImages
from genlab.data.subsets import class_quotas
from genlab.errors import DataMissingError

# The split belongs to the data set and not to a run: it changes neither with the seed nor with a library's version.
SPLIT_KEY = "genlab digits split 1"


@functools.cache
def load_digits() -> ImageSource:
    """The 1,797 digits, 8x8 grey, split into 1,347 for training and 450 for the test, each class in proportion.

    A value v of 0..16 becomes the pixel floor((255 v + 8) / 16), which is 255 v / 16 rounded, half up.
    The test images of a class are those whose index has the smallest SHA-256 together with `SPLIT_KEY`.
    They are read once a process, which takes longer than all else of a small run that is not trained: nobody may change
    them in place.

    Raises:
        DataMissingError: scikit-learn's copy is not the one known.
    """
    from sklearn import datasets

    bunch = datasets.load_digits()
    values = torch.from_numpy(bunch.images).to(torch.int64)
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    if tuple(values.shape) != (1797, 8, 8) or not 0 <= int(values.min()) <= int(values.max()) <= 16:
        raise DataMissingError("scikit-learn's bundled digits are not 1797 images of 8x8: reinstall scikit-learn")
    images = ((values * 255 + 8) // 16).to(torch.uint8).unsqueeze(3)
    in_test = _test_mask(labels)
    return ImageSource(
        train=LabelledImages(images[~in_test], labels[~in_test]),
        test=LabelledImages(images[in_test], labels[in_test]),
        class_names=tuple(str(digit) for digit in range(KNOWN_CLASSES["digits"])),
    )


def _test_mask(labels: torch.Tensor) -> torch.Tensor:
    """Which images are test images, bool `[n]`."""
    by_hash = sorted(range(len(labels)), key=lambda index: hashlib.sha256(f"{SPLIT_KEY} {index}".encode()).digest())
    mask = torch.zeros(len(labels), dtype=torch.bool)
    left = class_quotas(torch.bincount(labels).tolist(), len(labels) - KNOWN_TRAIN_SIZE["digits"])
    for index in by_hash:
        label = int(labels[index])
        if left[label] > 0:
            mask[index] = True
            left[label] -= 1
    return mask
