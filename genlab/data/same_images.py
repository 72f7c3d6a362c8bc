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
    names, i = dataset.class_names, wrong[0]
    j = int(first[i])
    told = f"training images {j} and {i} are the same image and have the labels {names[labels[j]]} and {names[labels[i]]}"
    return told + (f" (and {len(wrong) - 1:,} more such images)" if len(wrong) > 1 else "")
