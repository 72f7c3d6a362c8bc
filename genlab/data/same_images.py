"""Training images that are the same image."""

import torch

from genlab.data.dataset import Dataset
from genlab.data.images import centre_crop


def first_of_same(dataset: Dataset) -> torch.Tensor:
    """For each training image the position of the first that is the same in every pixel that the net sees, `[n]`."""
    seen: dict[bytes, int] = {}
    window = centre_crop(dataset.train_images, dataset.input_size).cpu().flatten(1).contiguous().numpy()
    return torch.tensor([seen.setdefault(pixels.tobytes(), i) for i, pixels in enumerate(window)])


def contradiction(dataset: Dataset) -> str:
    """The first two training images that are the same and have two labels, in words; empty where there are none."""
    first = first_of_same(dataset)
    labels = dataset.train_labels.cpu()
    wrong = (labels != labels[first]).nonzero().flatten().tolist()
    if not wrong:
        return ""
    pair = int(first[wrong[0]]), wrong[0]
    of_first, of_second = (dataset.class_names[labels[i]] for i in pair)
    told = f"training images {pair[0]} and {pair[1]} are the same image and have the labels {of_first} and {of_second}"
    return told + (f" (and {len(wrong) - 1:,} more such images)" if len(wrong) > 1 else "")
