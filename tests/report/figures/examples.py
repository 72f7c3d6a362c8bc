"""A panel of a kind, a line of it, and what it should show, by loops."""

import numpy as np

from genlab.report.drawing.draw import draw
from tests.report.examples import AXES, CORRUPTION, SIZE, SIZES, figure, results


def panel(tables, kind, **fields):
    return draw(figure(kind, **fields), tables.__getitem__, AXES).axes[0]


def line(axes, label):
    return next(found for found in axes.lines if found.get_label() == label)


def by_hand(column, corruption):
    """Means, lowest and highest over the seeds by size, by loops."""
    found = []
    for size in SIZES:
        values = [
            row[column]
            for row in results().to_dict("records")
            if row[SIZE] == size and row[CORRUPTION] == corruption and not np.isnan(row[column])
        ]
        found.append((sum(values) / len(values), min(values), max(values)))
    return np.array(found).T
