"""`labels.csv`: how many images of each true class have each label, where some label is not the true one."""

from collections.abc import Sequence

import torch

from genlab.rundir.columns import LABEL_COLUMNS
from genlab.rundir.layout import RunDirectory
from genlab.rundir.tables import write_table


def record_label_counts(
    run: RunDirectory, labels: torch.Tensor, true_labels: torch.Tensor, class_names: Sequence[str]
) -> None:
    """Write the realised transition matrix, a row for each pair of classes that has an image.

    Nothing is written where all labels are true.

    Args:
        labels: as trained on, int64 `[n]`, those of a confusion set included.
        true_labels: int64 `[n]`.
        class_names: in the order of the labels.
    """
    if torch.equal(labels, true_labels):
        return
    classes = len(class_names)
    counts = torch.bincount(true_labels * classes + labels, minlength=classes**2).view(classes, classes)
    totals = counts.sum(1).tolist()
    rows = [
        {
            "true_class": true,
            "true_name": class_names[true],
            "label": label,
            "label_name": class_names[label],
            "images": images,
            "part": images / totals[true],
        }
        for true, row in enumerate(counts.tolist())
        for label, images in enumerate(row)
        if images
    ]
    write_table(run.labels, LABEL_COLUMNS, rows)
